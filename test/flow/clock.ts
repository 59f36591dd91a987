import { systemClock, type Clock } from '#lib/clock';

/** Time that passes this much faster than outside, so that pauses of seconds are waited for and cost milliseconds. */
export const HASTE = 20;

export interface HastyClock extends Clock {
  /** Jumps ahead. What sleeps wakes at its own time. */
  skip(ms: number): void;
}

/** A clock that starts at the present and hurries. */
export function hastyClock(startAt = Date.now()): HastyClock {
  const started = Date.now();
  let skipped = 0;
  return {
    now: () => Math.round(startAt + (Date.now() - started) * HASTE) + skipped,
    sleep: (ms, signal) => systemClock.sleep(ms / HASTE, signal),
    skip: (ms) => {
      skipped += ms;
    },
  };
}
