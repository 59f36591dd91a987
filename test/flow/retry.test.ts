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
