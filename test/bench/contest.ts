import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { asServer } from '#store/scope';
import { completed, docusignRequest, docusignRequests, freshRemote, hubspotRequests } from './events.ts';
import { median, shown, type Figure } from './figures.ts';
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

/** A fresh server on a fresh database. */
async function start(
  kind: Kind,
  folder: string,
  { database: place, environment = {} }: Pick<Contest<unknown>, 'database' | 'environment'> = {},
): Promise<{ server: Server; database: string; seeded: Seeded }> {
  const database = (await place?.(folder)) ?? join(folder, 'bench.db');
  const isOurs = kind === 'product' || kind === 'paused';
  const seeded = await asServer(() => seedDatabase(isOurs ? database : join(folder, 'names.db')));
  const [args, settings] = programOf(kind, database);
  const server = await startServer(args, { ...settings, ...environment }, profileOf(kind));
  await new Promise((resolve) => setTimeout(resolve, CALM_MS));
  return { server, database, seeded };
}

/** A server and a database for each measurement, so that none inherits what another has left to do. @throws Error where there are other answers than the one allowed */
export async function measure<Result extends Pick<LoadResult, 'statuses'> = Measured>(kind: Kind, contest: Contest<Result>): Promise<Result> {
  const { connections, requests = fresh } = contest;
  return inFolder(async (folder) => {
    const { server, database, seeded } = await start(kind, folder, contest);
    try {
      const next = await readied(server, requests(seeded), connections);
      const result = await (contest.how?.(server, next) ?? (atFull(server, connections, next) as Promise<Pick<LoadResult, 'statuses'>> as Promise<Result>));
      allow(contest, result);
      await contest.look?.(server, database);
      return result;
    } finally {
      await server.stop();
    }
  });
}

/** Sends what has to be there before. */
async function readied(server: Server, { next, before = [] }: ReturnType<Requests>, connections: number): Promise<() => string> {
  const first = before.values();
  if (before.length > 0) await load({ port: server.port, connections, warmMs: 0, measureMs: BEFORE_MS, count: before.length, next: () => first.next().value ?? '' });
  return next;
}

function allow({ statuses = ['200'] }: Pick<Contest<unknown>, 'statuses'>, result: Pick<LoadResult, 'statuses'>): void {
  const others = Object.keys(result.statuses).filter((one) => !statuses.includes(one));
  if (others.length > 0) throw new Error(`Answers other than ${statuses.join(' and ')}: ${JSON.stringify(result.statuses)}`);
}

const answersOf = ({ statuses }: LoadResult): number => Object.values(statuses).reduce((sum, count) => sum + count, 0);

async function atFull(server: Server, connections: number, next: () => string): Promise<Measured> {
  const before = server.cpuMs();
  const result = await load({ port: server.port, connections, warmMs: WARM_MS, measureMs: MEASURE_MS, next });
  return { ...result, cpuUs: ((server.cpuMs() - before) * 1000) / answersOf(result) };
}

/** Long enough for what a server has still to compile, at the most connections of any contest: a second was not, and the larger program lost by it. */
const HEAT_MS = 4000;
const HEAT_CONNECTIONS = 64;
const TURNS = 10;
/** What a server makes up for after it stood still is over by then. */
const WAKE_MS = 200;
const TURN_MS = 600;

/** Of one server, the result of each of its turns. */
export type Turns = Measured[];
export type Racer = { kind: Kind } & Pick<Contest<Measured>, 'requests' | 'statuses' | 'look' | 'environment' | 'database'>;

interface Started {
  racer: Racer;
  server: Server;
  file: string;
  next: () => string;
  turns: Turns;
}

/**
 * Servers side by side, by turns of less than a second, while the others stand still. A machine of which others take their part gives one server half of what it gave the one before
 * it, a few seconds later; what it gives two that take turns is the same. @throws Error where there are other answers than those allowed
 */
export async function contest<Name extends string>(racers: Record<Name, Racer>, connections: number): Promise<Record<Name, Turns>> {
  return inFolder(async (folder) => {
    const started = new Map<string, Started>();
    try {
      for (const [name, racer] of Object.entries<Racer>(racers)) {
        const { server, database, seeded } = await start(racer.kind, mkdtempSync(join(folder, 'racer-')), racer);
        const one: Started = { racer, server, file: database, turns: [], next: await readied(server, (racer.requests ?? fresh)(seeded), HEAT_CONNECTIONS) };
        started.set(name, one);
        allow(racer, await load({ port: server.port, connections: HEAT_CONNECTIONS, warmMs: 0, measureMs: HEAT_MS, next: one.next }));
        server.freeze();
      }
      for (let turn = 0; turn < TURNS; turn++) for (const one of started.values()) one.turns.push(await turnOf(one, connections));
      for (const { racer, server, file } of started.values()) {
        server.thaw();
        await racer.look?.(server, file);
      }
      return Object.fromEntries([...started].map(([name, { turns }]) => [name, turns])) as Record<Name, Turns>;
    } finally {
      for (const { server } of started.values()) {
        server.thaw();
        await server.stop();
      }
    }
  });
}

async function turnOf({ racer, server, next }: Started, connections: number): Promise<Measured> {
  server.thaw();
  const before = server.cpuMs();
  const result = await load({ port: server.port, connections, warmMs: WAKE_MS, measureMs: TURN_MS, next });
  allow(racer, result);
  const cpuUs = ((server.cpuMs() - before) * 1000) / answersOf(result);
  server.freeze();
  return { ...result, cpuUs };
}

/** By how much one is faster than the other, by the turns that followed each other. */
export const ratioOf = (one: Turns, other: Turns): number => median(one.map(({ perSecond }, turn) => perSecond / (other[turn]?.perSecond ?? Number.NaN)));
export const medianOf = (turns: Turns, what: 'perSecond' | 'p99Ms' | 'cpuUs'): number => median(turns.map((turn) => turn[what]));

/** What each of them did, as figures. */
export function figuresOf(turns: Record<string, Turns>, connections: number): Figure[] {
  return Object.entries(turns).flatMap(([name, all]) => [
    shown(`${name}, ${connections} connections`, medianOf(all, 'perSecond'), 'events/s'),
    shown(`${name}, ${connections} connections, p99`, medianOf(all, 'p99Ms'), 'ms'),
    shown(`${name}, ${connections} connections, processor an event`, medianOf(all, 'cpuUs'), 'µs'),
  ]);
}
