import { Hono } from 'hono';
import { sayHold } from '#core/brakes';
import type { HeldSendId, HoldId } from '#core/ids';
import { Problem } from '#core/problem';
import type { RuleState } from '#flow/desk/rules';
import { nameOf } from '#http/sessions';
import { findHold, HELD_STATES, listHeld, listHolds, type HoldView, type Page } from '#store/view';
import { at, back, sessionIn, tenantIn, vendorName, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { counted } from './counted.ts';
import { Confirm, HoldPage } from './hold.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Exports, jsonPage, oneOf, Pager, wantsJson } from './list.tsx';
import { ResumeForm, StopForm } from './stops.tsx';
import { When } from './when.tsx';

const CURRENT = { current: 'held' };

export function heldPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/held', async (c) => {
    const page = await listHolds(c.var.options.db, tenantIn(c).id, askOf(c));
    if (wantsJson(c)) return jsonPage(c, page);
    const rules = await c.var.options.desk.brakes.rules(tenantIn(c).id);
    return show(c, { title: 'Held', ...CURRENT }, <Held c={c} page={page} rules={rules} />);
  });
  app.get('/held/:hold', async (c) => {
    const hold = await holdOf(c);
    const page = await listHeld(c.var.options.db, hold.tenant, hold.id, oneOf(HELD_STATES, c.req.query('state')), askOf(c));
    if (wantsJson(c)) return jsonPage(c, page);
    return show(c, { title: 'Held', ...CURRENT }, <HoldPage c={c} hold={hold} page={page} />);
  });
  for (const verb of ['release', 'discard'] as const) {
    // A click too early would reach as many people as the edit did.
    app.get(`/held/:hold/${verb}`, async (c) =>
      show(c, { title: verb === 'release' ? 'Release what is held' : 'Discard what is held', ...CURRENT }, <Confirm c={c} hold={await holdOf(c)} verb={verb} />),
    );
    app.post(`/held/:hold/${verb}`, async (c) => {
      const { tenant, id } = await holdOf(c);
      await c.var.options.desk.brakes[verb](tenant, id, await chosenOf(c), nameOf(sessionIn(c)));
      return back(c, at(c, `/held/${id}`), verb === 'release' ? 'hold-released' : 'hold-discarded');
    });
  }
  return app;
}

async function holdOf(c: ConsoleContext): Promise<HoldView> {
  const hold = await findHold(c.var.options.db, tenantIn(c).id, c.req.param('hold') as HoldId);
  if (!hold) throw new Problem('request.not-found');
  return hold;
}

/** All of a hold only where the button says so: a form that lost its boxes on the way must not send to everybody. */
async function chosenOf(c: ConsoleContext): Promise<HeldSendId[] | null> {
  const form = await c.req.parseBody({ all: true });
  if (form['which'] === 'all') return null;
  return [form['send'] ?? []].flat().filter((value) => typeof value === 'string') as HeldSendId[];
}

function Held({ c, page, rules }: { c: ConsoleContext; page: Page<HoldView>; rules: RuleState[] }) {
  return (
    <>
      <h1>Held</h1>
      <p class="lead">Sends that wait for a person, and the switches that stop sending.</p>
      {page.rows.length === 0 ? (
        <Empty title="Nothing is held">When more deals enter a stage at once than its rule may send to by itself, they wait here for a review, and nothing is sent.</Empty>
      ) : (
        <Holds c={c} holds={page.rows} />
      )}
      <Pager c={c} next={page.next} />
      <section>
        <h2>Stop sending</h2>
        <p class="soft">Acts at once: envelopes, reminders and journey messages wait until it is resumed. Voids, withdrawals of consent and write-backs go on.</p>
        {c.var.brakes?.stops.some(({ rule }) => rule === null) ? (
          <ResumeForm action={at(c, '/stops/resume')} label="Resume all sending" />
        ) : (
          <StopForm action={at(c, '/stops')} label="Stop all sending" />
        )}
      </section>
      {rules.length > 0 ? <Rules c={c} rules={rules} /> : null}
      {page.rows.length > 0 ? <Exports c={c} /> : null}
    </>
  );
}

export const sentenceOf = ({ rule, cause, waiting, sent, first_at: firstAt, last_at: lastAt }: HoldView): string => sayHold({ rule, cause, waiting, sent, firstAt, lastAt });

function Holds({ c, holds }: { c: ConsoleContext; holds: HoldView[] }) {
  const now = c.var.options.clock.now();
  return (
    <ul class="rows">
      {holds.map((hold) => (
        <li>
          <a href={at(c, `/held/${hold.id}`)}>{hold.closed_at === null ? sentenceOf(hold) : `Rule "${hold.rule}"`}</a>
          <span class={`badge ${hold.closed_at === null ? 'warn' : 'plain'}`}>{hold.closed_at === null ? counted(hold.waiting, 'waits', 'wait') : 'decided'}</span>
          <span class="soft end">
            since <When at={hold.opened_at} now={now} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Rules({ c, rules }: { c: ConsoleContext; rules: RuleState[] }) {
  return (
    <section>
      <h2>Rules</h2>
      {rules.map(({ crm, vendor, rule, title, ceiling, firstRun, stopped }) => (
        <article class="sheet" id={`rule-${rule}`}>
          <div class="heading">
            <h3>{title}</h3>
            {stopped ? <span class="badge bad">Stopped</span> : firstRun === null ? null : <span class="badge wait">First run</span>}
          </div>
          <p class="soft">
            <code>{rule}</code> in {vendorName(c.var.options, vendor)} · sends at most {ceiling.sends} by itself within {counted(Math.round(ceiling.withinMs / 60_000), 'minute')}
            {firstRun === null ? '' : `, and ${ceiling.firstRun} on its first run, of which it has sent ${firstRun}`}
          </p>
          {stopped ? (
            <ResumeForm action={at(c, '/stops/resume')} what={{ crm, rule }} label="Resume this rule" />
          ) : (
            <StopForm action={at(c, '/stops')} what={{ crm, rule }} label="Stop this rule" />
          )}
        </article>
      ))}
    </section>
  );
}
