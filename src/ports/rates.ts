import type { RateOptions } from '#lib/rate';

export interface SharedRate {
  /** Counts one more. How long to wait, milliseconds; 0 where it may go on. */
  take(key: string, now: number): Promise<number>;
}
/** Rates that all processes of a server count together. `name` tells one rate from the next. */
export type Rates = (name: string, bounds: RateOptions) => SharedRate;
