import SQLite from 'better-sqlite3';
import { Problem } from '#core/problem';
import { PAGE_BYTES, PAGE_ROWS, sizeOf, type Row, type Shape, type Side, type Value } from '#store/copy/side';

const KINDS: Readonly<Record<string, 'text' | 'integer' | 'bytes'>> = { text: 'text', integer: 'integer', bigint: 'integer', blob: 'bytes' };

/**
 * A SQLite file, held exclusively: in that mode it opens only where nobody else has it open, nobody else can open it meanwhile, and the operating
 * system lets go of it whatever becomes of this process. A row that says "in use" would outlive a crash.
 */
export function sqliteSide(path: string): Side {
  const database = new SQLite(path, { timeout: 1000 });
  database.defaultSafeIntegers(true);
  try {
    database.pragma('locking_mode = exclusive');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('begin exclusive; commit');
  } catch (error) {
    database.close();
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && code.startsWith('SQLITE_BUSY'))
      throw new Problem('store.in-use', { say: `${path} is open in another process. Stop the server, then try again.`, cause: error });
    throw error;
  }
  const all = (text: string, ...values: readonly Value[]) =>
    database
      .prepare<Value[], Row>(text)
      .raw()
      .all(...values);
  return {
    kind: 'sqlite',
    async tables() {
      const names = all("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name");
      return names.map(([name]) => shapeOf(String(name), all(`select name, type, pk from pragma_table_info('${String(name)}') order by name`)));
    },
    count: async (table) => Number(all(`select count(*) from "${table}"`)[0]?.[0] ?? 0),
    async *pages(shape, after) {
      for (let last = after; ;) {
        const page = readPage(database, shape, last);
        if (page.length === 0) return;
        yield page;
        last = page.at(-1) ?? null;
      }
    },
    async insert(shape, rows, remember) {
      const insert = database.prepare(`insert into "${shape.name}" (${shape.columns.map(({ name }) => `"${name}"`).join()}) values (${shape.columns.map(() => '?').join()})`);
      database.transaction(() => {
        for (const row of rows) insert.run(...row);
        database.prepare<Value[]>(remember.text).run(...remember.values);
      })();
    },
    async run({ text, values }) {
      const statement = database.prepare<Value[], Row>(text);
      if (statement.reader) return statement.raw().all(...values);
      statement.run(...values);
      return [];
    },
    close: async () => void database.close(),
  };
}

function shapeOf(table: string, columns: Row[]): Shape {
  const key = columns.flatMap(([, , place], index) => (Number(place) > 0 ? [{ index, place: Number(place) }] : [])).sort((a, b) => a.place - b.place);
  return {
    name: table,
    columns: columns.map(([name, type]) => {
      const kind = KINDS[String(type).toLowerCase()];
      if (!kind) throw new Problem('move.refused', { say: `The column ${table}.${String(name)} is of the type ${String(type)}, which cannot be moved.` });
      return { name: String(name), kind };
    }),
    key: key.map(({ index }) => index),
  };
}

function readPage(database: SQLite.Database, { name, columns, key }: Shape, after: Row | null): Row[] {
  const names = key.map((place) => `"${columns[place]?.name ?? ''}"`).join();
  const behind = after === null ? '' : `where (${names}) > (${key.map(() => '?').join()})`;
  const values = after === null ? [] : key.map((place) => after[place] ?? null);
  const read = database.prepare<Value[], Row>(`select ${columns.map((column) => `"${column.name}"`).join()} from "${name}" ${behind} order by ${names} limit ${PAGE_ROWS}`);
  const rows: Row[] = [];
  let bytes = 0;
  for (const row of read.raw().iterate(...values)) {
    rows.push(row);
    bytes += sizeOf(row);
    if (bytes > PAGE_BYTES) break;
  }
  return rows;
}
