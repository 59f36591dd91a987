import type { Call } from '#ports/call';
import { createInstallCache } from '#shared/install-cache';
import { OBJECTS } from './describe-objects.ts';
import { fieldsOf, type Org } from './schema.ts';
import type { Input } from './write-input.ts';

/** Recipients of an install that are remembered: some megabytes at worst, and a forgotten one costs a part of a call. */
const MOST_KEYS = 20_000;
const known = createInstallCache<Set<string>>(24 * 60 * 60_000);

/**
 * A recipient's envelope must be said when it is made and, unless the package lets it be moved, must not be said again: Salesforce refuses the whole record for it.
 * Which of the two holds is remembered for those that landed here, and learnt from the refusal for others, at the price of one call more for their batch.
 */
export async function recallPlaces(call: Call, org: Org, inputs: readonly Input[]): Promise<(input: Input) => void> {
  const field = fieldsOf(org, 'recipient').find(({ name }) => name === OBJECTS.envelope);
  if (field?.writable !== false || inputs.every(({ parent }) => parent === null)) return () => undefined;
  const there = await known.get(call, () => Promise.resolve(new Set<string>()));
  for (const input of inputs) if (there.has(input.key)) input.placed = false;
  return ({ key }) => {
    if (there.size >= MOST_KEYS) there.clear();
    there.add(key);
  };
}
