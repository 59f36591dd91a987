import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import type PostgresClient from 'pg';
import { Problem } from '#core/problem';
import { PAGE_BYTES, PAGE_ROWS, sizeOf, type Row, type Shape, type Side, type Value } from '#store/copy/side';
import { MIGRATION_LOCK } from '#store/database';

const KINDS: Readonly<Record<string, 'text' | 'integer' | 'bytes'>> = { text: 'text', int4: 'integer', int8: 'integer', bytea: 'bytes' };
const [INT8, INT2, INT4] = [20, 21, 23];
/** A statement takes at most 65,535 parameters. */
const MOST_PARAMETERS = 60_000;

/** From the catalogue itself: on a busy machine the standard's views of it took three to five seconds for our tables, this a tenth of one at most. */
const COLUMNS = `select t.relname, a.attname, y.typname, coalesce(array_position(k.indkey::int2[], a.attnum), -1), (a.attidentity <> '')::int,
    coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  from pg_class t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  join pg_type y on y.oid = a.atttypid
  left join pg_index k on k.indrelid = t.oid and k.indisprimary
  left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
  where t.relkind = 'r' and t.relnamespace = current_schema()::regnamespace order by t.relname collate "C", a.attname collate "C"`;
/** Of another role's connections a plain role sees that they are there, and not of what kind. */
const OTHERS = `select coalesce(nullif(application_name, ''), 'no name'), count(*) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null
    and coalesce(backend_type, 'client backend') = 'client backend' group by 1 order by 1`;

/** A server that has just stopped has hung up, and its backends are seen until they have noticed. */
const FADING_MS = 2000;
const LOOK_MS = 50;

async function othersAfterAWhile(all: (text: string) => Promise<Value[][]>): Promise<Value[][]> {
  const until = performance.now() + FADING_MS;
  for (;;) {
    const others = await all(OTHERS);
    if (others.length === 0 || performance.now() > until) return others;
    await pause(LOOK_MS);
  }
}

/**
 * A PostgreSQL database, held by the lock that every start of the server waits for: one that starts meanwhile stands still until the move is over, and then
 * reads what became of it. Servers that run already are seen by their connections. A lock that each of them held all the time would cost every
 * connection of the pool a call, and none survives a pooler between transactions.
 */
export async function postgresSide(address: string): Promise<Side> {
  const pg = createRequire(import.meta.url)('pg') as typeof PostgresClient;
  const whole = (oid: number) => oid === INT8 || oid === INT4 || oid === INT2;
  const types = { getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown => (whole(oid) ? BigInt : pg.types.getTypeParser(oid, format)) };
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 5000, types, application_name: 'countersign move' });
  await client.connect();
  client.on('error', () => undefined);
  const all = async (text: string, values: readonly Value[] = []) => (await client.query<Value[]>({ text: numbered(text), values: values.map(bound), rowMode: 'array' })).rows;
  try {
    // The wall between tenants lets the server's own work through.
    await all("select set_config('countersign.scope', 'server', false)");
    const [locked] = await all('select pg_try_advisory_lock($1)::int', [BigInt(MIGRATION_LOCK)]);
    if (locked?.[0] !== 1n) throw new Problem('store.in-use', { say: 'A server is starting on that database, or another move is under way. Try again when it is over.' });
    const others = await othersAfterAWhile(all);
    if (others.length > 0) {
      const list = others.map(([name, count]) => `${String(name)} (${String(count)})`).join(', ');
      throw new Problem('store.in-use', { say: `The database has other connections: ${list}. Stop every server and whatever else has it open, then try again.` });
    }
  } catch (error) {
    await client.end();
    throw error;
  }
  return {
    kind: 'postgres',
    tables: async () => shapesOf(await all(COLUMNS)),
    count: async (table) => Number((await all(`select count(*) from "${table}"`))[0]?.[0] ?? 0),
    pages: (shape, after) => readPages(all, shape, after),
    async insert({ name, columns }, rows, remember) {
      await all('begin');
      try {
        const most = Math.floor(MOST_PARAMETERS / columns.length);
        const names = columns.map((column) => `"${column.name}"`).join();
        for (let from = 0; from < rows.length; from += most) {
          const some = rows.slice(from, from + most);
          await all(`insert into "${name}" (${names}) values ${some.map(() => `(${columns.map(() => '?').join()})`).join()}`, some.flat());
        }
        await all(remember.text, remember.values);
        await all('commit');
      } catch (error) {
        await all('rollback');
        throw error;
      }
    },
    run: ({ text, values }) => all(text, values),
    close: () => client.end(),
  };
}

type All = (text: string, values?: readonly Value[]) => Promise<Row[]>;

/** A cursor, so that a table is sorted once: the order is not that of its index, and a query for each page would sort it all each time. */
async function* readPages(all: All, { name, columns, key }: Shape, after: Row | null): AsyncGenerator<Row[]> {
  const ordered = key.map((place) => {
    const { name: column, kind } = columns[place] ?? { name: '', kind: 'text' };
    return kind === 'text' ? `"${column}" collate "C"` : `"${column}"`;
  });
  const behind = after === null ? '' : `where (${ordered.join()}) > (${key.map((place) => (columns[place]?.kind === 'integer' ? '?::bigint' : '?')).join()})`;
  await all('begin read only');
  try {
    const select = `select ${columns.map((column) => `"${column.name}"`).join()} from "${name}" ${behind} order by ${ordered.join()}`;
    await all(`declare reading cursor for ${select}`, after === null ? [] : key.map((place) => after[place] ?? null));
    let page: Row[] = [];
    let bytes = 0;
    for (;;) {
      const rows = await all(`fetch ${PAGE_ROWS / 10} from reading`);
      page.push(...rows);
      bytes += rows.reduce((sum, row) => sum + sizeOf(row), 0);
      if (page.length > 0 && (rows.length === 0 || page.length >= PAGE_ROWS || bytes > PAGE_BYTES)) {
        yield page;
        [page, bytes] = [[], 0];
      }
      if (rows.length === 0) return;
    }
  } finally {
    await all('commit');
  }
}

/** `?` of a statement that both engines share, as PostgreSQL counts them. None of these texts has one inside quotes. */
function numbered(text: string): string {
  let count = 0;
  return text.replace(/\?/g, () => `$${++count}`);
}

const bound = (value: Value): string | Buffer | null =>
  value === null ? null : typeof value === 'bigint' ? String(value) : typeof value === 'string' ? value : Buffer.from(value);

function shapesOf(rows: Row[]): Shape[] {
  const tables = new Map<string, Row[]>();
  for (const row of rows) tables.set(String(row[0]), [...(tables.get(String(row[0])) ?? []), row]);
  return [...tables].map(([name, columns]) => ({
    name,
    columns: columns.map(([, column, type, , identity, preset]) => {
      const kind = KINDS[String(type)];
      const counted = identity === 1n || String(preset).startsWith('nextval');
      if (!kind || counted)
        throw new Problem('move.refused', {
          say: `The column ${name}.${String(column)} ${counted ? 'counts by itself' : `is of the type ${String(type)}`}, which cannot be moved.`,
        });
      return { name: String(column), kind };
    }),
    key: columns
      .flatMap(([, , , place], index) => (Number(place) >= 0 ? [{ index, place: Number(place) }] : []))
      .sort((a, b) => a.place - b.place)
      .map(({ index }) => index),
  }));
}
