import type { Told } from './simulate.ts';

/** What many stories come to. */
export interface Sum {
  stories: number;
  broken: number;
  virtualMs: number;
  events: number;
  envelopes: number;
  calls: number;
  faults: Record<string, number>;
}

export const empty = (): Sum => ({ stories: 0, broken: 0, virtualMs: 0, events: 0, envelopes: 0, calls: 0, faults: {} });

export function addUp(sum: Sum, told: Told | Sum): void {
  const one: Sum = 'stories' in told ? told : sumOf(told);
  sum.stories += one.stories;
  sum.broken += one.broken;
  sum.virtualMs += one.virtualMs;
  sum.events += one.events;
  sum.envelopes += one.envelopes;
  sum.calls += one.calls;
  for (const [fault, count] of Object.entries(one.faults)) sum.faults[fault] = (sum.faults[fault] ?? 0) + count;
}

function sumOf({ violations, virtualMs, events, envelopes, calls, faults }: Told): Sum {
  const all = [...calls.values()].reduce((total, count) => total + count, 0);
  return { stories: 1, broken: violations.length > 0 ? 1 : 0, virtualMs, events, envelopes, calls: all, faults: Object.fromEntries(faults) };
}

export const figuresOf = (sum: Sum, machineMs: number) => ({
  ...sum,
  seconds: machineMs / 1000,
  perSecond: (sum.stories * 1000) / machineMs,
  timesReal: sum.virtualMs / machineMs,
});

export function sayFigures({ stories, broken, seconds, perSecond, timesReal, virtualMs, envelopes, calls, events, faults }: ReturnType<typeof figuresOf>): string {
  const said = Object.entries(faults)
    .sort(([, a], [, b]) => b - a)
    .map(([fault, count]) => `${fault} ${count.toLocaleString('en')}`);
  return [
    `${stories.toLocaleString('en')} stories in ${seconds.toFixed(1)} s: ${perSecond.toFixed(1)} a second. ${broken === 0 ? 'Every invariant held in every one.' : `${broken} broke an invariant.`}`,
    `${(virtualMs / 3_600_000).toFixed(0)} hours of their time, ${Math.round(timesReal).toLocaleString('en')} times as fast as it would pass; ${envelopes.toLocaleString('en')} envelopes, ${calls.toLocaleString('en')} calls, ${events.toLocaleString('en')} events.`,
    `Faults: ${said.length === 0 ? 'none' : said.join(', ')}.`,
  ].join('\n');
}
