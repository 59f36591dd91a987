import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#lib/clock';
import type { Limits } from '#shared/limits';
import { budget, flood, onRedis, startRedis, type OwnRedis } from './limits-engines.ts';

const sleep = (ms: number) => systemClock.sleep(ms);
const idle = async () => undefined;

let redis: OwnRedis;
let engine: Awaited<ReturnType<typeof onRedis>>;
let one: Limits;
let two: Limits;
beforeEach(async () => {
  redis = await startRedis();
  engine = await onRedis(redis);
  one = await engine.machine();
  two = await engine.machine();
});
afterEach(async () => {
  await engine.close();
  await redis.stop('SIGKILL');
});

async function until(what: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await what())) {
    if (performance.now() > end) throw new Error('Waited in vain.');
    await sleep(10);
  }
}
const keyOf = (part: string) => `b_${engine.prefix}-ins_1_${part}`;
const client = () => engine.links[0]?.client ?? engine.links.at(-1)?.client;

describe('two machines on one Redis', () => {
  it('together take no more at once than the vendor does', async () => {
    let now = 0;
    let most = 0;
    const slow = async () => {
      most = Math.max(most, ++now);
      await sleep(15);
      now--;
    };
    await Promise.all(Array.from({ length: 20 }, (_, place) => (place % 2 ? one : two).schedule(budget({ concurrent: 3 }), 5, slow)));
    expect(most).toBe(3);
  });

  it('rest together when the vendor asked one of them', async () => {
    one.rest('ins_1', 400);
    await sleep(20);
    const start = performance.now();
    await two.schedule(budget(), 5, idle);
    expect(performance.now() - start).toBeGreaterThan(300);
    one.rest('ins_1', 3_600_000);
    await sleep(20);
    await expect(two.schedule(budget(), 2, idle)).rejects.toMatchObject({ code: 'vendor.rate-limited' });
  });

  it("a click on one is not behind the other's queue: places go in turn to machines that wait", async () => {
    const order: string[] = [];
    const work = (limits: Limits, what: string, priority: number) => limits.schedule(budget({ concurrent: 1 }), priority, () => (order.push(what), sleep(20)));
    const queued = Array.from({ length: 12 }, () => work(one, 'background', 8));
    await until(() => order.length > 0);
    await work(two, 'click', 2);
    expect(order.indexOf('click')).toBeLessThanOrEqual(3);
    await Promise.all(queued);
  });

  it('of which one has a wrong clock share the bucket fairly: the time is that of Redis', async () => {
    const real = Date.now;
    const of = budget({ requests: 30, windowMs: 3000 });
    Date.now = () => real() + 600_000;
    try {
      await flood([one], 20, of, 400);
    } finally {
      Date.now = real;
    }
    const last = Number(await client()?.hget(keyOf('settings'), 'lastReservoirIncrease'));
    expect(Math.abs(last - Date.now())).toBeLessThan(5000);
    expect((await flood([two], 20, of, 1400)).length).toBeGreaterThan(0);
  });

  it('of which one dies give its places back: each has a time after which it is nobody’s', async () => {
    let end = (): void => undefined;
    const running = one.schedule(budget(), 5, () => new Promise<void>((resolve) => (end = resolve)));
    const other = end;
    await until(() => end !== other);
    const before = await client()?.zcount(keyOf('job_expirations'), '-inf', Date.now() + 26_000);
    expect(before).toBe(1);
    end();
    await running;
  });

  it('leave nothing behind for ever: what an idle install left in Redis goes by itself', async () => {
    await one.schedule(budget(), 5, idle);
    one.rest('ins_2', 500);
    await sleep(20);
    const keys = (await client()?.keys('*')) ?? [];
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(await client()?.pttl(key), key).toBeGreaterThan(0);
  });
});

describe('while Redis is away', () => {
  it('no call is made, whoever waits is told to come back, and it goes on by itself once Redis is there', async () => {
    await one.schedule(budget(), 5, idle);
    const { port } = redis;
    let asked = 0;
    let running: Promise<unknown> = Promise.resolve();
    await new Promise<void>((begun) => {
      running = one.schedule(budget({ concurrent: 1, key: 'ins_3' }), 5, () => (begun(), sleep(500)));
    });
    const behind = expect(one.schedule(budget({ concurrent: 1, key: 'ins_3' }), 5, async () => void asked++)).rejects.toMatchObject({
      code: 'limits.unreachable',
      remedy: 'retry',
      retryAfterMs: 5000,
    });
    await redis.stop('SIGKILL');
    await behind;
    await expect(one.schedule(budget(), 2, async () => void asked++)).rejects.toMatchObject({ code: 'limits.unreachable' });
    expect([one.fault(), asked]).toEqual(['Redis does not answer', 0]);
    // What had begun ends as it would have.
    await running;
    redis = await startRedis(port);
    await until(() => one.fault() === null);
    expect(await one.schedule(budget(), 5, async () => 'asked')).toBe('asked');
    expect(await two.schedule(budget(), 5, async () => 'asked')).toBe('asked');
  });

  it('for a moment, calls wait for it and are made once', async () => {
    await one.schedule(budget(), 5, idle);
    const { port } = redis;
    await redis.stop('SIGKILL');
    let asked = 0;
    const call = one.schedule(budget(), 5, async () => ++asked);
    redis = await startRedis(port);
    expect(await call).toBe(1);
  });

  it('or holds its connections open and says nothing, the same is true', async () => {
    await one.schedule(budget(), 5, idle);
    redis.process.kill('SIGSTOP');
    await until(() => one.fault() !== null);
    await expect(one.schedule(budget(), 5, idle)).rejects.toMatchObject({ code: 'limits.unreachable' });
    redis.process.kill('SIGCONT');
    await until(() => one.fault() === null);
    expect(await one.schedule(budget(), 5, async () => 'asked')).toBe('asked');
  });
});
