import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffLines } from '#http/console/line-diff';

const text = fc.array(fc.constantFrom('a', 'b', 'c', '')).map((lines) => lines.join('\n'));

describe('a line diff', () => {
  test('gives both texts back, whatever they are', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after);
        const side = (without: string) =>
          lines
            .filter((line) => line.kind !== without)
            .map((line) => line.text)
            .join('\n');
        expect(side('new')).toBe(before);
        expect(side('gone')).toBe(after);
      }),
    );
  });

  test('finds nothing in equal texts', () => {
    fc.assert(fc.property(text, (same) => diffLines(same, same).every((line) => line.kind === 'same')));
  });

  test('keeps the longest common part and numbers both sides', () => {
    expect(diffLines('one\ntwo\nthree', 'one\nthree\nfour')).toEqual([
      { kind: 'same', text: 'one', before: 1, after: 1 },
      { kind: 'gone', text: 'two', before: 2, after: null },
      { kind: 'same', text: 'three', before: 3, after: 2 },
      { kind: 'new', text: 'four', before: null, after: 3 },
    ]);
  });

  test('stays bounded for two long texts that share nothing', () => {
    const long = (mark: string) => Array.from({ length: 5000 }, (_, index) => `${mark}${index}`).join('\n');
    expect(diffLines(long('a'), long('b'))).toHaveLength(10_000);
  });
});
