import Bottleneck from 'bottleneck';
import type { Redis } from 'ioredis';
import type { Clock } from '#lib/clock';
import { changedPace, createRests, fullAfterMs, paceOf, TICK_MS, type Budget, type Limits } from '#shared/limits';
import { createPacer, IDLE_MS, LONGEST_REST_MS, Lost, type Pacer, type Rests } from '#shared/pacer';
import { unreachable, type RedisLink } from '#shared/redis';

/** A call that has not begun waits this long for Redis to come back; then it is told to try again later. Never is it let through uncounted. */
const PATIENCE_MS = 3_000;
/** Times that one call may lose its place with Redis before it is told to try again. */
const LOSSES = 3;
/** On top of what a call and its rest may take, until a place counts as that of a process which died. */
const GRACE_MS = 5_000;
/** Longer than a limiter is idle: its own heartbeats do nothing that is not done here. */
const NO_HEARTBEAT_MS = 10 * 60_000;
const PREFIX = 'countersign';

/** Bottleneck asks Redis with the time of whoever asks, so that one machine whose clock is ten minutes ahead takes the refills of ten minutes and leaves the others none. Redis has one clock for all. */
const OWN_TIME = 'local now = tonumber(ARGV[1])';
const REDIS_TIME = "local clock = redis.call('time')\nlocal now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)";

/** Limits that hold for all processes with the same Redis, each of which has Bottleneck in front of it. */
export function createSharedLimits(link: RedisLink, clock: Clock, { prefix = PREFIX, patienceMs = PATIENCE_MS, idleMs = IDLE_MS } = {}): Limits {
  const rests = createSharedRests(link, clock, prefix);
  let engine: Promise<Engine> | null = null;
  let running: Engine | null = null;
  let closed = false;

  const drop = (): void => {
    const dropped = engine;
    engine = null;
    running = null;
    void dropped?.then((one) => one.close()).catch(() => undefined);
  };
  link.watch({ lost: drop });

  async function current(): Promise<Engine> {
    await link.available(patienceMs);
    engine ??= startEngine({ link, clock, rests, prefix, idleMs }, drop).catch((error: unknown) => {
      engine = null;
      throw error;
    });
    return (running = await engine);
  }

  return {
    async schedule(budget, priority, run, signal) {
      for (let loss = 0; ; loss++) {
        try {
          return await (await current()).pacer.schedule(budget, priority, run, signal);
        } catch (error) {
          if (!(error instanceof Lost)) throw error;
          if (loss === LOSSES || closed) throw unreachable();
          link.doubt();
        }
      }
    },
    rest: rests.begin,
    fault: () => (link.isUp() ? null : 'Redis does not answer'),
    size: () => running?.pacer.size() ?? 0,
    async close() {
      closed = true;
      drop();
    },
  };
}

interface EngineDeps {
  link: RedisLink;
  clock: Clock;
  rests: Rests;
  prefix: string;
  idleMs: number;
}
interface Engine {
  pacer: Pacer;
  close(): void;
}

/** Everything that stands on one pair of connections. When one of them breaks, all of it is thrown away: a limiter whose subscription is gone would wait for ever. */
async function startEngine({ link, clock, rests, prefix, idleMs }: EngineDeps, broken: () => void): Promise<Engine> {
  const client = link.once((Kind, options) => new (serverTimed(Kind))(options));
  const connection = new Bottleneck.IORedisConnection({ client, Redis: client.constructor });
  connection.on('error', () => undefined);
  const { subscriber, ready } = connection as unknown as { subscriber: Redis; ready: Promise<unknown> };
  // Bottleneck looks at neither: refused for a broken connection it would end the process.
  const unsubscribe = subscriber.unsubscribe.bind(subscriber) as (...channels: string[]) => Promise<unknown>;
  subscriber.unsubscribe = (...channels: unknown[]) => unsubscribe(...(channels as string[])).catch(() => undefined);
  const end = new Promise<never>((_resolve, reject) => {
    for (const one of [client, subscriber]) one.once('end', () => reject(new Lost()));
  });
  await Promise.race([ready, end]);
  end.catch(broken);

  const pacer = createPacer({
    clock,
    idleMs,
    rests,
    make(budget) {
      const keepMs = Math.ceil(Math.max(IDLE_MS * 2, fullAfterMs(budget)));
      const limiter = new Bottleneck({
        maxConcurrent: budget.concurrent,
        ...paceOf(budget),
        id: `${prefix}-${budget.key}`,
        connection,
        // What is in the bucket outlives this process, until it would be full again anyway.
        timeout: keepMs,
        heartbeatInterval: NO_HEARTBEAT_MS,
        clearDatastore: false,
      });
      // Its failing is told by the first call; left alone it would end the process.
      limiter.ready().catch(() => undefined);
      // Another process may have made it with another number.
      retune(limiter, budget);
      return limiter;
    },
    change: retune,
    keepMs: () => idleMs,
    expiresMs: ({ timeoutMs }) => timeoutMs + LONGEST_REST_MS + GRACE_MS,
  });
  // Buckets fill when somebody looks. Bottleneck's own heartbeat looks every 5 seconds, which makes "40 calls at 10 a second" last 15 seconds instead of 4; at 250 ms it looks
  // after 10,000 idle accounts 40,000 times a second. Here only those are looked after for whom a call waits.
  const ticks = setInterval(() => {
    for (const limiter of pacer.waiting()) limiter.currentReservoir().catch(() => undefined);
  }, TICK_MS).unref();
  return {
    pacer,
    close() {
      clearInterval(ticks);
      // First, so that its limiters do not take leave of a connection that is gone.
      connection.disconnect(false).catch(() => undefined);
      pacer.close();
    },
  };
}

/** Where Redis does not take it, the limiter goes on with the number that it had: it is lost with its connection anyway. */
function retune(limiter: Bottleneck, budget: Budget): void {
  // A promise, whatever its types say.
  Promise.resolve(limiter.updateSettings(changedPace(budget))).catch(() => undefined);
}

/** A client whose scripts take the time from Redis. */
function serverTimed(Kind: typeof Redis): typeof Redis {
  return class ServerTimed extends Kind {
    override defineCommand(name: string, definition: Parameters<Redis['defineCommand']>[1]): void {
      const lua = definition.lua.replace(OWN_TIME, REDIS_TIME);
      if (lua === definition.lua) throw new Error(`The script ${name} of Bottleneck does not take its time from where it is expected.`);
      super.defineCommand(name, { ...definition, lua });
    }
  };
}

const LENGTHEN = `if redis.call('pttl', KEYS[1]) < tonumber(ARGV[1]) then redis.call('set', KEYS[1], '1', 'px', ARGV[1]) end`;

/** Rests that all processes see. Redis forgets them by its own clock. */
function createSharedRests(link: RedisLink, clock: Clock, prefix: string): Rests {
  const own = createRests(clock);
  const name = (key: string) => `${prefix}:rest:${key}`;
  return {
    known: own.known,
    async left(key) {
      const told = await link.client.pttl(name(key));
      if (told > own.left(key)) own.begin(key, told);
      return own.left(key);
    },
    begin(key, ms) {
      own.begin(key, ms);
      // Where Redis is away nobody asks the vendor either, and this process remembers it by itself.
      link.client.eval(LENGTHEN, 1, name(key), Math.max(1, Math.ceil(ms))).catch(() => undefined);
    },
  };
}
