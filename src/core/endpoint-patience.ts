const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after the first failed attempt and each that follows, as the Standard Webhooks specification advises: ten attempts over three days. */
const PAUSES_MS = [5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, 24 * HOUR_MS] as const;
/** Part of a pause that chance may add, so that what failed together does not come back together. */
const JITTER = 0.2;

/** How long to wait after the `attempt`-th failed attempt (from 1), milliseconds; null after the last. `chance` is in [0, 1). A pause that the receiver named is obeyed. */
export function pauseAfter(attempt: number, chance: number, askedMs: number | null): number | null {
  const pause = PAUSES_MS[attempt - 1];
  if (pause === undefined) return null;
  return askedMs ?? Math.round(pause * (1 + JITTER * chance));
}

/** An endpoint is disabled after so long of nothing but failures. */
export const GIVE_UP_MS = 5 * 24 * HOUR_MS;

const SHORTEST_REST_MS = 5 * SECOND_MS;
const LONGEST_REST_MS = 5 * MINUTE_MS;

/** How long an endpoint that does not even answer is left alone, milliseconds: a tenth of the time for which it has not, so that it takes ever less of our time from others. */
export function restAfter(silentMs: number): number {
  return Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, Math.round(silentMs / 10)));
}
