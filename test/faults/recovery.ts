import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PRIORITY, type Effect } from '#core/effect';
import { person } from '#connectors/hubspot/sandbox/account';
import { chunk } from '#lib/group';
import { openDatabase, type Db } from '#store/database';
import { putNotices } from '#store/inbox';
import { putEffects } from '#store/outbox';
import type { Fact } from '#core/fact';
import { freshRemote } from '../bench/events.ts';
import { atMost, median, shown } from '../bench/figures.ts';
import { databaseFaults, factFaults, leftOver, type Faults } from './books.ts';
import type { Fault } from './fault.ts';
import { onStage, type Engine, type Stage } from './stage.ts';

const A_TRANSACTION = 1_000;
/** So several writes to one deal merge. */
const WRITES_A_DEAL = 5;
/** HubSpot takes so many deals in a call. */
const DEALS_A_CALL = 100;
const LATEST_CALL = 20;
/** Beside what nothing at all takes, for what HubSpot's limits let through and the line settles. */
const PATIENCE_MS_EACH = 6;
const MOST_KILLS = 3;
/** So many effects go through before the next kill can be set. */
const EFFECTS_A_KILL = 25_000;
const READY_MS = 1_000;
const RESUMED_MS = 2_000;
/** On PostgreSQL what a killed process had in hand waits for its lease. */
const LEASE_MS = 90_000;
const ASK_MS = 5;
const BATCH_UPDATE = /deals\/batch\/update/;
const someone = person({ userId: 1, firstName: 'Sam', lastName: 'Rivera' });

/** A process is killed with SIGKILL, several times, while `rounds` effects and as many notices wait: HubSpot has done a call of its, and it never hears so. How long until the next one is ready, goes on, and is done. */
export const recovery: Fault = ({ rounds: count, engine, say }) => {
  const calls = createCalls();
  return onStage({ engine, environment: { LOG_LEVEL: 'fatal' }, front: { through: calls.through } }, async (stage) => {
    await stage.processes[0]?.kill();
    const deals = createDeals(stage, Math.ceil(count / WRITES_A_DEAL));
    const remotes = await fill(stage, deals, count);
    say(`${count} effects and ${count} notices wait`);

    const call = Math.max(2, Math.min(LATEST_CALL, Math.floor(deals.length / DEALS_A_CALL / 4)));
    const kills = Math.max(1, Math.min(MOST_KILLS, Math.floor(count / EFFECTS_A_KILL)));
    let struck = calls.strikeAt(call);
    const calm = await start(stage, calls, null);
    const starts: Start[] = [];
    let before = none;
    while (starts.length < kills) {
      await struck;
      await stage.processes[0]?.kill();
      before = await lookBeside(stage, engine, progress);
      say(`killed with ${before.leased} effects in hand, ${before.effects} done and ${before.facts} facts`);
      starts.push(await start(stage, calls, before.facts));
      struck = calls.strikeAt(call);
    }
    const begun = performance.now();
    await stage.until('everything to be done', async () => !(await stage.look(isAnythingLeft)), PATIENCE_MS_EACH * count + 240_000);
    const allMs = performance.now() - begun;
    await stage.processes[0]?.kill();
    const typical = (what: keyof Start) => median(starts.map((one) => one[what]));
    return {
      faults: [
        ...valueFaults(stage, deals, count),
        ...(await stage.look((db) => factFaults(db, remotes))),
        ...(await stage.look(asideFaults)),
        ...(await stage.look(databaseFaults)),
      ],
      figures: [
        shown('effects that waited, and as many notices', count, ''),
        shown('effects in hand at the last kill', before.leased, ''),
        shown('a start where nothing had been killed, to the first 200 of /readyz', calm.readyMs, 'ms'),
        atMost(`the same after a kill, median of ${kills}`, typical('readyMs'), 'ms', READY_MS),
        atMost('from the start to the first call of the CRM', typical('effectMs'), 'ms', engine === 'sqlite' ? RESUMED_MS : LEASE_MS),
        atMost('from the start to the next fact', typical('noticeMs'), 'ms', RESUMED_MS),
        shown('from the last start until nothing waits', allMs / 1000, 's'),
      ],
    };
  });
};

/** What a start took, milliseconds: to the first 200, the first call of the CRM, and the next fact. */
interface Start {
  readyMs: number;
  effectMs: number;
  noticeMs: number;
}

async function start(stage: Stage, calls: Calls, facts: number | null): Promise<Start> {
  const begun = performance.now();
  const next = facts === null ? Promise.resolve() : calls.next();
  const { address } = stage.start(0);
  await answers(address);
  const readyMs = performance.now() - begun;
  await next;
  const effect = performance.now();
  if (facts !== null) await stage.until('the next fact', async () => (await stage.look(progress)).facts > facts);
  return { readyMs, effectMs: effect - begun, noticeMs: performance.now() - begun };
}

interface Calls {
  through: (request: Request, land: () => Promise<Response>) => Promise<Response>;
  /** Resolves when the call of that number has been done; it is never answered. */
  strikeAt(number: number): Promise<void>;
  /** Resolves at the next call. */
  next(): Promise<void>;
}

/** Watches the writes to deals as they come in. */
function createCalls(): Calls {
  let left = 0;
  let reached = (): void => undefined;
  return {
    async through(request, land) {
      if (!BATCH_UPDATE.test(request.url) || left === 0) return land();
      left -= 1;
      if (left > 0) return land();
      const answer = await land();
      reached();
      return answer;
    },
    strikeAt(number) {
      left = number;
      return new Promise((resolve) => (reached = resolve));
    },
    next() {
      return this.strikeAt(1);
    },
  };
}

/** Resolves when a process that is starting answers `/readyz` with 200. */
async function answers(address: string): Promise<void> {
  for (;;) {
    const status = await fetch(`${address}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

/** Looks into a copy: opening what a killed process left does the recovery that is the product's. */
async function lookBeside<T>(stage: Stage, engine: Engine, work: (db: Db) => Promise<T>): Promise<T> {
  if (engine === 'postgres') return stage.look(work);
  const copy = join(stage.folder, 'copy.db');
  for (const part of ['', '-wal']) if (existsSync(stage.database + part)) copyFileSync(stage.database + part, copy + part);
  const db = openDatabase(copy);
  try {
    return await work(db);
  } finally {
    await db.destroy();
    for (const part of ['', '-wal', '-shm']) rmSync(copy + part, { force: true });
  }
}

async function progress(db: Db): Promise<{ leased: number; effects: number; facts: number }> {
  const states = await db
    .selectFrom('outbox')
    .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
    .where('correlation', '=', CORRELATION)
    .groupBy('state')
    .execute();
  const { count } = await db
    .selectFrom('facts')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const inState = (state: string) => Number(states.find((one) => one.state === state)?.count ?? 0);
  return { leased: inState('leased'), effects: inState('done'), facts: Number(count) };
}
const CORRELATION = 'cor_recovery';
const none = { leased: 0, effects: 0, facts: 0 };

async function isAnythingLeft(db: Db): Promise<boolean> {
  const notices = await db.selectFrom('inbox').select('id').where('state', '=', 'ready').limit(1).execute();
  if (notices.length > 0) return true;
  const effects = await db.selectFrom('outbox').select('id').where('correlation', '=', CORRELATION).where('state', 'in', ['ready', 'leased']).limit(1).execute();
  return effects.length > 0;
}

async function asideFaults(db: Db): Promise<Faults> {
  const { aside } = await leftOver(db);
  return aside > 0 ? [`${aside} notices or effects were laid aside`] : [];
}

const reason = (place: number): string => `Try ${place}`;

/** Each deal says what the last of its writes says. */
function valueFaults({ front }: Stage, deals: readonly string[], count: number): Faults {
  const last = (place: number) => place + deals.length * Math.floor((count - 1 - place) / deals.length);
  const odd = deals.filter((deal, place) => front.sandbox.hubspot.deal(deal)?.properties['esign_reason'] !== reason(last(place)));
  return odd.length > 0 ? [`${odd.length} deals do not say what was written last: ${odd.slice(0, 5).join(', ')}`] : [];
}

const createDeals = ({ front }: Stage, count: number): string[] =>
  Array.from({ length: count }, (_, place) => front.sandbox.hubspot.account.create('deals', { dealname: `Deal ${place}`, dealstage: 'proposal', pipeline: 'default' }, someone).id);

/** Writes to deals, and what strangers' envelopes became. Returns the envelopes. */
async function fill(stage: Stage, deals: readonly string[], count: number): Promise<Set<string>> {
  const { tenant, crm, sign } = stage.seeded;
  const now = Date.now();
  const remotes = Array.from({ length: count }, freshRemote);
  const db = openDatabase(stage.database);
  for (const some of chunk([...remotes.entries()], A_TRANSACTION)) {
    const effects = some.map(([place]): Effect => {
      const data = { record: { type: 'deal' as const, id: deals[place % deals.length] ?? '' }, set: { esign_reason: reason(place) } };
      return { kind: 'record.write', key: `recovery|${place}`, install: crm.id, data, priority: PRIORITY.event, notBefore: now, envelope: null, why: 'A try.' };
    });
    const notices = some.map(([place, remote]) => {
      const told: Fact[] = [{ type: 'envelope.status', at: now, data: { remote, envelope: null, status: 'sent', seenBy: 'call', recipients: [] } }];
      return { install: sign.id, vendor: 'countersign', key: `recovery|${place}`, kind: 'envelope.create', at: now, payload: JSON.stringify(told) };
    });
    await db.transaction().execute(async (tx) => {
      await putEffects(tx, tenant, effects, { ordinal: some[0]?.[0] ?? 0, correlation: CORRELATION }, now);
      await putNotices(tx, tenant, notices, now);
    });
  }
  await db.destroy();
  return new Set(remotes);
}
