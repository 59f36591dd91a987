import { beforeAll, expect, it } from 'vitest';
import { openBase, type Base } from './base.ts';
import { planOf } from './plan.ts';
import { PLANTS } from './plants.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

const SEEDS = 40;
const EVENTS = 10;
let base: Base;
beforeAll(async () => {
  base = await openBase();
});

/** The first seed whose story breaks an invariant. */
async function search(name: string) {
  const plant = PLANTS[name] ?? null;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const told = await simulate(base, plant?.plan?.(seed) ?? planOf(seed, EVENTS), plant);
    if (told.violations.length > 0) return told;
  }
  return undefined;
}

it.each(Object.entries(PLANTS).map(([name, { say, foundBy }]) => ({ name, say, foundBy })))('$name is found: $say', { timeout: 300_000 }, async ({ name, foundBy }) => {
  const found = await search(name);
  expect(found?.violations.map(({ invariant }) => invariant)).toSatisfy((names: string[] | undefined) => names?.some((one) => foundBy.includes(one)) ?? false);
});

it('a story that breaks something is shortened, and the short one breaks it too', { timeout: 300_000 }, async () => {
  const name = 'mixes-tenants-up';
  const found = await search(name);
  if (!found) throw new Error('Nothing was found.');
  const { told } = await shrink(base, found, PLANTS[name], 25);
  expect(told.plan.happenings.length).toBeLessThan(found.plan.happenings.length);
  expect(told.violations[0]?.invariant).toBe(found.violations[0]?.invariant);
});
