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

/**
 * So many rows a filter that no index serves goes through for one page, the newest first; the next page goes on where this one stopped looking. All of a million
 * took 0.8 s, in which SQLite's one thread did nothing else.
 */
export const LOOKED_THROUGH = 20_000;
/** As exact as a count is: `COUNTED_TO + 1` stands for any number above. To count a million took 0.09 s, on every page. */
export const COUNTED_TO = 1_000;

/** So many ids of what is called by one name are found; no story is as long. */
export const FOUND = 1000;

/**
 * The value of a column by which SQLite shall not seek or sort, because that would be the wrong index: all of a tenant's rows, which are in order already, instead of
 * the few that another condition names.
 */
export const unsought = (column: 'id' | 'tenant' | 'outbox.id' | 'outbox.tenant') => sql<string>`${sql.ref(column)} || ''`;

/** SQLite chooses a partial index only for a constant in the text of the statement, not for a parameter. For values of our own alone. */
export const constant = <Text extends string>(text: Text) => sql.lit(text);

/** Cuts a result that was asked for with one row more than the page holds, which tells whether another page follows. */
export function cut<Row>(rows: Row[], limit: number, keyOf: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last ? keyOf(last) : null };
}

/** Cuts a page that was looked for no further than `border`, the last row looked at; null where that is all there is. The page may be empty and still have a next one. */
export function cutAt<Row>(rows: Row[], limit: number, keyOf: (row: Row) => string, border: string | null): Page<Row> {
  const page = cut(rows, limit, keyOf);
  return page.next === null ? { rows: page.rows, next: border } : page;
}

/** A LIKE pattern for lower-cased columns; to be used with `escape '\'`. */
export function containing(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
}
