import { sql, type RawBuilder } from 'kysely';
import { sealedUnder, type Sealer } from '#lib/seal';
import type { Db } from '#store/database';
import type { Database } from '#store/schema';

/** To which place each value is sealed. What is sealed under a person's own key is not here: it is opened by `persons.key`, which is. */
export const PLACES = {
  tokens: (tenant: string, install: string) => `${tenant}|installs|tokens|${install}`,
  webhookKeys: (tenant: string, install: string) => `${tenant}|installs|webhook_keys|${install}`,
  endpointSecret: (tenant: string, endpoint: string) => `${tenant}|endpoints|secret|${endpoint}`,
  personKey: (tenant: string, person: string) => `${tenant}|persons|key|${person}`,
  verifier: (stateHash: string) => `oauth_states|${stateHash}`,
  signingKey: (id: string) => `signing_keys|private|${id}`,
  lookupKey: (name: string) => `settings|${name}`,
};

export interface SealedColumn {
  table: keyof Database;
  column: string;
  /** The primary key, in whose order the rows are gone through. */
  keys: readonly string[];
  place: (...keys: string[]) => string;
}

const byId = (place: (tenant: string, id: string) => string) => ({ keys: ['tenant', 'id'], place: (tenant = '', id = '') => place(tenant, id) });
const alone = (key: string, place: (value: string) => string) => ({ keys: [key], place: (value = '') => place(value) });

/** Every column with values sealed under a root key. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'settings', column: 'value', ...alone('name', PLACES.lookupKey) },
  { table: 'signing_keys', column: 'private_key', ...alone('id', PLACES.signingKey) },
  { table: 'installs', column: 'tokens', ...byId(PLACES.tokens) },
  { table: 'installs', column: 'webhook_keys', ...byId(PLACES.webhookKeys) },
  { table: 'endpoints', column: 'secret', ...byId(PLACES.endpointSecret) },
  { table: 'endpoints', column: 'old_secret', ...byId(PLACES.endpointSecret) },
  { table: 'oauth_states', column: 'verifier', ...alone('state_hash', PLACES.verifier) },
  { table: 'persons', column: 'key', ...byId(PLACES.personKey) },
];

const nameOf = ({ table, column }: SealedColumn) => `${table}.${column}`;
const columnOf = ({ column }: SealedColumn): RawBuilder<unknown> => sql.ref(column);
const refs = (names: readonly string[]): RawBuilder<unknown> => sql.join(names.map((name) => sql.ref(name)));
/** Tells a sealed value from a setting in plain. */
const SEALED = 'v1.________.%';
const PREFIX = 12;
/** What a value under `key` begins with. Compared letter by letter: SQLite's `like` takes a capital for a small letter. */
const under = (key: string) => `v1.${key}.`;

export interface KeyUse {
  /** `table.column`. */
  name: string;
  key: string;
  count: number;
}

/** How many values each root key holds, by column, over all tenants. Goes through the tables once: for commands, not for requests. */
export async function countSealed(db: Db): Promise<KeyUse[]> {
  const found: KeyUse[] = [];
  for (const column of SEALED_COLUMNS) {
    const { rows } = await sql<{ key: string; count: number }>`
      select substr(${columnOf(column)}, 4, 8) as key, count(*) as count from ${sql.table(column.table)} where ${columnOf(column)} like ${SEALED} group by 1 order by 1`.execute(
      db,
    );
    found.push(...rows.map(({ key, count }) => ({ name: nameOf(column), key, count: Number(count) })));
  }
  return found;
}

/** The first column that has a value under `key`, or, without one, under any key; undefined where none has. */
export async function findSealed(db: Db, key?: string): Promise<{ name: string; key: string } | undefined> {
  for (const column of SEALED_COLUMNS) {
    const value = columnOf(column);
    const which = key === undefined ? sql`${value} like ${SEALED}` : sql`substr(${value}, 1, ${PREFIX}) = ${under(key)}`;
    const { rows } = await sql<{ value: string }>`select ${value} as value from ${sql.table(column.table)} where ${which} limit 1`.execute(db);
    const found = rows[0] && sealedUnder(rows[0].value);
    if (found !== undefined) return { name: nameOf(column), key: found };
  }
  return undefined;
}

export interface Rewrapped {
  /** Where to go on; null at the end of the column. */
  after: string[] | null;
  done: number;
  /** Values that no key at hand opens. */
  closed: number;
}

/**
 * Seals the next values of a column anew under the current key: `limit` of them, in one transaction. Each is put back only where it still is what was read, so
 * that a token refreshed meanwhile, or a person erased, stays as it is.
 */
export async function rewrapBatch(db: Db, sealer: Sealer, column: SealedColumn, after: readonly string[] | null, limit: number): Promise<Rewrapped> {
  const { table, keys, place } = column;
  const value = columnOf(column);
  return db.transaction().execute(async (tx) => {
    const from = after === null ? sql`` : sql`and (${refs(keys)}) > (${sql.join(after)})`;
    const { rows } = await sql<Record<string, string>>`
      select ${refs(keys)}, ${value} as sealed from ${sql.table(table)}
      where ${value} like ${SEALED} and substr(${value}, 1, ${PREFIX}) <> ${under(sealer.current)} ${from} order by ${refs(keys)} limit ${limit}`.execute(tx);
    let [done, closed] = [0, 0];
    for (const row of rows) {
      const own = keys.map((key) => row[key] ?? '');
      const fresh = resealed(sealer, row['sealed'] ?? '', place(...own));
      if (fresh === undefined) closed++;
      else {
        const put = sql`update ${sql.table(table)} set ${value} = ${fresh} where (${refs(keys)}) = (${sql.join(own)}) and ${value} = ${row['sealed']}`;
        done += Number((await put.execute(tx)).numAffectedRows ?? 0);
      }
    }
    const last = rows.at(-1);
    return { after: last && rows.length === limit ? keys.map((key) => last[key] ?? '') : null, done, closed };
  });
}

function resealed(sealer: Sealer, sealed: string, place: string): string | undefined {
  try {
    return sealer.seal(sealer.open(sealed, place), place);
  } catch {
    return undefined;
  }
}

/** Root keys that sealed values may need, the first one first. */
export async function listRootKeys(db: Db): Promise<{ id: string; first_used_at: number }[]> {
  return db.selectFrom('root_keys').selectAll().orderBy('first_used_at').orderBy('id').execute();
}

export async function putRootKey(db: Db, id: string, now: number): Promise<void> {
  await db
    .insertInto('root_keys')
    .values({ id, first_used_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Forgets a key that holds nothing any more. */
export async function dropRootKey(db: Db, id: string): Promise<void> {
  await db.deleteFrom('root_keys').where('id', '=', id).execute();
}
