import { join } from 'node:path';
import { asServer } from '#store/scope';
import { completed, docusignRequest, docusignRequests, freshRemote, hubspotRequests } from './events.ts';
import { load, type LoadResult } from './load.ts';
import { CONNECT_KEY, HUBSPOT_SECRET, liveEnvironment, PUBLIC_URL, seedDatabase, type Seeded } from './seed.ts';
import { FROM_SOURCE, inFolder, PRODUCT, startServer, type Server } from './servers.ts';

/** The server has settled after its start by then. */
const CALM_MS = 300;
const WARM_MS = 1200;
const MEASURE_MS = 1200;
const BEFORE_MS = 20_000;
const OLD_EVENTS = 1000;
const REPEATED = 0.95;

/** The product, the product with its work paused, the floor, the floor with a commit each, and what most would write, at either setting. */
export type Kind = 'product' | 'paused' | 'floor' | 'each' | 'naive' | 'naive, NORMAL' | 'floor on PostgreSQL';

export interface Requests {
  (seeded: Seeded): { next: () => string; before?: string[] };
}
export const fresh: Requests = ({ sign }) => ({ next: docusignRequests(`/webhooks/docusign/${sign.hook}`, sign.account, CONNECT_KEY) });
export const hubspot: Requests = ({ crm }) => ({ next: hubspotRequests(PUBLIC_URL, Number(crm.account), HUBSPOT_SECRET) });
/** Refused, and soon not even looked at: so many refusals in a minute are answered by 429. */
export const REFUSED = ['401', '429'];
export const forged: Requests = ({ sign }) => ({ next: docusignRequests(`/webhooks/docusign/${sign.hook}`, sign.account, 'another-key') });
/** One of 20 is new; the others were sent a while ago. */
export const repeated: Requests = ({ sign }) => {
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

/** Programs and their settings. */
function programOf(kind: Kind, database: string): [args: string[], environment: Record<string, string>] {
  const floor = { FLOOR_DATABASE: database, FLOOR_KEY: CONNECT_KEY };
  const source = (file: string) => [...FROM_SOURCE, `test/bench/${file}.ts`];
  switch (kind) {
    case 'product':
      return [PRODUCT, liveEnvironment(database)];
    case 'paused':
      return [source('product'), { ...liveEnvironment(database), BENCH_WORK: 'paused' }];
    case 'naive':
    case 'naive, NORMAL':
      return [source('peer'), { ...floor, PEER_SYNCHRONOUS: kind === 'naive' ? 'FULL' : 'NORMAL' }];
    case 'floor on PostgreSQL':
      return [source('floor-postgres'), floor];
    case 'floor':
    case 'each':
      return [source('floor'), { ...floor, FLOOR_COMMIT: kind === 'each' ? 'each' : 'tick' }];
  }
}

/** A folder named in BENCH_PROFILE gets a CPU profile of each of the product's runs. */
const profileOf = (kind: Kind): { profile?: string } => {
  const profile = process.env['BENCH_PROFILE'];
  return profile !== undefined && (kind === 'product' || kind === 'paused') ? { profile } : {};
};

/** `cpuUs`: the server's processor time an event. A busy machine changes it less than it changes a rate. */
export type Measured = LoadResult & { cpuUs: number };

export interface Contest<Result> {
  connections: number;
  requests?: Requests;
  /** The only answers allowed: a rate of refusals would look splendid. */
  statuses?: readonly string[];
  /** Where the database is: a new file by default. */
  database?: (folder: string) => string | Promise<string>;
  environment?: Record<string, string>;
  /** Measures in another way than at full load. */
  how?: (server: Server, next: () => string) => Promise<Result>;
  look?: (server: Server, database: string) => void | Promise<void>;
}

/** A fresh server on a fresh database for each measurement, so that none inherits what another has left to do. @throws Error where there are other answers than the one allowed */
export async function measure<Result extends Pick<LoadResult, 'statuses'> = Measured>(kind: Kind, contest: Contest<Result>): Promise<Result> {
  const { connections, requests = fresh, statuses = ['200'], environment = {} } = contest;
  return inFolder(async (folder) => {
    const database = (await contest.database?.(folder)) ?? join(folder, 'bench.db');
    const isOurs = kind === 'product' || kind === 'paused';
    const seeded = await asServer(() => seedDatabase(isOurs ? database : join(folder, 'names.db')));
    const [args, settings] = programOf(kind, database);
    const server = await startServer(args, { ...settings, ...environment }, profileOf(kind));
    try {
      await new Promise((resolve) => setTimeout(resolve, CALM_MS));
      const { next, before = [] } = requests(seeded);
      const first = before.values();
      if (before.length > 0) await load({ port: server.port, connections, warmMs: 0, measureMs: BEFORE_MS, count: before.length, next: () => first.next().value ?? '' });
      const result = await (contest.how?.(server, next) ?? (atFull(server, connections, next) as Promise<Pick<LoadResult, 'statuses'>> as Promise<Result>));
      const others = Object.keys(result.statuses).filter((one) => !statuses.includes(one));
      if (others.length > 0) throw new Error(`Answers other than ${statuses.join(' and ')}: ${JSON.stringify(result.statuses)}`);
      await contest.look?.(server, database);
      return result;
    } finally {
      await server.stop();
    }
  });
}

async function atFull(server: Server, connections: number, next: () => string): Promise<Measured> {
  const before = server.cpuMs();
  const result = await load({ port: server.port, connections, warmMs: WARM_MS, measureMs: MEASURE_MS, next });
  const answers = Object.values(result.statuses).reduce((sum, count) => sum + count, 0);
  return { ...result, cpuUs: ((server.cpuMs() - before) * 1000) / answers };
}
