import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ownUse } from '#core/day-use';
import { PRIORITY } from '#core/effect';
import { manualClock } from '#lib/clock';
import { newToken } from '#lib/ids';
import { Secret } from '#lib/secret';
import { createDayCounts } from '#shared/day-counts';
import { createQuotas } from '#shared/quota';
import { openRedis, type RedisLink } from '#shared/redis';
import { createSharedRates } from '#shared/shared-rates';
import { startRedis, type OwnRedis } from './limits-engines.ts';

let redis: OwnRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
const links: RedisLink[] = [];
afterEach(() => links.splice(0).forEach((link) => link.close()));

async function link(): Promise<RedisLink> {
  const made = await openRedis(new Secret(redis.url));
  await made.available(5000);
  links.push(made);
  return made;
}

describe("an account's calls of the day, by two machines", () => {
  const clock = manualClock();
  async function machine(prefix: string, limit = 400) {
    const quotas = createQuotas(clock);
    quotas.heard('ins_1', { used: 0, limit });
    const counts = createDayCounts(await link(), quotas, clock, prefix);
    const call = (times: number): number => {
      let made = 0;
      for (let time = 0; time < times; time++)
        try {
          quotas.admit('ins_1', 25, PRIORITY.event);
          counts.touch('ins_1');
          made++;
        } catch {
          break;
        }
      return made;
    };
    const own = () => ownUse(quotas.known('ins_1') ?? { used: 0, limit: 0, readAt: 0, hours: {} }, clock.now());
    return { call, counts, own };
  }

  it('are one share: what one has used the other does not use again', async () => {
    const prefix = newToken(9);
    const [one, two] = [await machine(prefix), await machine(prefix)];
    expect(one.call(60)).toBe(60);
    await one.counts.flush();
    two.call(1);
    await two.counts.flush();
    expect(two.own()).toBe(61);
    expect(two.call(100)).toBe(39);
    await two.counts.flush();
    clock.advance(5000);
    one.call(1);
    await one.counts.flush();
    expect([one.own(), one.call(10)]).toEqual([101, 0]);
  });

  it('are not lost with Redis’s memory: each machine brings what it knows', async () => {
    const prefix = newToken(9);
    const one = await machine(prefix, 4000);
    one.call(30);
    await one.counts.flush();
    await links[0]?.client.del(`${prefix}:day:ins_1`);
    clock.advance(5000);
    one.call(1);
    await one.counts.flush();
    const two = await machine(prefix, 4000);
    two.call(1);
    await two.counts.flush();
    expect([one.own(), two.own()]).toEqual([31, 32]);
  });
});

describe('a rate', () => {
  const bounds = { most: 3, windowMs: 60_000, keys: 100 };

  it('is counted by all machines together, by key, and says how long to wait', async () => {
    const name = newToken(9);
    const [one, two] = [createSharedRates(await link(), name, bounds), createSharedRates(await link(), name, bounds)];
    expect([await one.take('a', 0), await two.take('a', 0), await one.take('a', 0)]).toEqual([0, 0, 0]);
    const wait = await two.take('a', 0);
    expect(wait > 59_000 && wait <= 60_000).toBe(true);
    expect(await two.take('b', 0)).toBe(0);
  });

  it('names no address to Redis', async () => {
    const name = newToken(9);
    const to = await link();
    await createSharedRates(to, name, bounds).take('203.0.113.7', 0);
    const keys = await to.client.keys(`*${name}*`);
    expect([keys.length, keys.filter((key) => key.includes('203.0.113.7'))]).toEqual([1, []]);
  });

  it('is still counted, by each machine for itself, while Redis is away', async () => {
    const other = await startRedis();
    const gone = await openRedis(new Secret(other.url));
    await gone.available(5000);
    const rate = createSharedRates(gone, newToken(9), bounds);
    expect(await rate.take('a', 0)).toBe(0);
    await other.stop('SIGKILL');
    const waits = [await rate.take('a', 0), await rate.take('a', 0), await rate.take('a', 0)];
    gone.close();
    expect(waits).toEqual([0, 0, 60_000]);
  });
});
