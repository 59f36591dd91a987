import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TenantId } from '#core/ids';
import { createLog } from '#lib/log';
import type { Faults } from '#ports/sandbox';
import { createLimits, type Limits } from '#shared/limits';
import type { Db } from '#store/database';
import { findGround } from '#store/grounds';
import { listInstalls, listTenants, type Install } from '#store/installs';
import { loadConfig, type Config } from '#src/config';
import { createVisitor, type PageSeen, type Visitor } from '#src/cli/visitor';
import type { SandboxWorld } from '#src/sandbox-world';
import { createWorld, type World, type WorldOptions } from '#src/world';
import { canariesOf, leaksIn } from './canaries.ts';
import { HASTE, hastyClock, type HastyClock } from './clock.ts';

/** A root key, for worlds whose database is not a file with one beside it. */
export const TEST_KEY = Buffer.alloc(32, 3).toString('base64');
const PATIENCE_MS = 60_000;
const LOOK_MS = 5;
/** No round begins by itself within a test: what lands has come by a webhook or by a call, unless the test asks for a round. */
const NEVER = 9_000_000_000_000;

/** The limiter counts in real time, in which the vendors' windows are shorter too. */
function hastyLimits(clock: HastyClock): Limits {
  const limits = createLimits(clock);
  return { ...limits, schedule: (budget, ...rest) => limits.schedule({ ...budget, requests: budget.requests * HASTE }, ...rest) };
}

export interface OpenOptions extends Pick<WorldOptions, 'accountType'> {
  /** Of an earlier world that has stopped; a new one of its own where absent. */
  folder?: string;
  /** A database elsewhere than in the folder. */
  database?: string;
  /** False: nothing is installed yet. */
  connect?: boolean;
  clock?: HastyClock;
  config?: Parameters<typeof loadConfig>[1];
  variables?: NodeJS.ProcessEnv;
}

/** A world of its own over real HTTP, in which time hurries, with what tests do and see. */
export interface TestWorld {
  world: World;
  db: Db;
  sandbox: SandboxWorld;
  address: string;
  clock: HastyClock;
  folder: string;
  visitor: Visitor;
  /** Every line of the log, as it would be printed. */
  logs: string[];
  tenant: TenantId;
  crm: Install;
  sign: Install;
  /** Presses Connect at the CRM. */
  installCrm(): Promise<PageSeen>;
  installSign(): Promise<PageSeen>;
  misbehave(faults: Partial<Faults>): void;
  behave(): void;
  until<T>(what: string | (() => string), look: () => Promise<T | null | undefined | false> | T | null | undefined | false): Promise<T>;
  /** Waits until nothing is on its way and nothing waits. */
  settled(): Promise<void>;
  /** Asks for a round of an install and waits for its end. */
  round(install: Install, name?: 'changes' | 'ground'): Promise<void>;
  /** Stops; the folder stays where it was given, or where `keep` says so. */
  stop(keep?: boolean): Promise<void>;
}

const CALM: Partial<Faults> = { duplicate: 0, reorder: 0, delay: 0, drop: 0, wrongSignature: 0, rateLimited: 0, unavailable: 0, lostReply: 0, maxPauseMs: 1000 };

export function testConfig(folder: string, options: OpenOptions = {}): Config {
  return loadConfig(options.variables ?? {}, {
    mode: 'sandbox',
    port: 0,
    database: options.database ?? join(folder, 'test.db'),
    logLevel: 'silent',
    coalesceMs: 400,
    // Time hurries here, so that what a test sends would be a crowd.
    ceiling: { sends: 100_000, minutes: 3, firstRun: 100_000 },
    ...options.config,
  });
}

/** Longer than every wait in it; shorter than a hook's patience, which would not say where it stood. */
const OPEN_MS = 50_000;

export async function openWorld(options: OpenOptions = {}): Promise<TestWorld> {
  const journey: Journey = { stage: 'creating', logs: [] };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The world did not open: it stood at "${journey.stage}". ${journey.logs.slice(-30).join('')}`));
    }, OPEN_MS);
  });
  return Promise.race([open(options, journey), late]).finally(() => clearTimeout(timer));
}

interface Journey {
  stage: string;
  logs: string[];
}

async function open(options: OpenOptions, journey: Journey): Promise<TestWorld> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'countersign-flow-'));
  const clock = options.clock ?? hastyClock();
  const { logs } = journey;
  const log = createLog('debug', { write: (line) => void logs.push(line) });
  const world = await createWorld(testConfig(folder, options), {
    clock,
    log,
    seed: 1,
    engine: 'embedded',
    limits: hastyLimits(clock),
    ...(options.accountType ? { accountType: options.accountType } : {}),
  });
  const { sandbox } = world;
  if (!sandbox) throw new Error('A test needs the sandbox world.');
  journey.stage = 'listening';
  const address = await world.start();
  const test: TestWorld = {
    world,
    db: world.db,
    sandbox,
    address,
    clock,
    folder,
    logs,
    visitor: createVisitor(),
    tenant: 'ten_unknown',
    crm: none,
    sign: none,
    async installCrm() {
      const consent = await test.visitor.open(`${address}/install/hubspot`);
      return test.visitor.submit(consent, '/oauth/authorize', { answer: 'connect' });
    },
    async installSign() {
      const consent = await test.visitor.open(`${address}/install/docusign?tenant=${test.tenant}`);
      return test.visitor.submit(consent, '/oauth/auth', { decision: 'allow' });
    },
    misbehave: (faults) => sandbox.misbehave(faults),
    behave: () => sandbox.misbehave(CALM),
    until: (what, look) => until(what, look, logs),
    async settled() {
      await test.until('everything to be settled', async () => {
        await sandbox.quiet();
        return (await waiting(world.db)) === 0;
      });
    },
    async round(install, name = 'changes') {
      const asked = clock.now();
      await world.db.updateTable('cursors').set({ next_at: asked }).where('install', '=', install.id).where('name', '=', name).execute();
      world.flow.wake.cursors();
      await test.until('the round to end', () =>
        world.db
          .selectFrom('cursors')
          .selectAll()
          .where('install', '=', install.id)
          .where('name', '=', name)
          .where('lease_until', '=', 0)
          .where('started_at', '>=', asked)
          .executeTakeFirst(),
      );
      await freezeRounds(world.db);
    },
    async stop(keep = false) {
      const canaries = await canariesOf(world);
      await world.stop();
      const leaks = leaksIn(`${logs.join('')}\n${await world.flow.metrics.registry.metrics()}`, canaries);
      if (leaks.length > 0) throw new Error(`The log or a metric says what it must not:\n${leaks.join('\n')}`);
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
  if (options.connect !== false) await connect(test, (stage) => (journey.stage = stage));
  return test;
}

/** Stands for an account that is not connected. */
const none = {} as Install;

async function connect(test: TestWorld, at: (stage: string) => void): Promise<void> {
  at('installing the CRM');
  const [known] = await listTenants(test.db);
  if (!known) await test.installCrm();
  const tenant = known ?? (await listTenants(test.db))[0];
  if (!tenant) throw new Error('No tenant was made.');
  test.tenant = tenant.id;
  at('installing the e-sign provider');
  if (!known) await test.installSign();
  at('looking');
  await knowInstalls(test);
  await test.until(
    "the accounts' fields and templates",
    async () => (await findGround(test.db, tenant.id, test.crm.id, 'schema')) && (await findGround(test.db, tenant.id, test.sign.id, 'templates')),
  );
  await test.until('the first rounds to end', async () => {
    const rounds = await test.db.selectFrom('cursors').select(['last_ok_at', 'lease_until']).where('tenant', '=', tenant.id).execute();
    return rounds.every((one) => one.last_ok_at !== null && one.lease_until === 0);
  });
  await freezeRounds(test.db);
  at('settling');
  await test.settled();
}

/** Reads the installs as they are now. */
export async function knowInstalls(test: TestWorld): Promise<void> {
  const installs = await listInstalls(test.db, test.tenant);
  test.crm = installs.find(({ vendor }) => vendor === 'hubspot') ?? none;
  test.sign = installs.find(({ vendor }) => vendor === 'docusign') ?? none;
}

export async function freezeRounds(db: Db): Promise<void> {
  await db.updateTable('cursors').set({ next_at: NEVER }).where('lease_until', '=', 0).execute();
}

/** What was logged last says where it stood. */
async function until<T>(what: string | (() => string), look: () => Promise<T | null | undefined | false> | T | null | undefined | false, logs: string[]): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Waited in vain for ${typeof what === 'string' ? what : what()}. ${logs.slice(-20).join('')}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function waiting(db: Db): Promise<number> {
  const inbox = await db.selectFrom('inbox').select('id').where('state', '=', 'ready').execute();
  const outbox = await db
    .selectFrom('outbox')
    .innerJoin('installs', 'installs.id', 'outbox.install')
    .select('outbox.id')
    .where('installs.state', '=', 'active')
    .where('outbox.state', 'in', ['ready', 'leased'])
    .execute();
  return inbox.length + outbox.length;
}
