import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#lib/clock';
import type { Limits } from '#shared/limits';
import { budget, flood, inProcess, mostIn, onRedis, startRedis, type Engine, type OwnRedis } from './limits-engines.ts';

const sleep = (ms: number) => systemClock.sleep(ms);

let redis: OwnRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const ENGINES: Record<string, () => Promise<Engine>> = { 'in one process': inProcess, 'on Redis': () => onRedis(redis) };

it('requests of one install are never more than allowed in any window, and most of what is allowed: in one process, on Redis, and from two machines on one Redis', async () => {
  const windowMs = 3000;
  const of = budget({ requests: 30, windowMs });
  const engines = [await inProcess(), await onRedis(redis), await onRedis(redis)];
  const machines = await Promise.all(engines.map(async (engine, place) => (place === 2 ? [await engine.machine(), await engine.machine()] : [await engine.machine()])));
  const began = await Promise.all(machines.map((some) => flood(some, 120, of, 4300)));
  await Promise.all(engines.map((engine) => engine.close()));
  for (const times of began) {
    expect(mostIn(times, windowMs)).toBeLessThanOrEqual(30);
    expect(times.length).toBeGreaterThanOrEqual(24);
  }
});

describe.each(Object.keys(ENGINES))('requests of one install, counted %s', (name) => {
  let engine: Engine;
  let limits: Limits;
  beforeEach(async () => {
    engine = await (ENGINES[name] ?? inProcess)();
    limits = await engine.machine();
  });
  afterEach(() => engine.close());

  it('are spaced evenly where the vendor counts by the second', async () => {
    const began = await flood([limits], 20, budget({ requests: 5, windowMs: 500 }), 1000);
    // A busy machine begins some late and so close together; none begins early.
    const early = began.filter((at, place) => at - (began[0] ?? 0) < place * 100 - 120);
    expect([early, began.length >= 5]).toEqual([[], true]);
  });

  it('are never more at once than the vendor takes', async () => {
    let now = 0;
    let most = 0;
    const slow = async () => {
      most = Math.max(most, ++now);
      await sleep(20);
      now--;
    };
    await Promise.all(Array.from({ length: 12 }, () => limits.schedule(budget({ concurrent: 3 }), 5, slow)));
    expect(most).toBe(3);
  });

  it("people's clicks go ahead of what waits, equals in their order", async () => {
    const order: string[] = [];
    const one = (what: string, priority: number, ms = 0) =>
      limits.schedule(budget({ concurrent: 1 }), priority, async () => {
        order.push(what);
        await sleep(ms);
      });
    await Promise.all([one('first', 8, 60), one('background 1', 8), one('event 1', 5), one('background 2', 8), one('click', 2), one('event 2', 5)]);
    expect(order).toEqual(['first', 'click', 'event 1', 'event 2', 'background 1', 'background 2']);
  });

  it('rest as long as the vendor asks, and those of others do not', async () => {
    limits.rest('ins_1', 300);
    limits.rest('ins_1', 100);
    const start = performance.now();
    let rested = false;
    const resting = limits.schedule(budget(), 5, async () => (rested = true));
    await limits.schedule(budget({ key: 'ins_2' }), 5, async () => undefined);
    expect(rested).toBe(false);
    await resting;
    expect(performance.now() - start).toBeGreaterThanOrEqual(295);
  });

  it('that would have to rest for long are told when to come back, and hold no place meanwhile', async () => {
    limits.rest('ins_1', 3_600_000);
    const refused = await limits.schedule(budget(), 2, async () => 'asked').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'vendor.rate-limited', remedy: 'retry' });
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(3_590_000);
  });

  it('do not take from the budget of another install', async () => {
    const of = budget({ requests: 10, windowMs: 10_000 });
    await flood([limits], 30, of, 50);
    expect(await flood([limits], 1, { ...of, key: 'ins_2' }, 100)).toHaveLength(1);
  });

  it('follow a budget that was learned, from the next one on', async () => {
    const small = budget({ requests: 5, windowMs: 60_000 });
    expect(await flood([limits], 2, small, 200)).toHaveLength(1);
    expect((await flood([limits], 40, { ...small, requests: 600 }, 1400)).length).toBeGreaterThanOrEqual(7);
  });

  it('that wait when the server stops are not begun, and say so', async () => {
    const stop = new AbortController();
    let asked = 0;
    const of = budget({ concurrent: 1 });
    await new Promise<void>((begun) => {
      void limits.schedule(of, 5, () => (begun(), sleep(60)), stop.signal);
    });
    const waits = limits.schedule(of, 5, async () => void asked++, stop.signal);
    stop.abort();
    await expect(waits).rejects.toMatchObject({ code: 'vendor.unreachable' });
    await sleep(60);
    await sleep(30);
    expect(asked).toBe(0);
  });

  it('are counted by limiters that go when nobody asks any more, and come again', async () => {
    const small = (place: number) => budget({ key: `ins_${place}`, requests: 100, windowMs: 1000 });
    await Promise.all(Array.from({ length: 40 }, (_, place) => limits.schedule(small(place), 5, async () => undefined)));
    expect(limits.size()).toBe(40);
    for (let look = 0; look < 300 && limits.size() > 0; look++) await sleep(20);
    expect(limits.size()).toBe(0);
    expect(await limits.schedule(small(1), 5, async () => 'asked')).toBe('asked');
  });

  it('give back what they found, and what went wrong', async () => {
    const wrong = limits.schedule(budget(), 5, async () => Promise.reject(new Error('wrong'))).catch(String);
    expect([await limits.schedule(budget(), 5, async () => 'found'), await wrong]).toEqual(['found', 'Error: wrong']);
  });
});
