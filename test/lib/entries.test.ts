import { expect, it } from 'vitest';
import { entryOf } from '#lib/json';

it('a table has the entries that were put into it, and none that every object has', () => {
  const table = { a: 1 };
  expect([entryOf(table, 'a'), entryOf(table, 'b'), entryOf(table, 'constructor'), entryOf(table, 'toString')]).toEqual([1, undefined, undefined, undefined]);
});
