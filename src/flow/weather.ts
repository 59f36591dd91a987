import { Problem } from '#core/problem';
import { isWeather } from '#store/database';

/** Any thrown thing as a Problem. What the database cannot do just now is no bug: it passes by itself. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem || !(thrown instanceof Error) || !isWeather(thrown)) return Problem.from(thrown);
  return new Problem('store.busy', { say: 'The database did not answer. It is tried again by itself.', cause: thrown });
}

/** For what waits for the database in the middle of a vendor's call: the vendor's own words for errors must not be tried on it. */
export function throwProblem(thrown: unknown): never {
  throw problemOf(thrown);
}
