import type { Bench } from './figures.ts';
import { drainOrg } from './salesforce-drain.ts';
import { idleOrg } from './salesforce-idle.ts';
import { refusingOrg } from './salesforce-refusal.ts';

/**
 * Calls of an org's day, which are the scarce good: for completed envelopes, for doing nothing, and to an org that refuses. They are counted and not timed, so that
 * all goes on at once and takes less than three minutes.
 */
export const salesforce: Bench = async (say) => {
  const begun = performance.now();
  const line = (text: string) => say(`${Math.round((performance.now() - begun) / 1000)} s: ${text}`);
  const drained = async () => [
    ...(await drainOrg(line, { as: 'as shipped', count: 10_000, events: true })),
    ...(await drainOrg(line, { as: 'without platform events', count: 2_000, events: false })),
  ];
  return (await Promise.all([drained(), idleOrg(line), refusingOrg(line, 401), refusingOrg(line, 403)])).flat();
};
