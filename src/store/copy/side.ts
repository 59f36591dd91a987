/** What a column of ours can hold, as exactly as both engines can say it: whole numbers as bigint, because a 64-bit one does not fit a number. */
export type Value = bigint | string | Uint8Array | null;
export type Row = readonly Value[];

export interface Shape {
  name: string;
  /** By name, so that both engines tell them in one order. */
  columns: readonly { name: string; kind: 'text' | 'integer' | 'bytes' }[];
  /** Places in `columns` of what makes a row unique; rows are read in their order. */
  key: readonly number[];
}

/**
 * One end of a move: a database without the product's types on it, so that any schema of ours can be carried over. Rows come in the order of their keys,
 * compared as bytes, because the collations of the two engines agree in nothing else.
 */
export interface Side {
  kind: 'sqlite' | 'postgres';
  tables(): Promise<Shape[]>;
  count(table: string): Promise<number>;
  /** Pages of rows behind `after`. At most one reading at a time. */
  pages(shape: Shape, after: Row | null): AsyncIterable<Row[]>;
  /** All in one transaction: these rows, and then one statement that remembers how far it is. */
  insert(shape: Shape, rows: readonly Row[], remember: Statement): Promise<void>;
  run(statement: Statement): Promise<Row[]>;
  close(): Promise<void>;
}
export interface Statement {
  /** With `?` for parameters. */
  text: string;
  values: readonly Value[];
}

export const PAGE_ROWS = 500;
/** A page ends early at this many bytes: bodies of deliveries may be a megabyte each. */
export const PAGE_BYTES = 4_000_000;

export const sizeOf = (row: Row): number => row.reduce((sum, value) => sum + (value === null || typeof value === 'bigint' ? 8 : value.length), 0);
