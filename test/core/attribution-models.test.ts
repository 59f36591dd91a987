import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allot, MODELS, weigh, type Timed } from '#core/attribution-models';

const DAY = 86_400_000;
const model = fc.constantFrom(...MODELS);
/** Few different moments, so that ties are frequent. */
const touches = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 20 * 365 * DAY })), { minLength: 1, maxLength: 60 })
  .map((times) => times.map((at, place): Timed => ({ at, place })));
const at = (...days: number[]): Timed[] => days.map((day, place) => ({ at: day * DAY, place }));

describe('models', () => {
  it('shares sum to one and none is below zero', () =>
    fc.assert(
      fc.property(model, touches, (name, some) => {
        const weights = weigh(name, some);
        expect(weights).toHaveLength(some.length);
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
        expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
      }),
    ));

  it('the order in which they are given changes nothing, ties included', () =>
    fc.assert(
      fc.property(model, touches, fc.infiniteStream(fc.nat()), (name, some, noise) => {
        const shuffled = some.map((touch) => ({ touch, by: noise.next().value ?? 0 })).sort((a, b) => a.by - b.by);
        const byPlace = new Map(some.map((touch, index) => [touch.place, weigh(name, some)[index]]));
        const again = weigh(
          name,
          shuffled.map(({ touch }) => touch),
        );
        shuffled.forEach(({ touch }, index) => expect(again[index]).toBe(byPlace.get(touch.place)));
      }),
    ));

  it('a single touchpoint has it all, and of none there is nothing', () =>
    fc.assert(
      fc.property(model, fc.integer({ min: 0 }), (name, time) => {
        expect(weigh(name, [{ at: time, place: 9 }])).toEqual([1]);
        expect(weigh(name, [])).toEqual([]);
      }),
    ));

  it.each([
    ['first', at(3, 1, 2), [0, 1, 0]],
    ['last', at(3, 1, 2), [1, 0, 0]],
    ['linear', at(1, 2, 3, 4), [0.25, 0.25, 0.25, 0.25]],
    ['position', at(1, 2, 3, 4), [0.4, 0.1, 0.1, 0.4]],
    ['position', at(1, 2), [0.5, 0.5]],
    ['decay', at(0, 7), [1 / 3, 2 / 3]],
    ['decay', at(0, 7, 14), [1 / 7, 2 / 7, 4 / 7]],
    ['first', at(1, 1), [1, 0]],
    ['last', at(1, 1), [0, 1]],
  ] as const)('%s of %j', (name, some, shares) => weigh(name, some).forEach((share, index) => expect(share).toBeCloseTo(shares[index] ?? Number.NaN, 12)));

  it('a thousand touchpoints of twenty years are weighed at once', () => {
    const many = Array.from({ length: 1000 }, (_, place) => ({ at: place * 7 * DAY, place }));
    const started = performance.now();
    for (const name of MODELS) expect(weigh(name, many).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('shares of an amount', () => {
  it('sum to it exactly, in whole units, whatever the model', () =>
    fc.assert(
      fc.property(model, touches, fc.integer({ min: -1e12, max: 1e14 }), (name, some, total) => {
        const shares = allot(total, weigh(name, some));
        expect(shares.every(Number.isSafeInteger)).toBe(true);
        expect(shares.reduce((a, b) => a + b, 0)).toBe(total);
      }),
    ));
  it('the odd cent goes to one of them', () => expect(allot(100, [1 / 3, 1 / 3, 1 / 3])).toEqual([34, 33, 33]));
});
