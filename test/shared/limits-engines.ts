import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { newToken } from '#lib/ids';
import { systemClock, type Clock } from '#lib/clock';
import { Secret } from '#lib/secret';
import { createLimits, type Budget, type Limits } from '#shared/limits';
import { openRedis, type RedisLink } from '#shared/redis';
import { createSharedLimits } from '#shared/shared-limits';

/** Idle limiters are let go after this long, so that a test can see it. */
const IDLE_MS = 300;

export interface OwnRedis {
  url: string;
  port: number;
  process: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** A Redis of one test's own, which may be stopped. `redis-server` has to be installed. */
export async function startRedis(given?: number): Promise<OwnRedis> {
  const port = given ?? (await freePort());
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--daemonize', 'no'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error('redis-server cannot be started. Install it (Debian: apt-get install redis-server).', { cause: error })));
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${String(code)}.`)));
    server.stdout.on('data', (data: Buffer) => void (data.toString().includes('Ready to accept connections') && resolve()));
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    process: server,
    stop: (signal = 'SIGTERM') =>
      new Promise((resolve) => {
        if (server.exitCode !== null || server.signalCode !== null) return resolve();
        server.once('exit', () => resolve());
        server.kill(signal);
      }),
  };
}

/** Most requests that began in any window of that length. */
export const mostIn = (times: readonly number[], windowMs: number): number =>
  Math.max(0, ...times.map((start) => times.filter((time) => time >= start && time < start + windowMs).length));

/** Asks for `count` requests at once, in turn of each machine, lets time pass, and gives back when each began. */
export async function flood(machines: readonly Limits[], count: number, of: Budget, forMs: number): Promise<number[]> {
  const began: number[] = [];
  const stop = new AbortController();
  const all = Array.from({ length: count }, async (_, one) => {
    await machines[one % machines.length]?.schedule(of, 5, async () => void began.push(performance.now()), stop.signal).catch(() => undefined);
  });
  await systemClock.sleep(forMs);
  stop.abort();
  await Promise.all(all);
  return began;
}

export const budget = (over: Partial<Budget> = {}): Budget => ({ key: 'ins_1', requests: 1000, windowMs: 10_000, concurrent: 6, timeoutMs: 5000, ...over });

/** One place where limits are counted: a process, or a Redis with machines around it. */
export interface Engine {
  /** Limits as one machine has them. All machines of an engine share what is counted. */
  machine(clock?: Clock): Promise<Limits>;
  close(): Promise<void>;
}

export async function inProcess(): Promise<Engine> {
  const made: Limits[] = [];
  return {
    async machine(clock = systemClock) {
      const limits = createLimits(clock, { idleMs: IDLE_MS });
      made.push(limits);
      return limits;
    },
    async close() {
      await Promise.all(made.map(async (one) => one.close()));
    },
  };
}

export async function onRedis(redis: OwnRedis): Promise<Engine & { links: RedisLink[]; prefix: string }> {
  const prefix = `test-${newToken(9)}`;
  const made: Limits[] = [];
  const links: RedisLink[] = [];
  return {
    links,
    prefix,
    async machine(clock = systemClock) {
      const link = await openRedis(new Secret(redis.url));
      await link.available(5000);
      const limits = createSharedLimits(link, clock, { prefix, patienceMs: 400, idleMs: IDLE_MS });
      links.push(link);
      made.push(limits);
      return limits;
    },
    async close() {
      await Promise.all(made.map((one) => one.close()));
      for (const link of links) link.close();
    },
  };
}
