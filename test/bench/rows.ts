import SQLite from 'better-sqlite3';

/** How many rows some tables hold, beside the server that writes them. */
export function countRows(path: string, tables: readonly string[]): number {
  const database = new SQLite(path, { readonly: true });
  try {
    return tables.reduce((sum, table) => sum + Number(database.prepare(`select count(*) from ${table}`).pluck().get()), 0);
  } finally {
    database.close();
  }
}
