import { expect, it } from 'vitest';
import { Problem } from '#core/problem';
import { retryAt } from '#flow/perform/outcome';

const HOUR = 3_600_000;

it('a vendor may be away for two hours before anything becomes a dead letter, whatever chance says', () => {
  for (const drawn of [0, 0.5, 0.999]) {
    let now = 0;
    let attempts = 1;
    for (
      let next = retryAt(new Problem('vendor.unreachable'), attempts, now, () => drawn);
      next !== null;
      next = retryAt(new Problem('vendor.unreachable'), ++attempts, now, () => drawn)
    )
      now = next;
    expect(now, `drawn ${drawn}`).toBeGreaterThan(2 * HOUR);
    expect(now, `drawn ${drawn}`).toBeLessThan(6 * HOUR);
  }
});

it('a pause that a vendor names is kept however often it names it', () => {
  for (const code of ['vendor.rate-limited', 'vendor.unavailable', 'limits.unreachable'] as const)
    expect(retryAt(new Problem(code, { retryAfterMs: 7000 }), 500, 1, () => 0.5)).toBe(7001);
});

it('a record that stays locked is asked for every two seconds at first, then ever more seldom, and is a dead letter after hours', () => {
  const locked = new Problem('vendor.locked', { retryAfterMs: 2000 });
  const pauses: number[] = [];
  for (let next = retryAt(locked, 1, 0, () => 0); next !== null && pauses.length < 100; next = retryAt(locked, pauses.length + 1, 0, () => 0)) pauses.push(next);
  expect(pauses.slice(0, 10)).toEqual(Array(10).fill(2000));
  expect(Math.min(...pauses.slice(10))).toBeGreaterThan(60_000);
  const all = pauses.reduce((sum, pause) => sum + pause, 0);
  expect([all > 2 * HOUR, all < 6 * HOUR]).toEqual([true, true]);
});
