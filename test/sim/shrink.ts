import type { Base } from './base.ts';
import type { Weather } from './network.ts';
import { without, type Happening, type Plan } from './plan.ts';
import type { Plant } from './plants.ts';
import { simulate, type Told } from './simulate.ts';

/** Stories that are told to find a shorter one. */
const MOST_TRIES = 150;

/** The shortest story found that breaks the same invariant: fewer things happen, and less of the weather is bad. Takes away halves first, then smaller parts. */
export async function shrink(base: Base, told: Told, plant: Plant | null = null, tries = MOST_TRIES): Promise<{ told: Told; tries: number }> {
  const [first] = told.violations;
  let best = told;
  let left = tries;

  async function stillBreaks(plan: Plan): Promise<boolean> {
    if (left <= 0) return false;
    left--;
    const again = await simulate(base, plan, plant);
    if (!again.violations.some(({ invariant }) => invariant === first?.invariant)) return false;
    best = again;
    return true;
  }

  for (let size = Math.ceil(best.plan.happenings.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < best.plan.happenings.length && left > 0;) {
      const keep: Happening[] = best.plan.happenings.filter((_, place) => place < from || place >= from + size);
      if (!(await stillBreaks(without(best.plan, keep)))) from += size;
    }
  for (const fault of Object.keys(best.plan.weather) as (keyof Weather)[]) if (best.plan.weather[fault] > 0) await stillBreaks(without(best.plan, best.plan.happenings, [fault]));
  if (best.plan.pauseMs > 0) await stillBreaks({ ...best.plan, pauseMs: 0 });
  return { told: best, tries: tries - left };
}
