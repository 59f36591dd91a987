import { Hono } from 'hono';
import { sha256 } from '#lib/hmac';
import { ENVELOPE_STATUSES, isClosed, type EnvelopeStatus } from '#core/envelope';
import type { AlarmsTable } from '#store/schema';
import { asServer } from '#store/scope';
import { countEnvelopes, listAlarms, listEnvelopes, listInstalls, type EnvelopeRow, type InstallView, type Waiting } from '#store/view';
import { Alarms } from './alarms.tsx';
import { Badge, ENVELOPE_WORDS } from './badge.tsx';
import { at, isOperator, tenantIn, vendorName, type ConsoleContext, type ConsoleEnv } from './context.ts';
import { counted } from './counted.ts';
import { EnvelopeTable } from './envelopes.tsx';
import { firstSteps, FirstSteps, type Step } from './first-steps.tsx';
import { InstallState } from './install-card.tsx';
import { show, showPart } from './layout.tsx';
import { countedTo, Empty } from './list.tsx';
import { Live } from './live.tsx';
import { StopForm } from './stops.tsx';
import { When } from './when.tsx';

const NEWEST = 5;

interface Overview {
  installs: InstallView[];
  alarms: AlarmsTable[];
  counts: Partial<Record<EnvelopeStatus, number>>;
  waiting: Waiting;
  newest: EnvelopeRow[];
  steps: Step[];
}

export function overviewPage(): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.get('/', async (c) => {
    const overview = await readOverview(c);
    const version = sha256(JSON.stringify(overview)).slice(0, 12);
    if (c.req.query('part') === 'live') return c.req.query('seen') === version ? c.body(null, 204) : showPart(c, <LiveOverview c={c} overview={overview} version={version} />);
    return show(
      c,
      { title: tenantIn(c).name, current: 'overview' },
      <>
        <h1>{tenantIn(c).name}</h1>
        <LiveOverview c={c} overview={overview} version={version} />
      </>,
    );
  });
  return app;
}

async function readOverview(c: ConsoleContext): Promise<Overview> {
  const { db } = c.var.options;
  const tenant = tenantIn(c).id;
  const installs = await listInstalls(db, tenant);
  const counts = await countEnvelopes(db, tenant);
  const { rows: newest } = await listEnvelopes(db, tenant, {}, { limit: NEWEST });
  return {
    installs,
    counts,
    newest,
    alarms: await (isOperator(c) ? asServer(() => listAlarms(db, tenant, true)) : listAlarms(db, tenant, false)),
    waiting: c.var.waiting ?? { inbox: { ready: 0, dead: 0 }, outbox: { ready: 0, leased: 0, held: 0, parked: 0 } },
    steps: await firstSteps(c, { installs, counts, newest }),
  };
}

/** Something may change by itself: work waits, an envelope is out, or the first steps are still being taken. */
function isMoving({ counts, waiting, steps }: Overview): boolean {
  const open = ENVELOPE_STATUSES.some((status) => !isClosed(status) && counts[status]);
  return open || waiting.inbox.ready + waiting.outbox.ready + waiting.outbox.leased > 0 || steps.some((step) => !step.done);
}

function LiveOverview({ c, overview, version }: { c: ConsoleContext; overview: Overview; version: string }) {
  const { installs, alarms, newest, steps } = overview;
  return (
    <Live c={c} version={version} moving={isMoving(overview)}>
      <Reconnects c={c} installs={installs} />
      {/* Stops have a banner of their own, on every page. */}
      <Alarms c={c} alarms={alarms.filter(({ code }) => code !== 'sending-stopped')} />
      {steps.some((step) => !step.done) ? <FirstSteps steps={steps} /> : null}
      <Counts c={c} overview={overview} />
      <section>
        <div class="heading">
          <h2>Newest envelopes</h2>
          <a href={at(c, '/envelopes')}>All envelopes</a>
        </div>
        {newest.length > 0 ? (
          <EnvelopeTable c={c} rows={newest} />
        ) : (
          <Empty title="No envelope yet">The first one appears here as soon as a deal reaches a stage that the mapping sends from.</Empty>
        )}
      </section>
      {c.var.brakes?.stops.some(({ rule }) => rule === null) ? null : (
        <details class="sheet">
          <summary>
            <h2>Stop sending</h2>
          </summary>
          <p class="soft">
            Acts at once, for every rule. Single rules are stopped on the page <a href={at(c, '/held')}>Held</a>.
          </p>
          <StopForm action={at(c, '/stops')} label="Stop all sending" />
        </details>
      )}
      <section>
        <div class="heading">
          <h2>Connected accounts</h2>
          <a href={at(c, '/installs')}>Manage</a>
        </div>
        <Accounts c={c} installs={installs} />
      </section>
    </Live>
  );
}

/** An account that lost its permission stops work, so it comes first. */
function Reconnects({ c, installs }: { c: ConsoleContext; installs: InstallView[] }) {
  return (
    <>
      {installs
        .filter((install) => install.state === 'reauthorize')
        .map((install) => (
          <div class="note bad" role="alert">
            <p>
              <strong>
                {vendorName(c.var.options, install.vendor)} ({install.name}) must be connected again.
              </strong>{' '}
              {install.reason}
            </p>
            <p>
              <a class="button" href={`/install/${encodeURIComponent(install.vendor)}?tenant=${tenantIn(c).id}`}>
                Reconnect
              </a>
            </p>
          </div>
        ))}
    </>
  );
}

function Counts({ c, overview: { counts, waiting } }: { c: ConsoleContext; overview: Overview }) {
  const present = ENVELOPE_STATUSES.filter((status) => counts[status]);
  return (
    <section class="tiles" aria-label="What there is and what waits">
      <div class="tile wide">
        <h2>
          <a href={at(c, '/envelopes')}>Envelopes</a>
        </h2>
        {present.length === 0 ? <p class="soft">None yet.</p> : null}
        <ul class="counts">
          {present.map((status) => (
            <li>
              <a href={at(c, `/envelopes?status=${status}`)}>
                <b>{countedTo(counts[status] ?? 0)}</b>
                <Badge words={ENVELOPE_WORDS[status]} />
              </a>
            </li>
          ))}
        </ul>
      </div>
      <Tile
        title="Inbox"
        href={at(c, '/inbox')}
        rows={[
          ['waiting', waiting.inbox.ready, ''],
          ['dead letters', waiting.inbox.dead, 'bad'],
        ]}
      />
      <Tile
        title="Outbox"
        href={at(c, '/outbox')}
        rows={[
          ['waiting', waiting.outbox.ready + waiting.outbox.leased, ''],
          ['held', waiting.outbox.held, 'warn'],
          ['dead letters', waiting.outbox.parked, 'bad'],
        ]}
      />
    </section>
  );
}

function Tile({ title, href, rows }: { title: string; href: string; rows: [string, number, string][] }) {
  return (
    <div class="tile">
      <h2>
        <a href={href}>{title}</a>
      </h2>
      <ul class="figures">
        {rows.map(([name, count, tone]) => (
          <li class={count > 0 ? tone : 'soft'}>
            <b>{count}</b> {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** When the account was last compared with what we know, over all its cursors. */
function Reconciled({ install, now }: { install: InstallView; now: number }) {
  const times = install.cursors.flatMap((cursor) => cursor.last_ok_at ?? []);
  const gaps = install.cursors.reduce((sum, cursor) => sum + cursor.gaps, 0);
  if (times.length === 0) return <>not reconciled yet</>;
  return (
    <>
      reconciled <When at={Math.max(...times)} now={now} />
      {gaps > 0 ? `, ${counted(gaps, 'gap')} found` : ''}
    </>
  );
}

function Accounts({ c, installs }: { c: ConsoleContext; installs: InstallView[] }) {
  const { options } = c.var;
  const now = options.clock.now();
  if (installs.length === 0) return <Empty title="Nothing is connected">Connect a CRM on the Installs page.</Empty>;
  return (
    <ul class="rows">
      {installs.map((install) => (
        <li>
          <a href={at(c, `/installs#${install.id}`)}>{vendorName(options, install.vendor)}</a> <span>{install.name}</span>
          <InstallState install={install} />
          <span class="soft end">
            <Reconciled install={install} now={now} />
          </span>
        </li>
      ))}
    </ul>
  );
}
