import { createRate, type RateOptions } from '#lib/rate';
import type { SharedRate } from '#ports/rates';
import type { Flow } from '#flow/flow';

/** A rate that holds over all processes where they count together, and in this one otherwise. */
export function rateOf(flow: Pick<Flow, 'rates'>, name: string, bounds: RateOptions): SharedRate {
  if (flow.rates) return flow.rates(name, bounds);
  const rate = createRate(bounds);
  return { take: async (key, now) => rate.take(key, now) };
}
