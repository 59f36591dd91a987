import { OBJECTS, stored } from './describe-objects.ts';
import { problemOfRefusal, RefusedProblem } from './problem.ts';
import type { OrgError } from './refusal.ts';
import type { Input, Target } from './write-input.ts';

const NO_PARENT = /^foreign key external id/i;
const NO_COLUMN = /no such column '(?:\w+\.)?(\w+)' on/gi;

/** Where its envelope could not be made first either: that passes, for the envelope has a write of its own that is tried until it lands. */
export function orphaned(input: Input, { refusal }: RefusedProblem): RefusedProblem | null {
  if (input.parent === null || !refusal.errors.some(({ message }) => NO_PARENT.test(message))) return null;
  return new RefusedProblem('vendor.locked', refusal, { say: 'The record of its envelope is not in the org yet. It is tried again shortly.' });
}

/** Changes what may be changed about a refused record; an envelope that must be made first is added to `parents`. Whether it is worth another try. */
export function mend(target: Target, input: Input, { refusal }: RefusedProblem, parents: Set<string>): boolean {
  if (input.parent !== null && refusal.errors.some(({ message }) => NO_PARENT.test(message))) {
    if (!first(input, 'parent')) return false;
    parents.add(input.parent);
    return true;
  }
  if (input.parent !== null && refusal.errors.some((error) => namedIn(error).includes(placeOf(target)))) {
    // It is there already and may not be moved, or it was believed to be there and is gone.
    input.placed = !input.placed;
    return first(input, 'place');
  }
  // Two made the same new record at the same moment: it is there now, and the second try finds it.
  if (target.key !== null && refusal.errors.some(({ code }) => code === 'DUPLICATE_VALUE') && first(input, 'race')) return true;
  return dropNamed(target, input, refusal.errors);
}

const placeOf = ({ namespace }: Target): string => stored(namespace, OBJECTS.envelope);

function first(input: Input, what: 'parent' | 'place' | 'race'): boolean {
  if (input.mended.has(what)) return false;
  input.mended.add(what);
  return true;
}

/** Takes the fields out that the errors name, remembering why in the org's own words. Whether there were any. */
export function dropNamed(target: Target, input: Input, errors: readonly OrgError[]): boolean {
  let dropped = false;
  for (const error of errors) {
    for (const field of namedIn(error)) {
      if (!input.set.delete(field)) continue;
      input.left.push({ field: target.shown.get(field) ?? field, problem: problemOfRefusal({ status: 200, errors: [error] }) });
      dropped = true;
    }
  }
  return dropped;
}

/** A field that is not there any more is named in the words alone. */
const namedIn = ({ fields, message }: OrgError): string[] => [...fields, ...[...message.matchAll(NO_COLUMN)].flatMap(([, name]) => name ?? [])];
