import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import { NO_FAULTS, type Faults } from '#ports/sandbox';
import type { Place } from './place.ts';

export function calm(place: Place): void {
  Object.assign(place.sandbox.faults, NO_FAULTS);
}

/** Each way in which a vendor fails has its own code, and with it what happens next. */
export function faultsContract(at: () => Place, works: [name: string, work: () => Promise<unknown>][]): void {
  const faults: [string, Partial<Faults>, string][] = [
    ['asks for a pause', { rateLimited: 1, maxPauseMs: 3000 }, 'vendor.rate-limited'],
    ['has a fault of its own', { unavailable: 1 }, 'vendor.unavailable'],
    ['hangs up before it answers', { lostReply: 1 }, 'vendor.lost-reply'],
  ];

  describe('a vendor that fails', () => {
    test.each(works.flatMap(([name, work]) => faults.map(([what, how, code]) => ({ name, work, what, how, code }))))('$name while it $what', async ({ work, how, code }) => {
      const place = at();
      Object.assign(place.sandbox.faults, how);
      const thrown: unknown = await work().then(
        () => new Error('It went well.'),
        (error: unknown) => error,
      );
      calm(place);
      expect(thrown).toBeInstanceOf(Problem);
      const problem = thrown as Problem;
      expect([problem.code, problem.remedy]).toEqual([code, 'retry']);
      if (code === 'vendor.rate-limited') {
        // To the second: some vendors name the moment instead of the length of the pause.
        expect(problem.retryAfterMs).toBeGreaterThan(0);
        expect(problem.retryAfterMs).toBeLessThanOrEqual(4000);
      }
      expect(`${problem.message} ${JSON.stringify(problem.facts)} ${inspect(problem)}`).not.toMatch(/bearer /i);
    });
  });
}
