import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase, type Db } from '#store/database';
import { openSession } from '#store/sessions';
import { completed, docusignRequest, docusignRequests, freshRemote } from './events.ts';
import { atLeast, atMost, median, shown, type Bench, type Figure } from './figures.ts';
import { load, type LoadResult } from './load.ts';
import { looksAt } from './looks.ts';
import { fillPast } from './past.ts';
import { CONNECT_KEY, findSeeded, liveEnvironment, seedEnvelopes, type Seeded } from './seed.ts';
import { inFolder, pinLoad, PRODUCT, startServer, type Server } from './servers.ts';

const FEW = 1_000;
const MANY = Number(process.env['BENCH_ENVELOPES'] ?? 1_000_000);
/** A folder whose databases are made once and used again. */
const KEPT = process.env['BENCH_PAST'];
const CONNECTIONS = 64;
const ROUNDS = 3;
const POUR_MS = 2500;
const SETTLED = 200;
const LOOKS = 15;
const MINUTE_MS = 60_000;
const FAR_MS = 86_400_000;
/** Queries of the goal; those beside them are pages' and upkeep's. */
const BOUNDED_LOOKS = /^(search of envelopes, (a name|nothing found)|list of (notices|effects), a (state|kind) of none)$/;
const PAGES = {
  overview: '',
  'list of envelopes': '/envelopes',
  'search of envelopes, a name': '/envelopes?q=Deal',
  inbox: '/inbox',
  outbox: '/outbox',
  ledger: '/ledger',
};

interface Side {
  path: string;
  db: Db;
  seeded: Seeded;
}
type Times = Record<string, { few: number[]; many: number[] }>;

/** P11: the same work on a database of a thousand envelopes and on one of a million, in turn. */
export const growth: Bench = async (say) => {
  pinLoad();
  return inFolder(async (own) => {
    const folder = KEPT ?? own;
    const few = await fill(join(folder, 'few.db'), FEW);
    const begun = performance.now();
    const many = await fill(join(folder, 'many.db'), MANY);
    say(`${MANY} envelopes were made in ${Math.round((performance.now() - begun) / 1000)} s`);
    try {
      const looks = await compareLooks(few, many);
      say('looks done');
      const pages = await comparePages(few, many);
      say('pages done');
      const work = await compareWork(few, many, say);
      return [...work, ...ratios('', looks), ...ratios('page: ', pages)];
    } finally {
      await few.db.destroy();
      await many.db.destroy();
    }
  });
};

async function fill(path: string, count: number): Promise<Side> {
  const made = existsSync(path) ? null : await fillPast(path, count);
  const db = openDatabase(path);
  const seeded = made ?? (await findSeeded(db, (await db.selectFrom('tenants').select('id').executeTakeFirstOrThrow()).id));
  await closeLanes(db);
  return { path, db, seeded };
}

/** Nothing is called: the lanes open tomorrow. */
async function closeLanes(db: Db): Promise<void> {
  await db
    .updateTable('lanes')
    .set({ next_at: Date.now() + FAR_MS })
    .execute();
}

const empty = (): { few: number[]; many: number[] } => ({ few: [], many: [] });

function ratios(kind: string, times: Times): Figure[] {
  return Object.entries(times).flatMap(([name, { few, many }]) => {
    const ratio = median(many) / median(few);
    const compared = BOUNDED_LOOKS.test(name) ? shown(`${kind}${name}`, ratio, 'x') : atMost(`${kind}${name}`, ratio, 'x', 1.5);
    return [compared, shown(`${kind}${name}, of ${MANY}`, median(many), 'ms')];
  });
}

async function timed(into: number[], work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work();
  into.push(performance.now() - begun);
}

/** The database's own cost of looking, without a server beside it. */
async function compareLooks(few: Side, many: Side): Promise<Times> {
  const [ofFew, ofMany] = [await looksAt(few.db, few.seeded), await looksAt(many.db, many.seeded)];
  const times: Times = {};
  for (const [name, look] of Object.entries(ofFew)) {
    const other = ofMany[name];
    if (!other) continue;
    const one = (times[name] = empty());
    await look();
    await other();
    for (let round = 0; round < LOOKS; round++) {
      await timed(one.few, look);
      await timed(one.many, other);
    }
  }
  for (const { db, seeded } of [few, many]) await forgetLooks(db, seeded);
  return times;
}

async function forgetLooks(db: Db, { tenant }: Seeded): Promise<void> {
  await db.deleteFrom('inbox').where('tenant', '=', tenant).where('key', '=', 'look').execute();
  await db.deleteFrom('cursors').where('tenant', '=', tenant).where('name', '=', 'look').execute();
  await db.updateTable('outbox').set({ state: 'done' }).where('tenant', '=', tenant).where('state', '=', 'ready').execute();
  await closeLanes(db);
}

async function comparePages(few: Side, many: Side): Promise<Times> {
  const [a, b] = [await startServer(PRODUCT, liveEnvironment(few.path)), await startServer(PRODUCT, liveEnvironment(many.path))];
  try {
    const [ofFew, ofMany] = [await visitor(few, a), await visitor(many, b)];
    const times: Times = {};
    for (const [name, path] of Object.entries(PAGES)) {
      const one = (times[name] = empty());
      for (const open of [ofFew, ofMany]) await open(path);
      for (let round = 0; round < LOOKS; round++) {
        await timed(one.few, () => ofFew(path));
        await timed(one.many, () => ofMany(path));
      }
    }
    return times;
  } finally {
    await a.stop();
    await b.stop();
  }
}

async function visitor({ db, seeded }: Side, server: Server): Promise<(path: string) => Promise<void>> {
  const { cookie } = await openSession(db, seeded.tenant, Date.now());
  return async (path) => {
    const answer = await fetch(`${server.address}/t/${seeded.tenant}${path}`, {
      headers: { cookie: `__Host-countersign_session=${cookie}`, accept: 'text/html' },
      redirect: 'manual',
    });
    await answer.text();
    if (answer.status !== 200) throw new Error(`${path || '/'} answered ${answer.status}.`);
  };
}

interface Work extends LoadResult {
  settleMs: number;
  startMs: number;
  rss: number;
}

async function compareWork(few: Side, many: Side, say: (line: string) => void): Promise<Figure[]> {
  const rounds: { few: Work; many: Work }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const one = { few: await workOn(few), many: await workOn(many) };
    say(`of ${FEW}: ${describe(one.few)}; of ${MANY}: ${describe(one.many)}`);
    rounds.push(one);
  }
  const times = (what: (one: Work) => number) => median(rounds.map((one) => what(one.many) / what(one.few)));
  const middle = (what: (one: Work) => number) => median(rounds.map(({ many: one }) => what(one)));
  return [
    atLeast(
      `ingest, ${MANY} of ${FEW} envelopes`,
      times((one) => one.perSecond),
      'x',
      0.8,
    ),
    shown(
      `ingest, of ${MANY}`,
      middle((one) => one.perSecond),
      'events/s',
    ),
    atMost(
      'p99 of ingest',
      times((one) => one.p99Ms),
      'x',
      2,
    ),
    atMost(
      'resident memory after it',
      times((one) => one.rss),
      'x',
      1.2,
    ),
    atMost(
      'a completion settled',
      times((one) => one.settleMs),
      'x',
      1.5,
    ),
    shown(
      `a completion settled, of ${MANY}`,
      middle((one) => one.settleMs),
      'ms',
    ),
    atMost(
      `start to ready, of ${MANY}`,
      middle((one) => one.startMs),
      'ms',
      1000,
    ),
  ];
}

const describe = ({ perSecond, p99Ms, rss, settleMs, startMs }: Work) =>
  `${Math.round(perSecond)}/s, p99 ${p99Ms.toFixed(1)} ms, ${Math.round(rss)} MiB, ${settleMs.toFixed(2)} ms a completion, start ${Math.round(startMs)} ms`;

/** A server of its own each time, which leaves nothing to do behind. */
async function workOn(side: Side): Promise<Work> {
  const { db, seeded, path } = side;
  const envelopes = Array.from({ length: SETTLED }, () => ({ deal: freshRemote(), contact: null, remote: freshRemote(), status: 'sent' as const }));
  const ids = await seedEnvelopes(db, seeded, envelopes);
  const server = await startServer(PRODUCT, liveEnvironment(path));
  try {
    const settleMs = await settling(
      server,
      side,
      envelopes.map(({ remote }, place) => ({ remote, envelope: ids[place] ?? '' })),
    );
    const next = docusignRequests(`/webhooks/docusign/${seeded.sign.hook}`, seeded.sign.account, CONNECT_KEY);
    const result = await load({ port: server.port, connections: CONNECTIONS, warmMs: 1000, measureMs: POUR_MS, next });
    return { ...result, settleMs, startMs: server.startMs, rss: server.residentMb() };
  } finally {
    await server.stop();
    await db.deleteFrom('inbox').where('tenant', '=', seeded.tenant).where('state', '=', 'ready').execute();
  }
}

async function settling(server: Server, { db, seeded }: Side, sent: { remote: string; envelope: string }[]): Promise<number> {
  const { hook, account } = seeded.sign;
  const requests = sent.map(({ remote, envelope }) => docusignRequest(`/webhooks/docusign/${hook}`, completed({ account, remote, envelope }), CONNECT_KEY)).values();
  const begun = performance.now();
  await load({ port: server.port, connections: 4, warmMs: 0, measureMs: MINUTE_MS, count: sent.length, next: () => requests.next().value ?? '' });
  for (;;) {
    const waits = await db
      .selectFrom('envelopes')
      .select('id')
      .where('tenant', '=', seeded.tenant)
      .where(
        'id',
        'in',
        sent.map(({ envelope }) => envelope as `env_${string}`),
      )
      .where('status', '=', 'sent')
      .limit(1)
      .execute();
    if (waits.length === 0) return (performance.now() - begun) / sent.length;
    if (performance.now() - begun > MINUTE_MS) throw new Error('The completions were not settled in a minute.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
