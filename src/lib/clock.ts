/** Time as an input. Everything that waits or dates something takes one of these, so that tests and simulations own time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that go on evenly whatever is done to the clock on the wall. Not of clocks that tests play: those jump as they please. */
  steady?(): number;
  /** Resolves after `ms`, or at once when `signal` aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/**
 * Whether `at`, which lies at most `withinMs` ahead when it is set, is still to come. What lies further ahead was dated before the clock was set back, and is
 * not waited for.
 */
export const isAhead = (at: number, now: number, withinMs: number): boolean => at > now && at - now <= withinMs;

/** A clock that stands still until it is told to move; `sleep` moves it. For tests. */
export function manualClock(start = 1_760_000_000_000): Clock & { advance(ms: number): void } {
  let time = start;
  return {
    now: () => time,
    sleep: async (ms) => {
      time += ms;
    },
    advance: (ms) => {
      time += ms;
    },
  };
}
