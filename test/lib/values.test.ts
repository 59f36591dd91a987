import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock, systemClock } from '#lib/clock';
import { chunk, groupBy } from '#lib/group';
import { newId, newToken } from '#lib/ids';
import { canonicalJson, isObject } from '#lib/json';
import { seededRandom } from '#lib/random';

/** As JSON tells it: without the sign of zero. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('canonical JSON', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    return isObject(value)
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, member]) => [key, shuffled(member)]),
        )
      : value;
  };

  it('is JSON of the same value', () => fc.assert(fc.property(fc.jsonValue(), (value) => isDeepStrictEqual(JSON.parse(canonicalJson(value)), plain(value)))));

  it('is the same for equal values, whatever the order of their members', () =>
    fc.assert(fc.property(fc.jsonValue(), (value) => canonicalJson(shuffled(value)) === canonicalJson(value))));

  it('differs where values differ', () => {
    const value = fc.jsonValue({ maxDepth: 1 });
    fc.assert(fc.property(value, value, (a, b) => (canonicalJson(a) === canonicalJson(b)) === isDeepStrictEqual(plain(a), plain(b))));
  });

  it('leaves out what is undefined, and orders keys by their code units', () =>
    expect(canonicalJson({ b: 1, a: undefined, B: [undefined, null], é: {}, aa: 'x' })).toBe('{"B":[null,null],"aa":"x","b":1,"é":{}}'));
});

describe('ids', () => {
  it('sort by the time at which they were made', () => {
    const time = fc.integer({ min: 0, max: 2 ** 48 });
    fc.assert(fc.property(time, time, (a, b) => a === b || newId('env', a) < newId('env', b) === a < b));
  });

  it('are never the same, say what they name, and are safe in an address', () => {
    const ids = Array.from({ length: 2000 }, () => newId('eff', 1_760_000_000_000));
    expect(new Set(ids).size).toBe(2000);
    for (const id of ids) expect(id).toMatch(/^eff_[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('tokens cannot be guessed: as many random bytes as asked for, url-safe', () => {
    const tokens = Array.from({ length: 500 }, () => newToken());
    expect(new Set(tokens).size).toBe(500);
    for (const token of tokens) expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(newToken(9)).toMatch(/^[\w-]{12}$/);
  });
});

describe('clocks', () => {
  it('one that stands still moves when told, and by sleeping', async () => {
    const clock = manualClock(100);
    clock.advance(5);
    await clock.sleep(20);
    expect(clock.now()).toBe(125);
  });

  it('the system clock wakes whoever sleeps, at once where they are called off, before or meanwhile', async () => {
    await systemClock.sleep(1);
    const stop = new AbortController();
    const sleeping = systemClock.sleep(60_000_000, stop.signal);
    stop.abort();
    await sleeping;
    await systemClock.sleep(60_000_000, stop.signal);
    expect(stop.signal.aborted).toBe(true);
  });
});

describe('groups and chunks', () => {
  it('hold every item once, in its order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 })), fc.integer({ min: 1, max: 5 }), (items, size) => {
        const groups = groupBy(
          items.map((item, place) => ({ item, place })),
          ({ item }) => item,
        );
        expect([...groups.keys()]).toEqual([...new Set(items)]);
        for (const [key, group] of groups) expect(group.map(({ place }) => place)).toEqual(items.flatMap((item, place) => (item === key ? place : [])));
        const chunks = chunk(items, size);
        expect(chunks.flat()).toEqual(items);
        expect(chunks.slice(0, -1).every((one) => one.length === size)).toBe(true);
      }),
    );
  });
});

describe('seeded chance', () => {
  it('repeats itself for one seed, differs for another, and covers its range evenly', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 10_000 }, random);
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    for (const seed of [0, 1, 2 ** 32 - 1]) {
      const drawn = draw(seed);
      expect(drawn.every((one) => one >= 0 && one < 1)).toBe(true);
      for (let tenth = 0; tenth < 10; tenth++) expect(Math.abs(drawn.filter((one) => Math.floor(one * 10) === tenth).length - 1000)).toBeLessThan(150);
    }
  });
});
