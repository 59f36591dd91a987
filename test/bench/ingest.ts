import { join } from 'node:path';
import { atLeast, median, shown, type Bench, type Figure } from './figures.ts';
import { docusignRequest, docusignRequests, completed, freshRemote, hubspotRequests } from './events.ts';
import { load, type LoadResult } from './load.ts';
import { CONNECT_KEY, HUBSPOT_SECRET, liveEnvironment, PUBLIC_URL, seedDatabase, type Seeded } from './seed.ts';
import { FROM_SOURCE, inFolder, pinLoad, PRODUCT, startServer, type Server } from './servers.ts';
import { countRows } from './rows.ts';

const GOALS: Record<number, number> = { 1: 0.75, 16: 0.6, 64: 0.7 };
const ROUNDS = 3;
/** The server has settled after its start by then. */
const CALM_MS = 300;
const WARM_MS = 1200;
const MEASURE_MS = 1200;
const BEFORE_MS = 20_000;
const MANY = 64;
const OLD_EVENTS = 1000;
const REPEATED = 0.95;

interface Requests {
  (seeded: Seeded): { next: () => string; before?: string[] };
}
type Kind = 'product' | 'paused' | 'floor' | 'each';

const fresh: Requests = ({ sign }) => ({ next: docusignRequests(`/webhooks/docusign/${sign.hook}`, sign.account, CONNECT_KEY) });
const hubspot: Requests = ({ crm }) => ({ next: hubspotRequests(PUBLIC_URL, Number(crm.account), HUBSPOT_SECRET) });
const forged: Requests = ({ sign }) => ({ next: docusignRequests(`/webhooks/docusign/${sign.hook}`, sign.account, 'another-key') });
/** One of 20 is new; the others were sent a while ago. */
const repeated: Requests = ({ sign }) => {
  const one = () => docusignRequest(`/webhooks/docusign/${sign.hook}`, completed({ account: sign.account, remote: freshRemote(), envelope: null }), CONNECT_KEY);
  const sent = Array.from({ length: OLD_EVENTS }, one);
  let position = 0;
  const next = () => {
    position = (position + 1) % sent.length;
    if (Math.random() >= REPEATED) sent[position] = one();
    return sent[position] ?? one();
  };
  return { next, before: [...sent] };
};

/** Programs and their settings. A folder named in BENCH_PROFILE gets a CPU profile of each of the product's runs. */
function programOf(kind: Kind, database: string): [args: string[], environment: Record<string, string>] {
  if (kind === 'product') return [PRODUCT, liveEnvironment(database)];
  if (kind === 'paused') return [[...FROM_SOURCE, 'test/bench/product.ts'], { ...liveEnvironment(database), BENCH_WORK: 'paused' }];
  return [[...FROM_SOURCE, 'test/bench/floor.ts'], { FLOOR_DATABASE: database, FLOOR_KEY: CONNECT_KEY, FLOOR_COMMIT: kind === 'each' ? 'each' : 'tick' }];
}

const profileOf = (kind: Kind): { profile?: string } => {
  const profile = process.env['BENCH_PROFILE'];
  return profile !== undefined && (kind === 'product' || kind === 'paused') ? { profile } : {};
};

/** A fresh server on a fresh database for each measurement, so that none inherits what another has left to do. */
async function measure(kind: Kind, connections: number, requests: Requests, look?: (server: Server, database: string, result: LoadResult) => void): Promise<LoadResult> {
  return inFolder(async (folder) => {
    const database = join(folder, 'bench.db');
    const seeded = await seedDatabase(kind === 'floor' || kind === 'each' ? join(folder, 'names.db') : database);
    const server = await startServer(...programOf(kind, database), profileOf(kind));
    try {
      await new Promise((resolve) => setTimeout(resolve, CALM_MS));
      const { next, before = [] } = requests(seeded);
      const first = before.values();
      if (before.length > 0) await load({ port: server.port, connections, warmMs: 0, measureMs: BEFORE_MS, count: before.length, next: () => first.next().value ?? '' });
      const result = await load({ port: server.port, connections, warmMs: WARM_MS, measureMs: MEASURE_MS, next });
      look?.(server, database, result);
      return result;
    } finally {
      await server.stop();
    }
  });
}

/** P1 and P7: a signed webhook of DocuSign's to its durable answer, beside a bare server that is started by the same run. */
export const ingest: Bench = async (say) => {
  pinLoad();
  const figures: Figure[] = [];
  const rates = new Map<number, number>();
  for (const connections of [1, 16, MANY]) {
    const rounds: { product: LoadResult; floor: LoadResult }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const floor = await measure('floor', connections, fresh);
      const product = await measure('product', connections, fresh, only('200'));
      say(`${connections} connections: product ${Math.round(product.perSecond)}/s, bare server ${Math.round(floor.perSecond)}/s`);
      rounds.push({ product, floor });
    }
    const rate = median(rounds.map(({ product }) => product.perSecond));
    rates.set(connections, rate);
    figures.push(
      atLeast(
        `of the bare server's rate, ${connections} connections`,
        median(rounds.map(({ product, floor }) => product.perSecond / floor.perSecond)),
        'x',
        GOALS[connections] ?? 0,
      ),
    );
    figures.push(
      shown(`product, ${connections} connections`, rate, 'events/s'),
      shown(`product, ${connections} connections, p99`, median(rounds.map(({ product }) => product.p99Ms)), 'ms'),
    );
    figures.push(shown(`bare server, ${connections} connections`, median(rounds.map(({ floor }) => floor.perSecond)), 'events/s'));
    figures.push(shown(`bare server, ${connections} connections, p99`, median(rounds.map(({ floor }) => floor.p99Ms)), 'ms'));
  }
  for (const connections of [MANY])
    figures.push(shown(`bare server with a commit each, ${connections} connections`, (await measure('each', connections, fresh)).perSecond, 'events/s'));
  for (const connections of [1, MANY])
    figures.push(shown(`product with its work paused, ${connections} connections`, (await measure('paused', connections, fresh)).perSecond, 'events/s'));
  figures.push(shown(`product, HubSpot deliveries of 7 events, ${MANY} connections`, (await measure('product', MANY, hubspot, only('204'))).perSecond, 'deliveries/s'));

  say('repeats and forgeries');
  const rate = rates.get(MANY) ?? Number.NaN;
  const repeats = await measure('product', MANY, repeated, only('200'));
  figures.push(atLeast('95 % repeats, of the rate of new events', repeats.perSecond / rate, 'x', 1.3));
  let written = Number.NaN;
  const forgeries = await measure('product', MANY, forged, (_server, database, result) => {
    only('401')(_server, database, result);
    written = countRows(database, ['inbox', 'deliveries']);
  });
  figures.push(atLeast('forged signatures refused, of the rate of new events', forgeries.perSecond / rate, 'x', 2));
  figures.push({ ...shown('rows written for forged events', written, 'rows'), goal: '= 0', ok: written === 0 });
  return figures;
};

/** A rate of refusals would look splendid. */
const only =
  (status: string) =>
  (_server: Server, _database: string, { statuses }: LoadResult) => {
    const others = Object.keys(statuses).filter((one) => one !== status);
    if (others.length > 0) throw new Error(`Answers other than ${status}: ${JSON.stringify(statuses)}`);
  };
