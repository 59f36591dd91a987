import { sql } from 'kysely';

/** What a list is asked for. `after` is the last id of the page before; lists run from the newest id to the oldest. */
export interface Ask {
  after?: string | undefined;
  limit: number;
}
export interface Page<Row> {
  rows: Row[];
  /** `after` of the next page; null on the last. */
  next: string | null;
}

/** SQLite chooses a partial index only for a constant in the text of the statement, not for a parameter. For values of our own alone. */
export const constant = <Text extends string>(text: Text) => sql.lit(text);

/** Cuts a result that was asked for with one row more than the page holds, which tells whether another page follows. */
export function cut<Row>(rows: Row[], limit: number, keyOf: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last ? keyOf(last) : null };
}

/** A LIKE pattern for lower-cased columns; to be used with `escape '\'`. */
export function containing(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
}
