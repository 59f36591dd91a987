import { createHash, type Hash } from 'node:crypto';
import type { Row, Shape, Side } from '#store/copy/side';

export interface Digest {
  rows: number;
  hash: string;
}

/** Each value with its kind and length before it, so that no two rows can be read as one another: SHA-256 over all rows of a table in the order of their keys. */
export async function digestTable(side: Side, shape: Shape, skip: (row: Row) => boolean, progress: (rows: number) => void = () => undefined): Promise<Digest> {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const page of side.pages(shape, null)) {
    for (const row of page) {
      if (skip(row)) continue;
      add(hash, row);
      rows++;
    }
    progress(rows);
  }
  return { rows, hash: hash.digest('hex') };
}

/** A number and its text are told apart: a value that changed its kind on the way has changed. */
function add(hash: Hash, row: Row): void {
  for (const value of row) {
    if (value === null) hash.update('n;');
    else if (typeof value === 'bigint') hash.update(`i${value};`);
    else if (typeof value === 'string') hash.update(`t${Buffer.byteLength(value)}:`).update(value);
    else hash.update(`b${value.length}:`).update(value);
  }
  hash.update('\n');
}
