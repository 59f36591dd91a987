import { isAhead } from '#lib/clock';

/** How often something may happen in a window. */
export interface RateOptions {
  most: number;
  windowMs: number;
  /** Keys that are counted at a time. Beyond it the oldest is forgotten: memory is bounded, and a flood of addresses only makes the limit milder. */
  keys: number;
}
export interface Rate {
  /** Counts one more. How long to wait, milliseconds; 0 where it may go on. */
  take(key: string, now: number): number;
  /** How long to wait, milliseconds, without counting. */
  wait(key: string, now: number): number;
}

/** Counts by key in memory. Each process counts for itself, so many machines allow as many times the number. */
export function createRate({ most, windowMs, keys }: RateOptions): Rate {
  const windows = new Map<string, { until: number; count: number }>();
  return {
    take(key, now) {
      const known = windows.get(key);
      const window = known && isAhead(known.until, now, windowMs) ? known : { until: now + windowMs, count: 0 };
      windows.delete(key);
      windows.set(key, window);
      for (const oldest of windows.keys()) {
        if (windows.size <= keys) break;
        windows.delete(oldest);
      }
      window.count++;
      return window.count > most ? window.until - now : 0;
    },
    wait(key, now) {
      const known = windows.get(key);
      return known && isAhead(known.until, now, windowMs) && known.count >= most ? known.until - now : 0;
    },
  };
}
