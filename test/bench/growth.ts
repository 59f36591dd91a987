import { join } from 'node:path';
import { openDatabase, type Db } from '#store/database';
import { claimNotices, putNotices } from '#store/inbox';
import { listInstalls } from '#store/installs';
import { claimLane, releaseLane } from '#store/outbox';
import { issueLink } from '#store/sessions';
import { createVisitor } from '../../src/cli/visitor.ts';
import { completed, docusignRequest, docusignRequests, freshRemote } from './events.ts';
import { atLeast, atMost, median, shown, type Bench, type Figure } from './figures.ts';
import { load } from './load.ts';
import { fillPast } from './past.ts';
import { CONNECT_KEY, liveEnvironment, seedEnvelopes, type Seeded } from './seed.ts';
import { inFolder, pinLoad, PRODUCT, startServer, type Server } from './servers.ts';

const FEW = 1_000;
const MANY = Number(process.env['BENCH_ENVELOPES'] ?? 1_000_000);
const CONNECTIONS = 64;
const INGEST_MS = 4000;
const SETTLED = 300;
const LOOKS = 25;
const MINUTE_MS = 60_000;

/** What is measured of one database, by what it is called. */
type Measured = Record<'ingest' | 'p99' | 'rss' | 'list' | 'search' | 'story' | 'settle' | 'claim' | 'lane', number>;

/** P11: the same work on a database of a thousand envelopes and on one of a million. */
export const growth: Bench = async (say) => {
  pinLoad();
  const few = await measure(FEW);
  say(`${FEW} envelopes: ${JSON.stringify(few, rounded)}`);
  const many = await measure(MANY);
  say(`${MANY} envelopes: ${JSON.stringify(many, rounded)}`);
  const times = (what: keyof Measured) => many[what] / few[what];
  return [
    atLeast(`ingest, ${MANY} of ${FEW} envelopes`, times('ingest'), 'x', 0.8),
    atMost('p99 of ingest', times('p99'), 'x', 2),
    atMost('resident memory after it', times('rss'), 'x', 1.2),
    ...slower('list of envelopes, first page', few.list, many.list, 'ms'),
    ...slower('search by name', few.search, many.search, 'ms'),
    ...slower("an envelope's page", few.story, many.story, 'ms'),
    ...slower('a completion settled', few.settle, many.settle, 'ms'),
    ...slower('the next notice claimed', few.claim, many.claim, 'ms'),
    ...slower('the next lane claimed', few.lane, many.lane, 'ms'),
  ];
};

const rounded = (_key: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(3)) : value);
const slower = (what: string, few: number, many: number, unit: string): Figure[] => [shown(what, many, unit), atMost(`${what}, ${MANY} of ${FEW} envelopes`, many / few, 'x', 1.5)];

async function measure(count: number): Promise<Measured> {
  return inFolder(async (folder) => {
    const path = join(folder, 'growth.db');
    const seeded = await fillPast(path, count);
    const db = openDatabase(path);
    try {
      // The database's own cost of looking, without a server beside it.
      const claims = await claiming(db, seeded);
      const open = await seedEnvelopes(
        db,
        seeded,
        Array.from({ length: SETTLED }, () => ({ deal: freshRemote(), contact: null, remote: freshRemote(), status: 'sent' as const })),
      );
      const server = await startServer(PRODUCT, liveEnvironment(path));
      try {
        return { ...claims, settle: await settling(server, db, seeded, open), ...(await looking(server, db, seeded)), ...(await pouring(server, seeded)) };
      } finally {
        await server.stop();
      }
    } finally {
      await db.destroy();
    }
  });
}

async function pouring(server: Server, { sign }: Seeded): Promise<Pick<Measured, 'ingest' | 'p99' | 'rss'>> {
  const next = docusignRequests(`/webhooks/docusign/${sign.hook}`, sign.account, CONNECT_KEY);
  const { perSecond, p99Ms } = await load({ port: server.port, connections: CONNECTIONS, warmMs: 1000, measureMs: INGEST_MS, next });
  return { ingest: perSecond, p99: p99Ms, rss: server.residentMb() };
}

async function settling(server: Server, db: Db, { tenant, sign }: Seeded, ids: readonly string[]): Promise<number> {
  const known = await db.selectFrom('envelopes').select(['id', 'remote']).where('tenant', '=', tenant).where('status', '=', 'sent').execute();
  const requests = known
    .filter(({ id }) => ids.includes(id))
    .map(({ id, remote }) => docusignRequest(`/webhooks/docusign/${sign.hook}`, completed({ account: sign.account, remote: remote ?? '', envelope: id }), CONNECT_KEY))
    .values();
  const begun = performance.now();
  await load({ port: server.port, connections: 4, warmMs: 0, measureMs: MINUTE_MS, count: ids.length, next: () => requests.next().value ?? '' });
  for (;;) {
    const waits = await db.selectFrom('inbox').select('id').where('state', '=', 'ready').limit(1).execute();
    if (waits.length === 0) return (performance.now() - begun) / ids.length;
    if (performance.now() - begun > MINUTE_MS) throw new Error('The completions were not settled in a minute.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function looking(server: Server, db: Db, { tenant }: Seeded): Promise<Pick<Measured, 'list' | 'search' | 'story'>> {
  const visitor = createVisitor();
  const token = await issueLink(db, { tenant, ttlMs: MINUTE_MS, now: Date.now() });
  await visitor.submit(await visitor.open(`${server.address}/enter/${token}`), '/enter', {});
  const [newest] = await db.selectFrom('envelopes').select('id').where('tenant', '=', tenant).orderBy('id', 'desc').limit(1).execute();
  const look = async (path: string) => {
    const times: number[] = [];
    for (let time = 0; time < LOOKS; time++) {
      const begun = performance.now();
      const page = await visitor.open(`${server.address}/t/${tenant}${path}`);
      if (page.status !== 200) throw new Error(`${path} answered ${page.status}.`);
      times.push(performance.now() - begun);
    }
    return median(times);
  };
  return { list: await look('/envelopes'), search: await look('/envelopes?q=Deal'), story: await look(`/envelopes/${newest?.id ?? ''}`) };
}

async function claiming(db: Db, { tenant, crm, sign }: Seeded): Promise<Pick<Measured, 'claim' | 'lane'>> {
  const now = Date.now();
  await putNotices(db, tenant, [{ install: sign.id, vendor: 'docusign', key: 'growth', kind: 'none', at: now, payload: '[]' }], now);
  const claims: number[] = [];
  const lanes: number[] = [];
  for (let time = 0; time < LOOKS; time++) {
    const begun = performance.now();
    await db.transaction().execute((tx) => claimNotices(tx, now, 100, tenant));
    claims.push(performance.now() - begun);
    const asked = performance.now();
    const lane = await claimLane(db, now, 100);
    lanes.push(performance.now() - asked);
    if (lane) await releaseLane(db, lane.lane, 0);
  }
  await db.deleteFrom('inbox').where('tenant', '=', tenant).where('key', '=', 'growth').execute();
  if ((await listInstalls(db, tenant)).every(({ id }) => id !== crm.id)) throw new Error('The accounts are gone.');
  return { claim: median(claims), lane: median(lanes) };
}
