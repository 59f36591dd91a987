import { beforeAll, describe, expect, it } from 'vitest';
import { openBase, type Base } from './base.ts';
import { planOf } from './plan.ts';
import { crmAway } from './scenarios.ts';
import { simulate } from './simulate.ts';

const SEEDS = 25;
const EVENTS = 8;
let base: Base;
beforeAll(async () => {
  base = await openBase();
});

describe('simulation', () => {
  it(`${SEEDS} stories with crashes, outages and bad weather hold every invariant`, { timeout: 120_000 }, async () => {
    const broken = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations } = await simulate(base, planOf(seed, EVENTS));
      broken.push(...violations.map(({ invariant, say }) => `seed ${seed}: ${invariant}: ${say}`));
    }
    expect(broken).toEqual([]);
  });

  it('a seed tells the same story each time, whatever was told before it', { timeout: 60_000 }, async () => {
    const first = await simulate(base, planOf(7, EVENTS));
    await simulate(base, planOf(8, EVENTS));
    const again = await simulate(base, planOf(7, EVENTS));
    const other = await simulate(base, planOf(9, EVENTS));
    expect(again.hash).toBe(first.hash);
    expect(again.events).toBe(first.events);
    expect(other.hash).not.toBe(first.hash);
    expect(first.lines.length).toBeGreaterThan(10);
  });

  // Clocks ten minutes apart: each took the lane that the other was serving, and an older value was written last.
  it.each([6962, 9809])('two processes whose clocks are far apart leave each other their lanes (seed %i)', { timeout: 60_000 }, async (seed) => {
    expect((await simulate(base, planOf(seed, EVENTS))).violations).toEqual([]);
  });

  it('R4: with the CRM away for an hour, everything is written once it is back', { timeout: 60_000 }, async () => {
    expect((await crmAway(base)).faults).toEqual([]);
  });
});
