import { systemClock, type Clock } from '#lib/clock';
import { createLog, type Logger } from '#lib/log';
import { seededRandom } from '#lib/random';
import { projectFile } from '#lib/root';
import type { Sealer } from '#lib/seal';
import type { Desk } from '#flow/desk';
import { createDesk } from '#flow/desk/create';
import { getVendor, type Flow } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { createReceive } from '#flow/receive';
import type { ConsoleOptions } from '#http/console';
import { createBudgets } from '#shared/budgets';
import { createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import { createLimits, type Limits } from '#shared/limits';
import { createOutgoing } from '#shared/outgoing';
import { createQuotas } from '#shared/quota';
import { createTimestamps } from '#shared/timestamps';
import { isPostgres, openDatabase, type Db } from '#store/database';
import { createEmbeddedLanes } from '#work/embedded-lanes';
import { createGraphileLanes } from '#work/graphile-lanes';
import { unknownMigrations } from '#store/health';
import { createIngest } from '#store/ingest';
import { postgresTime } from '#store/leases';
import { asServer } from '#store/scope';
import { faultOfWall, findWall } from '#store/wall';
import { claimSole, endLeases, type Sole } from '#store/sole';
import { findRestored } from '#store/restored';
import { issueLink } from '#store/sessions';
import { createApp, createWorkerApp } from './app.ts';
import { createBinder } from './calls.ts';
import { ConfigError, type Config } from './config.ts';
import { opening } from './database-words.ts';
import { addressOf, createListener } from './listener.ts';
import { createLoops } from './loops.ts';
import { prepareDatabase } from './prepare.ts';
import { findInFiles, openSealer, readRootKeys } from './root-keys.ts';
import type { SandboxWorld } from './sandbox-world.ts';
import { openSharedCount } from './shared-count.ts';
import { CONNECTORS, createVendors, liveRegistrations } from './vendors.ts';

/** Runs when a database is made, and never again. */
const FIRST_MIGRATION = '0001-first';
const LINK_MS = 15 * 60_000;

export interface World {
  config: Config;
  flow: Flow;
  desk: Desk;
  db: Db;
  /** Null when live: then no part of the sandbox is even loaded. */
  sandbox: SandboxWorld | null;
  /** Listens and starts to work. Returns the address for browsers. */
  start(): Promise<string>;
  /** Takes no more, ends what is running, closes. May be called twice. */
  stop(): Promise<void>;
  /** A one-time link into the console as operator. */
  link(): Promise<string>;
}

export interface WorldOptions {
  /** False for commands that only look: the sandbox world, which belongs to the serving process, is then not kept over. */
  serve?: boolean;
  clock?: Clock;
  log?: Logger;
  seed?: number;
  limits?: Limits;
  /** What runs the lanes; by default what fits the database. Jobs wait in the database's time, so a story whose clock hurries says `embedded` on PostgreSQL too. */
  engine?: 'embedded' | 'graphile';
  accountType?: 'STANDARD' | 'SANDBOX' | 'DEVELOPER_TEST';
}

/** The only wiring: from a configuration to a server that can be started, on a database that is ready for it. @throws ConfigError where the database is of another mode */
export async function createWorld(asked: Config, options: WorldOptions = {}): Promise<World> {
  const place = asked.mode === 'sandbox' ? await import('./sandbox-place.ts') : null;
  const { config, former } = (await place?.placeAgain(asked, options.serve ?? true)) ?? { config: asked };
  const { clock = systemClock, log = createLog(config.logLevel), seed = Date.now() } = options;
  const quotas = createQuotas(clock);
  const shared = await openSharedCount(config, { clock, log, quotas, demand: options.serve ?? true });
  const limits = options.limits ?? shared?.limits ?? createLimits(clock);
  const { db, sealer } = await asServer(() => openPrepared(config, log, clock)).catch(async (error: unknown) => {
    await shared?.close();
    throw error;
  });
  const stopping = new AbortController();
  const address: { taken: string | null; ready: boolean } = { taken: null, ready: false };
  const publicUrl = () => config.publicUrl ?? address.taken ?? former ?? addressOf(config.host, config.port);

  const sandbox = place ? await openSandbox(place.sandboxFile(config), publicUrl, clock, seed, options) : null;
  const checkHost = createHostCheck(sandbox ? () => new URL(publicUrl()).origin : null);
  const budgets = createBudgets(clock);
  const { engine = isPostgres(db) ? 'graphile' : 'embedded' } = options;
  const lanes = engine === 'graphile' ? createGraphileLanes({ db, address: config.database, clock, log }) : createEmbeddedLanes({ clock, log });
  const loops = createLoops(lanes, config.role === 'all' ? () => listener.came() : null);
  const flow: Flow = {
    db,
    clock,
    // A clock that is played is the one clock of its story.
    ...(isPostgres(db) && clock.steady ? { leaseTime: () => postgresTime } : {}),
    log,
    sealer,
    metrics: createMetrics(),
    random: seededRandom(seed),
    vendors: createVendors(sandbox?.registrations ?? liveRegistrations(config), publicUrl, sandbox === null),
    publicUrl,
    coalesceMs: config.coalesceMs,
    ceiling: { sends: config.ceiling.sends, withinMs: config.ceiling.minutes * 60_000, firstRun: config.ceiling.firstRun },
    admission: config.admission,
    restored: await findRestored(db),
    keepDays: config.keepDays,
    tokenHttp: (vendor) => createTokenHttp(getVendor(flow, vendor).connector.manifest, checkHost),
    bind: createBinder(() => flow, { limits, quotas, budgets, ...(shared ? { counts: shared.counts } : {}), checkHost, stopping: stopping.signal }),
    outgoing: createOutgoing({ clock, loopback: config.loopbackEndpoints, stopping: stopping.signal }),
    wake: loops.wake,
    storeFault: () => ingest.fault(),
    ...(shared ? { rates: shared.rates } : {}),
    limitsFault: limits.fault,
    ...(config.timestamps ? { timestamps: createTimestamps(config.timestamps.url, config.timestamps.chain, stopping.signal) } : {}),
    ...(sandbox ? { sandboxTexts: () => projectFile('mappings/consent/texts.yaml'), sandboxPage: () => projectFile('mappings/consent/capture.yaml') } : {}),
    shippedMapping: (vendor, kind) => projectFile(`mappings/${vendor}/${kind}.yaml`),
  };
  shared?.alarm(db);
  flow.metrics.beforeScrape.add(() => {
    flow.metrics.limiters.set(limits.size());
    for (const { window, part } of budgets.fullest()) flow.metrics.budgetUsed.set({ window }, part);
  });
  const ingest = createIngest(db, flow.wake.inbox);
  const desk = createDesk(flow);
  const receive = createReceive(flow, ingest, { perSecond: config.webhooksPerSecond });
  const listener = createListener(
    config.role === 'worker'
      ? createWorkerApp(flow, () => address.ready)
      : createApp({ flow, desk, receive, isReady: () => address.ready, sandbox: sandbox?.app ?? null, proxies: config.proxies, console: consoleOf(flow, desk, sandbox) }),
    // The sandbox's own calls come from this very machine too.
    config.proxies > 0 || sandbox ? { ofAnAddress: null } : {},
  );

  async function stop(): Promise<void> {
    address.ready = false;
    const closed = listener.refuse();
    await ingest.drain();
    sandbox?.close();
    const ended = loops.stop();
    stopping.abort();
    await ended;
    await ingest.drain();
    listener.hangUp();
    await closed;
    sandbox?.save();
    await limits.close();
    await shared?.close();
    await db.destroy();
    sole?.release();
  }

  let sole: Sole | null = null;
  let stopped: Promise<void> | null = null;
  return {
    config,
    flow,
    desk,
    db,
    sandbox,
    async start() {
      address.taken = await listener.listen(config.host, config.port).catch(cannotListen(config));
      sole = claimPlace(config);
      if (sole) await asServer(() => endLeases(db, clock.now()));
      if (place) await asServer(() => place.followSandbox(db, publicUrl()));
      asServer(() => (config.role === 'web' ? loops.watch(flow) : loops.start(flow)));
      address.ready = true;
      sandbox?.save();
      return publicUrl();
    },
    stop: () => (stopped ??= stop()),
    link: async () => `${publicUrl()}/enter/${await asServer(() => issueLink(db, { tenant: null, ttlMs: LINK_MS, now: clock.now() }))}`,
  };
}

/** What can be mended by another address is told as that. */
const cannotListen =
  ({ host, port }: Config) =>
  (error: unknown): never => {
    const other = 'PORT chooses another one; PORT=0 takes one that is free.';
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EADDRINUSE':
        throw new ConfigError(`Port ${port} of ${host} is taken by another program. ${other}`);
      case 'EACCES':
        throw new ConfigError(`This user may not open port ${port}. ${other}`);
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new ConfigError(`This machine has no address ${host}. HOST chooses another one, such as 127.0.0.1.`);
      default:
        throw error;
    }
  };

function consoleOf(flow: Flow, desk: Desk, sandbox: SandboxWorld | null): ConsoleOptions {
  const { db, clock, publicUrl, sealer, log, vendors } = flow;
  return {
    db,
    desk,
    clock,
    publicUrl,
    sealer,
    log,
    sandbox: sandbox !== null,
    sandboxLinks: sandbox?.links ?? [],
    ...(sandbox ? { sandboxSteps: sandbox.steps } : {}),
    vendors: CONNECTORS.map(({ manifest, auth, cards, crm }) => ({
      id: manifest.id,
      name: manifest.name,
      connectable: vendors.has(manifest.id),
      capabilities: manifest.capabilities,
      ...(manifest.webhook ? { webhook: manifest.webhook.path } : {}),
      // The sandbox plays every login at its own address.
      ...(sandbox === null ? { logins: manifest.oauth.logins } : {}),
      ...(sandbox === null && manifest.oauth.ownLogin !== undefined ? { ownLogin: manifest.oauth.ownLogin } : {}),
      cardKeys: cards?.keys === 'install',
      listens: crm?.listen !== undefined,
      // What a registration holds beyond the usual is the key of this grant.
      byKey: auth.mint !== undefined && Object.keys(vendors.get(manifest.id)?.app.more ?? {}).length > 0,
    })),
  };
}

/** Null where another server runs on the same file, and where several may run on one database. */
function claimPlace({ database }: Config): Sole | null {
  return database === ':memory:' || database.includes('://') ? null : claimSole(database);
}

async function openPrepared({ database, mode, keys, pool }: Config, log: Logger, clock: Clock): Promise<{ db: Db; sealer: Sealer }> {
  const rootKeys = await readRootKeys(keys, clock.now());
  const db = await opening(database, () => openDatabase(database, pool));
  try {
    const ran = await opening(database, () => prepareDatabase(db, mode));
    if (ran.length > 0) log.info({ migrations: ran }, 'schema brought up to date');
    const fault = faultOfWall(await findWall(db));
    if (fault) log.warn({ fix: fault.fix }, fault.say);
    const newer = await unknownMigrations(db);
    // Usual while a new release is rolled out: migrations only add, so this one works on.
    if (newer.length > 0) log.info({ migrations: newer }, 'the schema is of a newer release');
    return { db, sealer: await openSealer(db, rootKeys, { fresh: ran.includes(FIRST_MIGRATION), now: clock.now(), find: findInFiles(keys, clock) }) };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function openSandbox(kept: string | null, publicUrl: () => string, clock: Clock, seed: number, { serve = true, accountType }: WorldOptions): Promise<SandboxWorld> {
  const { createSandboxWorld } = await import('./sandbox-world.ts');
  return createSandboxWorld({ publicUrl, clock, seed, file: serve ? kept : null, ...(accountType ? { accountType } : {}) });
}
