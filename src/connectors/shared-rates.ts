import { createHash } from 'node:crypto';
import { createRate, type RateOptions } from '#lib/rate';
import type { SharedRate } from '#ports/rates';
import type { RedisLink } from '#shared/redis';

/** One more in the key's window, which begins with the first; gives what is counted and how long the window still is. */
const COUNT = `local count = redis.call('incr', KEYS[1])
if count == 1 then redis.call('pexpire', KEYS[1], ARGV[1]) end
return {count, redis.call('pttl', KEYS[1])}`;
/** Longer than that nobody waits to be counted: then the process counts by itself. */
const PATIENCE_MS = 250;

/**
 * Counts in Redis for all processes. While Redis is away, or slow, each counts for itself, which is milder and never unlimited: a page of ours must not fail because
 * a count does. Keys hold addresses of people, so Redis is given their hash.
 */
export function createSharedRates(link: RedisLink, name: string, bounds: RateOptions): SharedRate {
  const own = createRate(bounds);
  return {
    async take(key, now) {
      const alone = own.take(key, now);
      if (!link.isUp()) return alone;
      const hashed = createHash('sha256').update(key).digest('base64url').slice(0, 22);
      const asked = link.client.eval(COUNT, 1, `countersign:rate:${name}:${hashed}`, bounds.windowMs).catch(() => null);
      const told = await Promise.race([asked, new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null).unref())]);
      if (!Array.isArray(told)) return alone;
      const [count, leftMs] = told as [number, number];
      return count > bounds.most ? Math.max(1, leftMs) : 0;
    },
  };
}
