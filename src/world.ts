import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { systemClock, type Clock } from '#lib/clock';
import { createLog, type Logger } from '#lib/log';
import { seededRandom } from '#lib/random';
import { projectFile } from '#lib/root';
import { createSealer } from '#lib/seal';
import type { Desk } from '#flow/desk';
import { createDesk } from '#flow/desk/create';
import { createAdvance } from '#flow/advance';
import { getVendor, type Flow, type Wake } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { createPerform } from '#flow/perform/perform';
import { createReceive } from '#flow/receive';
import { createReconcile } from '#flow/reconcile';
import { createRuleBook } from '#flow/rule-book';
import { createTokens } from '#flow/tokens';
import { createCall, createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import { insistent } from '#shared/insist';
import { createLimits } from '#shared/limits';
import type { InstallView } from '#ports/call';
import { nextRoundAt } from '#store/cursors';
import { openDatabase, type Db } from '#store/database';
import { createIngest } from '#store/ingest';
import { nextNoticeAt } from '#store/inbox';
import type { Install } from '#store/installs';
import { nextEffectAt } from '#store/outbox';
import { issueLink } from '#store/sessions';
import { startLoop, type Loop } from '#work/loop';
import { createUpkeep } from '#work/upkeep';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { prepareDatabase } from './prepare.ts';
import type { SandboxWorld } from './sandbox-world.ts';
import { CONNECTORS, createVendors, liveRegistrations } from './vendors.ts';

/** Lanes served at once: one slow vendor does not hold up the others. */
const LANES_AT_ONCE = 8;
const LINK_MS = 15 * 60_000;
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** More at once are closed as they come, so that a flood of connections cannot use up the process's files. */
const MOST_CONNECTIONS = 4096;

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
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog(config.logLevel);
  const seed = options.seed ?? Date.now();
  const db = await openPrepared(config, log);
  const stopping = new AbortController();
  let listening: string | null = null;
  const publicUrl = () => config.publicUrl ?? listening ?? `http://${config.host}:${config.port}`;

  const sandbox = config.mode === 'sandbox' ? await openSandbox(config, publicUrl, clock, seed, options) : null;
  const vendors = createVendors(sandbox?.registrations ?? liveRegistrations(config), publicUrl);
  const checkHost = createHostCheck(sandbox ? () => new URL(publicUrl()).origin : null);
  const limits = createLimits(clock);
  const loops: Record<keyof Wake | 'upkeep', Loop | null> = { inbox: null, outbox: null, cursors: null, upkeep: null };

  const flow: Flow = {
    db,
    clock,
    log,
    sealer: createSealer(config.key),
    metrics: createMetrics(),
    random: seededRandom(seed),
    vendors,
    publicUrl,
    coalesceMs: config.coalesceMs,
    admission: config.admission,
    tokenHttp: (vendor) => createTokenHttp(getVendor(flow, vendor).connector.manifest, checkHost),
    bind,
    wake: { inbox: () => loops.inbox?.wake(), outbox: () => loops.outbox?.wake(), cursors: () => loops.cursors?.wake() },
    shippedMapping: (vendor, kind) => projectFile(`mappings/${vendor}/${kind}.yaml`),
  };
  const tokens = createTokens(flow);

  function bind(install: Install, priority: number, manner = 'once', signal?: AbortSignal) {
    const { manifest } = getVendor(flow, install.vendor).connector;
    const hook = manifest.webhook?.path === 'install' ? `/${install.hook}` : '';
    const call = createCall({
      manifest,
      install: viewOf(install),
      webhookUrl: `${publicUrl()}/webhooks/${manifest.id}${hook}`,
      priority,
      limits,
      clock,
      signal: signal ? AbortSignal.any([stopping.signal, signal]) : stopping.signal,
      checkHost,
      token: () => tokens.accessToken(install),
      renew: (stale) => tokens.renew(install, stale),
      observe(status, seconds) {
        log.debug({ vendor: manifest.id, install: install.id, priority, status, seconds }, 'call answered');
        flow.metrics.calls.inc({ vendor: manifest.id, status: String(status) });
        flow.metrics.callSeconds.observe({ vendor: manifest.id }, seconds);
      },
    });
    return manner === 'insistent' ? insistent(call, clock, flow.random) : call;
  }

  const ingest = createIngest(db, flow.wake.inbox);
  const desk = createDesk(flow);
  let ready = false;
  const app = createApp({
    flow,
    desk,
    receive: createReceive(flow, ingest),
    isReady: () => ready,
    sandbox: sandbox?.app ?? null,
    console: {
      db,
      desk,
      clock,
      publicUrl,
      sandbox: sandbox !== null,
      sealer: flow.sealer,
      log,
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
    },
  });
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, getRequestListener(app.fetch));
  server.maxConnections = MOST_CONNECTIONS;

  function startLoops(): void {
    const advance = createAdvance(flow, createRuleBook());
    const common = { clock, log };
    loops.inbox = startLoop({ ...common, name: 'advance', width: 1, turn: async () => (await advance()) > 0, nextAt: () => nextNoticeAt(db) });
    loops.outbox = startLoop({ ...common, name: 'perform', width: LANES_AT_ONCE, turn: createPerform(flow), nextAt: () => nextEffectAt(db, clock.now()) });
    loops.cursors = startLoop({ ...common, name: 'reconcile', width: 2, turn: createReconcile(flow), nextAt: () => nextRoundAt(db, clock.now()) });
    loops.upkeep = startLoop({ ...common, name: 'upkeep', width: 1, ...createUpkeep(flow) });
  }

  let stopped: Promise<void> | null = null;
  async function stop(): Promise<void> {
    ready = false;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await ingest.drain();
    sandbox?.close();
    const ended = Promise.all(Object.values(loops).map((loop) => loop?.stop()));
    stopping.abort();
    await ended;
    await ingest.drain();
    server.closeAllConnections();
    await closed;
    sandbox?.save();
    await limits.close();
    await db.destroy();
  }

  return {
    config,
    flow,
    desk,
    db,
    sandbox,
    async start() {
      listening = await listen(server, config);
      startLoops();
      ready = true;
      return publicUrl();
    },
    stop: () => (stopped ??= stop()),
    link: async () => `${publicUrl()}/enter/${await issueLink(db, { tenant: null, ttlMs: LINK_MS, now: clock.now() })}`,
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

function viewOf(install: Install): InstallView {
  return { id: install.id, account: install.account, baseUrl: install.base_url, environment: install.environment, details: JSON.parse(install.details) as InstallView['details'] };
}

async function openSandbox(config: Config, publicUrl: () => string, clock: Clock, seed: number, { serve = true, accountType }: WorldOptions): Promise<SandboxWorld> {
  const { createSandboxWorld } = await import('./sandbox-world.ts');
  const file = !serve || config.database === ':memory:' || config.database.includes('://') ? null : `${config.database}.sandbox.json`;
  return createSandboxWorld({ publicUrl, clock, seed, file, ...(accountType ? { accountType } : {}) });
}

function listen(server: Server, { host, port }: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const { port: taken } = server.address() as AddressInfo;
      resolve(`http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${taken}`);
    });
  });
}
