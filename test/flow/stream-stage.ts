import { systemClock, type Clock } from '#lib/clock';
import { createLog } from '#lib/log';
import { seededRandom } from '#lib/random';
import { Secret } from '#lib/secret';
import type { Json } from '#lib/json';
import { type Problem } from '#core/problem';
import type { Auth } from '#ports/auth';
import type { Connector } from '#ports/connector';
import type { Changes, Crm } from '#ports/crm';
import { createBinder } from '#src/calls';
import { createHostCheck } from '#shared/hosts';
import { createLimits } from '#shared/limits';
import { createQuotas } from '#shared/quota';
import type { Flow } from '#flow/flow';
import { createListening } from '#flow/listen';
import { createMetrics } from '#flow/metrics';
import type { Db } from '#store/database';
import { getInstall, updateInstall, type Install } from '#store/installs';
import type { TestDatabase } from '../store/databases.ts';
import { NOW, putAccount, sealer } from '../store/fixtures.ts';
import { manifest } from '../shared/server.ts';

const PATIENCE_MS = 20_000;

/** A vendor with one queue of events. Each stream reads it from its cursor on, a page an event, and then waits. */
export function createVendor() {
  const vendor = {
    events: [] as string[],
    /** Streams that are open now, and the cursors that they began from. */
    open: 0,
    began: [] as Json[],
    /** What ends the next streams: a problem, or the vendor's own end. */
    ends: [] as (Problem | 'quietly')[],
    /** What a page waits for before it reaches the sink. */
    onItsWay: async () => undefined as void,
    deaf: false,
    refused: [] as unknown[],
    more: new AbortController(),
    tell(...keys: string[]) {
      vendor.events.push(...keys);
      vendor.more.abort();
      vendor.more = new AbortController();
    },
  };
  const pageAt = (at: number): Changes => {
    const key = vendor.events[at] ?? '';
    return { notices: [{ account: null, key, kind: 'deal.changed', at: NOW, payload: { deal: key } }], cursor: at + 1, more: false };
  };
  const listen: NonNullable<Crm['listen']> = async (call, cursor, sink) => {
    vendor.began.push(cursor);
    const end = vendor.ends.shift();
    if (end === 'quietly') return;
    if (end) throw end;
    vendor.open++;
    try {
      let at = typeof cursor === 'number' ? cursor : 0;
      while (!call.signal.aborted || vendor.deaf) {
        if (at === vendor.events.length) {
          await systemClock.sleep(PATIENCE_MS, AbortSignal.any([vendor.more.signal, ...(vendor.deaf ? [] : [call.signal])]));
          continue;
        }
        const page = pageAt(at++);
        await vendor.onItsWay();
        await sink(page).catch((error: unknown) => {
          vendor.refused.push(error);
          throw error;
        });
      }
    } finally {
      vendor.open--;
    }
  };
  return { vendor, listen };
}

type TestClock = Clock & { advance(ms: number): void };
/** Stands still until it is told to move, and sleeps as long as people do. */
function standingClock(): TestClock {
  let ahead = 0;
  return { now: () => NOW + ahead, sleep: (ms, signal) => systemClock.sleep(ms, signal), advance: (ms) => void (ahead += ms) };
}

export function flowOn(db: Db, listen: Crm['listen'], clock: Clock, stopping: AbortSignal, told: { inbox: number }): Flow {
  const never = (): never => {
    throw new Error('Only the stream is asked here.');
  };
  const crm: Crm = { prepare: never, describe: never, read: never, list: never, write: never, task: never, changes: never, ...(listen ? { listen } : {}) };
  const auth: Auth = { authorizeUrl: never, exchange: never, refresh: never, identify: never };
  const connector: Connector = { manifest: manifest(), auth, crm };
  const app = { clientId: '', clientSecret: new Secret(''), redirectUri: '', authorizeUrl: '', tokenUrl: '', apiUrl: '', more: {} };
  const flow: Flow = {
    db,
    clock,
    log: createLog('silent'),
    sealer,
    metrics: createMetrics(),
    random: seededRandom(1),
    vendors: new Map([['a-crm', { connector, app, loginAt: () => null, appId: '', webhookSecrets: [] }]]),
    publicUrl: () => 'https://countersign.example.com',
    tokenHttp: never,
    bind: createBinder(() => flow, { limits: createLimits(clock), quotas: createQuotas(clock), checkHost: createHostCheck(null), stopping }),
    outgoing: { check: never, post: never },
    wake: { inbox: () => void told.inbox++, outbox: () => undefined, cursors: () => undefined, messages: () => undefined },
    coalesceMs: 0,
    admission: 'open',
    shippedMapping: never,
  };
  return flow;
}

/** A process that is asked for each of its turns. */
export function startProcess(db: Db, listen: Crm['listen'], clock: Clock) {
  const told = { inbox: 0 };
  const flow = flowOn(db, listen, clock, new AbortController().signal, told);
  const listening = createListening(flow);
  return { flow, told, ...listening };
}

/** Ends what works on a database before the database is closed. */
export function endFirst(database: TestDatabase, end: () => Promise<unknown>): void {
  const { close } = database;
  database.close = async () => {
    await end();
    await close();
  };
}

/** An install that is switched to it, with as many processes as are asked for. Their time stands still. */
export async function stage(database: TestDatabase, { processes = 1, listening = true } = {}) {
  const { db, peers } = database;
  const { tenant, crm } = await putAccount(db);
  await updateInstall(db, tenant, crm.id, { listening: listening ? 1 : 0 });
  const clock = standingClock();
  const { vendor, listen } = createVendor();
  const running = peers(processes).map((peer) => startProcess(peer, listen, clock));
  endFirst(database, () => Promise.all(running.map((one) => one.stop())));
  const [first] = running;
  if (!first) throw new Error('There is one process at least.');
  return {
    db,
    tenant,
    install: crm.id,
    clock,
    vendor,
    listen,
    running,
    ...first,
    cursor: () => db.selectFrom('cursors').selectAll().where('install', '=', crm.id).where('name', '=', 'stream').executeTakeFirst(),
    inbox: async () => (await db.selectFrom('inbox').select('key').where('install', '=', crm.id).orderBy('key').execute()).map(({ key }) => key),
    alarms: async () => (await db.selectFrom('alarms').select(['code', 'say']).execute()).map(({ code, say }) => `${code}: ${say}`),
    set: (set: Parameters<typeof updateInstall>[3]) => updateInstall(db, tenant, crm.id, set),
    read: (): Promise<Install> => getInstall(db, tenant, crm.id),
  };
}
type Stage = Awaited<ReturnType<typeof stage>>;

export async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await systemClock.sleep(5);
  }
}
export const heard = (w: Stage, ...keys: string[]) => until(`${keys.join(', ')} in the inbox`, async () => (await w.inbox()).join() === keys.join());
export const given = (w: Stage) => until('the stream to be given back', async () => (await w.cursor())?.lease_until === 0 && w.cursor());

/** Lets the next stream end so, and gives back what is kept of it. */
export async function ends(w: Stage, how: Problem | 'quietly') {
  w.vendor.ends.push(how);
  const before = w.vendor.began.length;
  await w.turn();
  await until('the vendor to be asked', () => w.vendor.began.length > before);
  const kept = await given(w);
  if (!kept) throw new Error('The cursor is there.');
  return { ...kept, pause: kept.next_at - w.clock.now() };
}
