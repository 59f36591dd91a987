import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Db } from '#store/database';
import { openFront, type Front, type FrontOptions } from '../bench/front.ts';
import { findSeeded, KEY, type Seeded } from '../bench/seed.ts';
import { freePort } from '../bench/servers.ts';
import { closePool, takeDatabase } from '../store/postgres-pool.ts';
import { leftOver, type Faults } from './books.ts';
import { buildProduct, launch, serving, type Running } from './product.ts';
import type { Stories } from './stories.ts';

export type Engine = 'sqlite' | 'postgres';
/** The key with which the sandbox's DocuSign signs. */
export const SANDBOX_KEY = 'sandbox-connect-key-1';
const PATIENCE_MS = 240_000;
const LOOK_MS = 100;

/** Vendors in this process, and the product as processes of its own that share one database. */
export interface Stage {
  front: Front;
  folder: string;
  database: string;
  seeded: Seeded;
  /** One place for each process; a process that is started again takes the port of the one before. */
  processes: (Running | null)[];
  start(place: number): Running;
  /** Starts what does not run and waits until all are ready. */
  startAll(): Promise<void>;
  /** A process that runs, or any where none does. */
  anyPort(): number;
  /** Looks into the database with a connection that is closed after it: an open one would do the recovery that is the product's. */
  look<T>(work: (db: Db) => Promise<T>): Promise<T>;
  until(what: string, isSo: () => Promise<boolean> | boolean, patienceMs?: number): Promise<void>;
}
export interface StageOptions {
  engine: Engine;
  processes?: number;
  environment?: Record<string, string>;
  /** Node's own arguments. */
  node?: string[];
  front?: FrontOptions;
  /** A PostgreSQL that is not the machine's. */
  database?: string;
}

export async function onStage<T>(options: StageOptions, play: (stage: Stage) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-faults-'));
  const build = buildProduct();
  const front = await openFront(options.front);
  const stage = await createStage(options, folder, front, build);
  try {
    await stage.startAll();
    front.behind(stage.anyPort);
    const tenant = await front.connect();
    stage.seeded = await stage.look((db) => findSeeded(db, tenant));
    await stage.until('the properties', () => 'esign_status' in front.sandbox.hubspot.world().properties.deals);
    await stage.until('schema and templates', () => stage.look(async (db) => (await db.selectFrom('grounds').select('kind').execute()).length === 2));
    return await play(stage);
  } finally {
    await Promise.all(stage.processes.map(async (one) => one?.kill()));
    await front.close();
    if (options.engine === 'postgres' && options.database === undefined) await closePool();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function createStage({ engine, processes = 1, environment = {}, node = [], database }: StageOptions, folder: string, front: Front, build: string): Promise<Stage> {
  const address = database ?? (engine === 'sqlite' ? join(folder, 'product.db') : await takeDatabase({ empty: true }));
  const ports = await Promise.all(Array.from({ length: processes }, freePort));
  const stage: Stage = {
    front,
    folder,
    database: address,
    seeded: none,
    processes: ports.map(() => null),
    start(place) {
      // A story may move more deals at once than a rule may send to by itself.
      const unbraked = { COUNTERSIGN_CEILING: '100000', COUNTERSIGN_FIRST_RUN: '100000' };
      const variables = {
        ...unbraked,
        COUNTERSIGN_MODE: 'sandbox',
        PUBLIC_URL: front.address,
        COUNTERSIGN_DATABASE: address,
        COUNTERSIGN_KEY: KEY.toString('base64'),
        ...environment,
      };
      const running = launch([...node, ...serving(build)], ports[place] ?? 0, variables);
      stage.processes[place] = running;
      return running;
    },
    async startAll() {
      await Promise.all(stage.processes.map((one, place) => (one?.isRunning() ? one : stage.start(place)).ready));
    },
    anyPort() {
      const running = stage.processes.filter((one) => one?.isRunning());
      return (running[Math.floor(Math.random() * running.length)] ?? stage.processes[0])?.port ?? 0;
    },
    async look(work) {
      const db = openDatabase(address);
      try {
        return await work(db);
      } finally {
        await db.destroy();
      }
    },
    async until(what, isSo, patienceMs = PATIENCE_MS) {
      const end = performance.now() + patienceMs;
      while (!(await isSo())) {
        if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
  };
  return stage;
}

/** Stands for an account that is not connected yet. */
const none = { tenant: 'ten_none' } as unknown as Seeded;

/** Waits until the vendors' people have seen the end of every story and nothing waits here. Returns what did not come to its end. */
export async function quiet(stage: Stage, stories: Stories): Promise<Faults> {
  try {
    await stage.until('every story to end', () => stories.unfinished() === undefined);
    await stage.front.sandbox.quiet();
    await stage.until('nothing to wait', async () => (await stage.look(leftOver)).waiting === 0);
    return [];
  } catch (error) {
    return [`${error instanceof Error ? error.message : String(error)} Deal ${stories.unfinished() ?? '-'} is not at its end.`];
  }
}
