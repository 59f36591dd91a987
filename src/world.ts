import { systemClock, type Clock } from '#lib/clock';
import { createLog, type Logger } from '#lib/log';
import { seededRandom } from '#lib/random';
import { projectFile } from '#lib/root';
import { createSealer } from '#lib/seal';
import type { Desk } from '#flow/desk';
import { createDesk } from '#flow/desk/create';
import { getVendor, type Flow } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { createReceive } from '#flow/receive';
import type { ConsoleOptions } from '#http/console';
import { createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import { createLimits } from '#shared/limits';
import { openDatabase, type Db } from '#store/database';
import { createIngest } from '#store/ingest';
import { issueLink } from '#store/sessions';
import { createApp } from './app.ts';
import { createBinder } from './calls.ts';
import type { Config } from './config.ts';
import { createListener } from './listener.ts';
import { createLoops } from './loops.ts';
import { prepareDatabase } from './prepare.ts';
import type { SandboxWorld } from './sandbox-world.ts';
import { CONNECTORS, createVendors, liveRegistrations } from './vendors.ts';

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
  accountType?: 'STANDARD' | 'SANDBOX' | 'DEVELOPER_TEST';
}

/** The only wiring: from a configuration to a server that can be started, on a database that is ready for it. @throws ConfigError where the database is of another mode */
export async function createWorld(config: Config, options: WorldOptions = {}): Promise<World> {
  const { clock = systemClock, log = createLog(config.logLevel), seed = Date.now() } = options;
  const db = await openPrepared(config, log);
  const stopping = new AbortController();
  const address: { taken: string | null; ready: boolean } = { taken: null, ready: false };
  const publicUrl = () => config.publicUrl ?? address.taken ?? `http://${config.host}:${config.port}`;

  const sandbox = config.mode === 'sandbox' ? await openSandbox(config, publicUrl, clock, seed, options) : null;
  const checkHost = createHostCheck(sandbox ? () => new URL(publicUrl()).origin : null);
  const limits = createLimits(clock);
  const loops = createLoops();
  const flow: Flow = {
    db,
    clock,
    log,
    sealer: createSealer(config.key),
    metrics: createMetrics(),
    random: seededRandom(seed),
    vendors: createVendors(sandbox?.registrations ?? liveRegistrations(config), publicUrl),
    publicUrl,
    coalesceMs: config.coalesceMs,
    admission: config.admission,
    tokenHttp: (vendor) => createTokenHttp(getVendor(flow, vendor).connector.manifest, checkHost),
    bind: createBinder(() => flow, { limits, checkHost, stopping: stopping.signal }),
    wake: loops.wake,
    shippedMapping: (vendor, kind) => projectFile(`mappings/${vendor}/${kind}.yaml`),
  };
  const ingest = createIngest(db, flow.wake.inbox);
  const desk = createDesk(flow);
  const receive = createReceive(flow, ingest);
  const listener = createListener(createApp({ flow, desk, receive, isReady: () => address.ready, sandbox: sandbox?.app ?? null, console: consoleOf(flow, desk, sandbox) }));

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
    await db.destroy();
  }

  let stopped: Promise<void> | null = null;
  return {
    config,
    flow,
    desk,
    db,
    sandbox,
    async start() {
      address.taken = await listener.listen(config.host, config.port);
      loops.start(flow);
      address.ready = true;
      return publicUrl();
    },
    stop: () => (stopped ??= stop()),
    link: async () => `${publicUrl()}/enter/${await issueLink(db, { tenant: null, ttlMs: LINK_MS, now: clock.now() })}`,
  };
}

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
    vendors: CONNECTORS.map(({ manifest, auth }) => ({
      id: manifest.id,
      name: manifest.name,
      connectable: vendors.has(manifest.id),
      capabilities: manifest.capabilities,
      ...(manifest.webhook ? { webhook: manifest.webhook.path } : {}),
      // What a registration holds beyond the usual is the key of this grant.
      byKey: auth.mint !== undefined && Object.keys(vendors.get(manifest.id)?.app.more ?? {}).length > 0,
    })),
  };
}

async function openPrepared({ database, mode }: Config, log: Logger): Promise<Db> {
  const db = openDatabase(database);
  try {
    const ran = await prepareDatabase(db, mode);
    if (ran.length > 0) log.info({ migrations: ran }, 'schema brought up to date');
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function openSandbox(config: Config, publicUrl: () => string, clock: Clock, seed: number, { serve = true, accountType }: WorldOptions): Promise<SandboxWorld> {
  const { createSandboxWorld } = await import('./sandbox-world.ts');
  const file = !serve || config.database === ':memory:' || config.database.includes('://') ? null : `${config.database}.sandbox.json`;
  return createSandboxWorld({ publicUrl, clock, seed, file, ...(accountType ? { accountType } : {}) });
}
