import { afterEach, expect, it, vi } from 'vitest';
import { manualClock, systemClock } from '#lib/clock';
import { createRate } from '#lib/rate';
import { createLimits, createRests } from '#shared/limits';
import { budget } from './limits-engines.ts';

const HOUR_MS = 3_600_000;
const real = Date.now;
afterEach(() => vi.restoreAllMocks());
const setBack = () => vi.spyOn(Date, 'now').mockImplementation(() => real() - HOUR_MS);
/** How many of so many calls have begun, once all have or half a minute has passed: a place for which the clock has to come again is an hour away. */
async function begun(limits: ReturnType<typeof createLimits>, count: number, of: ReturnType<typeof budget>): Promise<number> {
  let some = 0;
  for (let time = 0; time < count; time++) void limits.schedule(of, 5, async () => void some++).catch(() => undefined);
  for (const end = performance.now() + 30_000; some < count && performance.now() < end;) await systemClock.sleep(20);
  return some;
}

it('calls go on, and buckets fill, where the clock is set back', async () => {
  const limits = createLimits(systemClock);
  const bucket = budget({ requests: 10, windowMs: 5_000 });
  const spaced = budget({ key: 'spaced', requests: 10, windowMs: 500 });
  expect([await begun(limits, 1, bucket), await begun(limits, 2, spaced)]).toEqual([1, 2]);
  setBack();
  expect([await begun(limits, 5, bucket), await begun(limits, 3, spaced)]).toEqual([5, 3]);
  await limits.close();
});

it('a rest and a count of requests end where the clock is set back', () => {
  const clock = manualClock();
  const rests = createRests(clock);
  const rate = createRate({ most: 1, windowMs: 1_000, keys: 10 });
  rests.begin('one', 60_000);
  for (let time = 0; time < 2; time++) rate.take('one', clock.now());
  expect([rests.left('one'), rate.wait('one', clock.now())]).toEqual([60_000, 1_000]);
  clock.advance(-HOUR_MS);
  expect([rests.left('one'), rate.wait('one', clock.now()), rate.take('one', clock.now())]).toEqual([0, 0, 0]);
  rests.begin('one', 5_000);
  rests.begin('one', 1_000);
  expect(rests.left('one')).toBe(5_000);
});
