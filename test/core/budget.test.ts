import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learned, sayEnd, windowEndsAt, windowName, type HeardWindow } from '#core/budget';
import { standingOf } from '#core/standing';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 10, 21, 12);
const hour = (over: Partial<HeardWindow> = {}): HeardWindow => ({
  counted: null,
  windowMs: HOUR,
  limit: 3000,
  left: 1000,
  heardAt: NOON + 30 * MINUTE,
  resetsAt: NOON + HOUR,
  ours: null,
  ...over,
});

describe('the budget that is learned', () => {
  it('follows what the vendor says, with a margin, and never leads far from the manifest', () => {
    expect([learned(100, null), learned(100, 110), learned(100, 190), learned(100, 1_000_000), learned(100, 3), learned(100, 0), learned(100, NaN)]).toEqual([
      100, 100, 172, 300, 10, 100, 100,
    ]);
  });

  it('is a whole number between a tenth and three times of the manifest’s, grows with the limit, and is never the limit itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 100_000 }), fc.nat(1000), (requests, limit, more) => {
        const one = learned(requests, limit);
        expect(Number.isInteger(one) && one >= 1 && one <= requests * 3).toBe(true);
        expect(learned(requests, limit + more)).toBeGreaterThanOrEqual(one);
        if (limit >= requests * 0.2 && limit > 1) expect(one).toBeLessThan(Math.max(limit, 2));
      }),
    );
  });
});

describe('the forecast', () => {
  it('goes on at the rate since the window began', () => {
    expect(windowEndsAt(hour(), NOON + 30 * MINUTE)).toBe(NOON + 45 * MINUTE);
    expect(sayEnd('hour’s quota', NOON + 45 * MINUTE + 59_000, NOON)).toBe('At this rate the hour’s quota ends at 12:45 UTC.');
  });

  it('names the day where that is not today, and what is over already', () => {
    expect(sayEnd('day’s quota', NOON + 15 * HOUR + 40 * MINUTE, NOON)).toBe('At this rate the day’s quota ends at 03:40 UTC on 22 November.');
    expect(sayEnd('day’s quota', NOON, NOON)).toBe('The day’s quota is used up.');
  });

  it('is silent where the calls last, where nothing was used, of short windows, and of windows that are over', () => {
    const now = NOON + 30 * MINUTE;
    for (const window of [hour({ left: 2000 }), hour({ left: 3000 }), hour({ windowMs: 10_000, resetsAt: NOON + 30 * MINUTE + 5 })]) expect(windowEndsAt(window, now)).toBeNull();
    expect(windowEndsAt(hour(), NOON + HOUR)).toBeNull();
    expect(windowEndsAt(hour({ left: 0 }), now)).toBe(now);
  });

  it('never lies before now nor after the window, and comes no later when more was used', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(3000), fc.integer({ min: 1, max: HOUR - 1 }), fc.nat(HOUR), (limit, left, heard, later) => {
        const window = hour({ limit, left: Math.min(limit, left), heardAt: NOON + heard });
        const now = window.heardAt + later;
        const at = windowEndsAt(window, now);
        if (at !== null) expect(at >= now && at < window.resetsAt).toBe(true);
        const scarcer = windowEndsAt({ ...window, left: Math.floor(window.left / 2) }, now);
        if (at !== null) expect(scarcer ?? Infinity).toBeLessThanOrEqual(at);
      }),
    );
  });
});

it('windows have names that people use', () => {
  expect([10_000, 30_000, 60_000, HOUR, 24 * HOUR, 1500, 1000].map(windowName)).toEqual(['10 seconds', '30 seconds', 'minute', 'hour', 'day', '1500 ms', 'second']);
});

it('how an account stands is told window by window; one that is over has all its calls again', () => {
  const now = NOON + 30 * MINUTE;
  const budgets = JSON.stringify([hour(), hour({ counted: 'search', windowMs: 10_000, limit: 110, left: 20, resetsAt: now, ours: 100 })]);
  const day_use = JSON.stringify({ used: 14_000, limit: 15_000, readAt: now, hours: { [Math.floor(now / HOUR)]: 1200 } });
  expect(standingOf({ budgets, day_use, day_share: 25 }, now)).toMatchObject([
    { window: '10 seconds, search', used: 0, left: 110, ours: 100, forecast: null },
    { window: 'hour', used: 2000, left: 1000, forecast: 'At this rate the hour’s quota ends at 12:45 UTC.' },
    { window: 'day', used: 14_000, left: 1000, ours: 3750, own: 1200, forecast: expect.stringContaining('At this rate the day’s quota ends at') as string },
  ]);
  expect(standingOf({ budgets: null, day_use: null, day_share: 25 }, now)).toEqual([]);
});
