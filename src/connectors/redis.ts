import type { Redis, RedisOptions } from 'ioredis';
import { Problem } from '#core/problem';
import type { Secret } from '#lib/secret';

/** Redis answers within a millisecond or so; who waited this long will not hear any more. */
const ANSWER_MS = 2_000;
const CONNECT_MS = 3_000;
/** How often it is asked whether it is there. A connection that nobody answers on looks like a good one until then. */
const PING_MS = 1_000;
/** Pauses between attempts to connect again, growing to the second. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** After a refusal for want of Redis, work is tried again this much later. */
const RETRY_MS = 5_000;

/** The same answers as ever, not yet those of the third protocol. */
export type LinkOptions = Omit<RedisOptions, 'replyMapping' | 'protocol'>;

/** One Redis, shared by the processes of a server. */
export interface RedisLink {
  /** For single commands. They are refused at once while Redis is away: nothing is sent later than it was meant. */
  readonly client: Redis;
  isUp(): boolean;
  /** Resolves once Redis answers. @throws Problem `limits.unreachable` after `withinMs` */
  available(withinMs: number): Promise<void>;
  /** Takes it for lost until it answers again: somebody's connection to it broke. */
  doubt(): void;
  /** Tells when it is lost, and when it is back. */
  watch(watcher: { lost?: () => void; found?: () => void }): void;
  /** Another connection, which ends for good when it breaks. `Kind` may be a class made of ioredis's own. */
  once(make: (Kind: typeof Redis, options: LinkOptions) => Redis): Redis;
  /** The address without user and password. */
  readonly at: string;
  /** Redis's or the network's own word for why it is not there, such as ECONNREFUSED or WRONGPASS; null where nothing was said. */
  why(): string | null;
  close(): void;
}

export const unreachable = (): Problem => new Problem('limits.unreachable', { retryAfterMs: RETRY_MS });

/** Connects, and goes on trying for as long as it takes. The client is loaded here: who needs no Redis does not pay for it. */
export async function openRedis(url: Secret): Promise<RedisLink> {
  const { Redis: Kind } = await import('ioredis');
  const address = new URL(url.reveal());
  const options: LinkOptions = {
    host: address.hostname.replace(/^\[|\]$/g, ''),
    port: Number(address.port || 6379),
    db: Number(address.pathname.slice(1) || 0),
    ...(address.username ? { username: decodeURIComponent(address.username) } : {}),
    ...(address.password ? { password: decodeURIComponent(address.password) } : {}),
    ...(address.protocol === 'rediss:' ? { tls: { servername: address.hostname } } : {}),
    commandTimeout: ANSWER_MS,
    connectTimeout: CONNECT_MS,
    // Counting is of the moment: what could not be asked now must not be asked later, nor twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
  const client = new Kind({ ...options, retryStrategy: (attempts) => Math.min(FIRST_PAUSE_MS * attempts, LONGEST_PAUSE_MS) });
  const watchers: { lost?: () => void; found?: () => void }[] = [];
  const waiting = new Set<() => void>();
  let up = false;
  let why: string | null = null;
  let closed = false;

  function tell(now: boolean): void {
    if (now === up || closed) return;
    up = now;
    if (up) for (const go of [...waiting]) go();
    for (const watcher of watchers) (up ? watcher.found : watcher.lost)?.();
  }
  const note = (error: unknown): void => {
    const [, word] = /^([A-Z]{3,20})\b/.exec(error instanceof Error ? error.message : '') ?? [];
    const { code } = error as { code?: unknown };
    why = word ?? (typeof code === 'string' ? code : why);
  };
  const ping = (): void => {
    client.ping().then(
      () => tell(true),
      (error: unknown) => {
        note(error);
        tell(false);
      },
    );
  };
  // Without a listener ioredis would print each attempt.
  client.on('error', note);
  client.on('ready', ping);
  client.on('close', () => tell(false));
  const timer = setInterval(ping, PING_MS).unref();

  return {
    client,
    isUp: () => up,
    available: (withinMs) =>
      new Promise((resolve, reject) => {
        if (up) return resolve();
        const go = () => {
          clearTimeout(patience);
          waiting.delete(go);
          resolve();
        };
        const patience = setTimeout(() => {
          waiting.delete(go);
          reject(unreachable());
        }, withinMs);
        waiting.add(go);
      }),
    doubt() {
      tell(false);
      ping();
    },
    watch: (watcher) => void watchers.push(watcher),
    once: (make) => make(Kind, { ...options, retryStrategy: () => null }),
    at: `${address.protocol}//${address.host}${address.pathname}`,
    why: () => why,
    close() {
      closed = true;
      up = false;
      clearInterval(timer);
      client.disconnect();
    },
  };
}
