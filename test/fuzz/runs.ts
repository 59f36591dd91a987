import fc from 'fast-check';
import { expect } from 'vitest';
import { Problem, type ProblemCode } from '#core/problem';

/** Cases of each property. A few in the suite; ten thousand where `FUZZ_RUNS` says so. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100);
/** No input may take longer than this, however it is made: what does would hold up everybody. Loose, for a machine that does other things too. */
const SLOWEST_MS = 2_000;

/** Holds that `holds` is true, or throws nothing, for whatever comes, in bounded time. */
export function fuzz<T>(values: fc.Arbitrary<T>, holds: (value: T) => boolean | void): void {
  let slowest = 0;
  fc.assert(
    fc.property(values, (value) => {
      const started = performance.now();
      const held = holds(value);
      slowest = Math.max(slowest, performance.now() - started);
      return held ?? true;
    }),
    { numRuns: RUNS },
  );
  expect(slowest).toBeLessThan(SLOWEST_MS);
}

export async function fuzzLater<T>(values: fc.Arbitrary<T>, holds: (value: T) => Promise<boolean>): Promise<void> {
  await fc.assert(fc.asyncProperty(values, holds), { numRuns: RUNS });
}

/** Whether `work` ends, or says in one of our own errors that it does not. Anything else that it throws is thrown. */
export function copes(work: () => unknown, ...codes: ProblemCode[]): true {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Problem) || (codes.length > 0 && !codes.includes(error.code))) throw error;
  }
  return true;
}

/** Whether `work` throws. Said by hand: `expect` would be most of the time of ten thousand cases. */
export function refuses(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}

/** `text` with a piece cut out of it and something else put there. */
export function spoiled(text: string, by: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.record({ at: fc.nat(text.length), length: fc.nat(20), by }).map(({ at, length, by }) => text.slice(0, at) + by + text.slice(at + length));
}

/** `bytes` with one to three of them changed, cut off, or more behind them; never the same bytes. */
export function spoiledBytes(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const flips = fc.array(fc.record({ at: fc.nat(Math.max(0, bytes.length - 1)), xor: fc.integer({ min: 1, max: 255 }) }), { minLength: 1, maxLength: 3 });
  const changed = flips.map((all) => {
    const copy = Uint8Array.from(bytes);
    for (const { at, xor } of all) copy[at] = (copy[at] ?? 0) ^ xor;
    return copy;
  });
  const cut = fc.nat(Math.max(0, bytes.length - 1)).map((length) => bytes.slice(0, length));
  const longer = fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more) => Buffer.concat([bytes, more]));
  return fc.oneof(changed, cut, longer).filter((made) => !Buffer.from(made).equals(bytes));
}
