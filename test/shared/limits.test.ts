import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '#lib/clock';
import { createLimits, type Limits } from '#shared/limits';
import { manifest } from './server.ts';

let limits: Limits;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  limits = createLimits(systemClock);
});
afterEach(async () => {
  await limits.close();
  vi.useRealTimers();
});

/** Most requests that began in any window of that length. */
const mostIn = (times: number[], windowMs: number) => Math.max(0, ...times.map((start) => times.filter((time) => time >= start && time < start + windowMs).length));

/** Asks for `count` requests at once and lets `forMs` pass. Gives back when each began. */
async function run(count: number, forMs: number, of: Parameters<typeof manifest>[0], install = 'ins_1'): Promise<number[]> {
  const began: number[] = [];
  const start = Date.now();
  for (let one = 0; one < count; one++) void limits.schedule(manifest(of), install, 5, async () => void began.push(Date.now() - start)).catch(() => undefined);
  await vi.advanceTimersByTimeAsync(forMs);
  return began;
}

describe('requests of one install', () => {
  it.each([
    ['100 in 10 seconds', { requests: 100, windowMs: 10_000 }],
    ['150 in 30 seconds', { requests: 150, windowMs: 30_000 }],
    ['19 in 10 seconds', { requests: 19, windowMs: 10_000 }],
    ['3,000 in an hour', { requests: 3000, windowMs: 3_600_000 }],
    ['60 in an hour', { requests: 60, windowMs: 3_600_000 }],
  ])('are never more than %s allow in any window, and most of what they allow', async (_what, of) => {
    const began = await run(of.requests * 4, of.windowMs * 3, of);
    expect(mostIn(began, of.windowMs)).toBeLessThanOrEqual(of.requests);
    expect(began.length).toBeGreaterThan(of.requests * 1.5);
  });

  it('are never more even after a rest, in which the install was forgotten', async () => {
    const of = { requests: 3000, windowMs: 3_600_000 };
    const times: number[] = [];
    for (let round = 0; round < 40; round++) {
      const from = Date.now();
      times.push(...(await run(400, 70_000, of)).map((time) => from + time));
    }
    expect(mostIn(times, of.windowMs)).toBeLessThanOrEqual(of.requests);
  });

  it('are never more at once than the vendor takes', async () => {
    let now = 0;
    let most = 0;
    const slow = async () => {
      most = Math.max(most, ++now);
      await systemClock.sleep(50);
      now--;
    };
    const all = Promise.all(Array.from({ length: 20 }, () => limits.schedule(manifest({ concurrent: 3 }), 'ins_1', 5, slow)));
    await vi.advanceTimersByTimeAsync(2000);
    await all;
    expect(most).toBe(3);
  });

  it("people's clicks go ahead of what waits, equals in their order", async () => {
    const order: string[] = [];
    const one = (name: string, priority: number, ms = 0) =>
      limits.schedule(manifest({ concurrent: 1 }), 'ins_1', priority, async () => {
        order.push(name);
        await systemClock.sleep(ms);
      });
    const all = Promise.all([one('first', 8, 50), one('background 1', 8), one('event 1', 5), one('background 2', 8), one('click', 2), one('event 2', 5)]);
    await vi.advanceTimersByTimeAsync(1000);
    await all;
    expect(order).toEqual(['first', 'click', 'event 1', 'event 2', 'background 1', 'background 2']);
  });

  it('rest as long as the vendor asks, and those of others do not', async () => {
    limits.rest('ins_1', 5000);
    const resting = await run(1, 0, {});
    expect(await run(1, 4900, {}, 'ins_2')).toHaveLength(1);
    expect(resting).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(resting).toEqual([5000]);
  });

  it('do not take from the budget of another install', async () => {
    const of = { requests: 10, windowMs: 10_000 };
    await run(50, 100, of);
    expect(await run(1, 100, of, 'ins_2')).toHaveLength(1);
  });

  it('give back what they found, and what went wrong', async () => {
    const asked = Promise.all([
      limits.schedule(manifest(), 'ins_1', 5, async () => 'found'),
      limits.schedule(manifest(), 'ins_1', 5, async () => Promise.reject(new Error('wrong'))).catch(String),
    ]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await asked).toEqual(['found', 'Error: wrong']);
  });
});
