import { Hono } from 'hono';
import type { EffectId } from '#core/ids';
import { Problem } from '#core/problem';
import { nameOf } from '#http/sessions';
import { EFFECT_STATES, findEffect, listEffects, type EffectRow, type Page } from '#store/view';
import { Badge, EFFECT_WORDS } from './badge.tsx';
import { at, back, formOf, sessionIn, tenantIn, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { EffectPage } from './effect.tsx';
import { counted } from './counted.ts';
import { objectOf } from './data.tsx';
import { show } from './layout.tsx';
import { askOf, Empty, Exports, Filter, jsonPage, NoneSoFar, oneOf, Pager, Tabs, wantsJson } from './list.tsx';
import { correctionsOf } from './correction.ts';
import { namesOf } from './story.tsx';
import { When } from './when.tsx';
import { sayEffect, type Names } from './wording.ts';

/** Dead letters on top of the list; the rest of them are one click away. */
const DEAD_SHOWN = 20;
const NONE: Page<EffectRow> = { rows: [], next: null };

export function outboxPages(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/outbox', async (c) => {
    const { db } = c.var.options;
    const tenant = tenantIn(c).id;
    const filter = { state: oneOf(EFFECT_STATES, c.req.query('state')), text: c.req.query('q') };
    if (wantsJson(c)) return jsonPage(c, await listEffects(db, tenant, filter, askOf(c)));
    const whole = !filter.state && !filter.text;
    const first = whole && !c.req.query('after');
    const dead = first ? await listEffects(db, tenant, { state: 'parked' }, { limit: DEAD_SHOWN }) : NONE;
    const page = await listEffects(db, tenant, { ...filter, not: whole ? 'parked' : undefined }, askOf(c));
    return show(c, { title: 'Outbox', current: 'outbox' }, <Outbox c={c} dead={dead} page={page} filtered={!whole} names={await namesOf(c)} />);
  });
  app.get('/outbox/:effect', async (c) => {
    const found = await effectOf(c);
    if (wantsJson(c)) return c.json({ ...found.effect, receipts: found.receipts });
    return show(c, { title: 'Effect', current: 'outbox' }, <EffectPage c={c} effect={found.effect} receipts={found.receipts} names={await namesOf(c)} />);
  });
  app.post('/outbox/:effect/replay', async (c) => {
    const { effect } = await effectOf(c);
    const set = effect.kind === 'record.write' ? correctionsOf(objectOf(effect.data).set, await formOf(c)) : {};
    const corrected = Object.keys(set).length > 0 ? set : undefined;
    await c.var.options.desk.replayEffect(effect.tenant, effect.id, nameOf(sessionIn(c)), corrected);
    return back(c, at(c, `/outbox/${effect.id}`), 'replayed');
  });
  app.post('/outbox/:effect/discard', async (c) => {
    const { effect } = await effectOf(c);
    await c.var.options.desk.discardEffect(effect.tenant, effect.id, nameOf(sessionIn(c)));
    return back(c, at(c, `/outbox/${effect.id}`), 'discarded');
  });
  return app;
}

async function effectOf(c: ConsoleContext) {
  const found = await findEffect(c.var.options.db, tenantIn(c).id, c.req.param('effect') as EffectId);
  if (!found) throw new Problem('request.not-found');
  return found;
}

interface OutboxProps {
  c: ConsoleContext;
  dead: Page<EffectRow>;
  page: Page<EffectRow>;
  filtered: boolean;
  names: Names;
}

function Outbox({ c, dead, page, filtered, names }: OutboxProps) {
  const outbox = c.var.waiting?.outbox;
  return (
    <>
      <h1>Outbox</h1>
      <p class="soft">What we shall do, are doing or have done to the connected accounts.</p>
      <Filter c={c} hint="Record, envelope or correlation id" />
      <Tabs
        c={c}
        name="state"
        options={[
          { value: '', label: 'All' },
          { value: 'parked', label: 'Dead letters', count: outbox?.parked },
          { value: 'held', label: 'Held', count: outbox?.held },
          { value: 'ready', label: 'Waiting', count: outbox?.ready },
          { value: 'done', label: 'Done' },
          { value: 'cancelled', label: 'Cancelled' },
        ]}
      />
      {outbox && outbox.held > 0 ? (
        <p class="note warn">
          {counted(outbox.held, 'effect')} on hold: an account needs a person to connect it again (<a href={at(c, '/installs')}>Installs</a>), or sending is stopped (
          <a href={at(c, '/held')}>Held</a>). What is on hold goes on by itself after that.
        </p>
      ) : null}
      {dead.rows.length > 0 ? (
        <section>
          <h2>Dead letters</h2>
          <EffectTable c={c} rows={dead.rows} names={names} />
          {dead.next ? <a href={at(c, '/outbox?state=parked')}>All dead letters</a> : null}
          <h2>Everything else</h2>
        </section>
      ) : null}
      {page.rows.length > 0 ? (
        <>
          <EffectTable c={c} rows={page.rows} names={names} />
          <Pager c={c} next={page.next} />
          <Exports c={c} />
        </>
      ) : page.next ? (
        <NoneSoFar c={c} next={page.next} />
      ) : (
        <NoEffects c={c} filtered={filtered} />
      )}
    </>
  );
}

function NoEffects({ c, filtered }: { c: ConsoleContext; filtered: boolean }) {
  if (!filtered) return <Empty title="Nothing to do yet">Effects appear here once a deal moves or an envelope changes. Nothing is sent before that.</Empty>;
  return (
    <Empty title="Nothing here">
      No effect is in that state or has that id. <a href={at(c, '/outbox')}>Show all effects</a>
    </Empty>
  );
}

function EffectTable({ c, rows, names }: { c: ConsoleContext; rows: EffectRow[]; names: Names }) {
  const now = c.var.options.clock.now();
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">State</th>
          <th scope="col">Decided</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const say = objectOf(row.error).say;
          return (
            <tr>
              <td data-label="What" class="main">
                <a href={at(c, `/outbox/${row.id}`)}>{sayEffect(row, names)}</a>
                {typeof say === 'string' && row.state !== 'done' ? <p class={row.state === 'parked' ? 'bad small' : 'soft small'}>{say}</p> : <p class="soft small">{row.why}</p>}
              </td>
              <td data-label="State">
                <Badge words={EFFECT_WORDS[row.state]} />
              </td>
              <td data-label="Decided">
                <When at={row.created_at} now={now} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
