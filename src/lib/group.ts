/** The items of each key, in their order; keys in the order in which they first appear. */
export function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** `items` in runs of at most `size`. */
export function chunk<Item>(items: readonly Item[], size: number): Item[][] {
  const chunks: Item[][] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}

/** `items` in runs of these sizes, each as often as it goes into what is left. Sizes fall, and the last is 1. For statements, whose text is made and kept for each number of rows. */
export function inSizes<Item>(items: readonly Item[], sizes: readonly number[]): Item[][] {
  const runs: Item[][] = [];
  let start = 0;
  for (const size of sizes) for (; items.length - start >= size; start += size) runs.push(items.slice(start, start + size));
  return runs;
}
