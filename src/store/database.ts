import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { CompiledQuery, Kysely, PostgresAdapter, type Transaction } from 'kysely';
import type PostgresClient from 'pg';
import type { TenantId } from '#core/ids';
import { migrations } from '#migrations/index';
import { JOBS_SCHEMA, migrateJobs } from '#store/jobs';
import { ScopedPostgresDialect } from '#store/postgres';
import type { Database } from '#store/schema';
import { asServer, asTenant } from '#store/scope';
import { sqliteDialect } from '#store/sqlite';

/** Either the store itself or a transaction on it. */
export type Db = Kysely<Database>;
export type Tx = Transaction<Database>;

/** Connections that a process keeps for its own statements, unless it is told otherwise. */
export const POOL_CONNECTIONS = 10;
const INT8 = 20;
/** Held by whoever changes the schema, or must be alone with the database. */
export const MIGRATION_LOCK = 7_305_112;
/** As long as SQLite waits: what is locked for longer is told as busy, so that a vendor sends it again instead of waiting with us. */
const LOCK_TIMEOUT_MS = 3000;

/** The connections under a database, for who needs one that is no statement of ours. */
const pools = new WeakMap<Db, PostgresClient.Pool>();

/** Opens `postgres://…`, with up to so many connections, or a SQLite file (`:memory:` too). The file's folder is made. */
export function openDatabase(address: string, connections = POOL_CONNECTIONS): Db {
  if (/^postgres(ql)?:/.test(address)) {
    const pool = openPool(address, { max: connections });
    const db = new Kysely<Database>({ dialect: new ScopedPostgresDialect({ pool }) });
    pools.set(db, pool);
    return db;
  }
  if (address !== ':memory:') mkdirSync(dirname(address), { recursive: true });
  return new Kysely<Database>({ dialect: sqliteDialect(address) });
}

/** Opens a SQLite file that nothing may change, such as a backup. */
export function openReadOnly(path: string): Db {
  return new Kysely<Database>({ dialect: sqliteDialect(path, { readonly: true }) });
}

/** Loaded only where it is used: it would be 35 ms of every start on SQLite. */
const loadPostgres = () => createRequire(import.meta.url)('pg') as typeof PostgresClient;

/** Connections apart from those of `openDatabase`. Whoever opens them ends them. */
export function openPool(connectionString: string, options: { max: number }): PostgresClient.Pool {
  const pg = loadPostgres();
  const types = { getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) };
  // Said as the connection begins: kysely's hook for a new connection keeps its place in the pool for ever where the connection breaks just then.
  const pool = new pg.Pool({ connectionString, ...options, lock_timeout: LOCK_TIMEOUT_MS, connectionTimeoutMillis: LOCK_TIMEOUT_MS, types });
  // A connection that breaks fails its own statement. An event that nobody listens to would end the process besides.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

export function isPostgres(db: Db): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/** Goes on for one tenant in a transaction that the server began, to find out whose work it would do. The end of the transaction is the end of it. */
export async function withinTenant<T>(tx: Tx, id: TenantId, work: () => Promise<T>): Promise<T> {
  if (isPostgres(tx)) await tx.executeQuery(CompiledQuery.raw(`select set_config('countersign.scope', 'tenant', true), set_config('countersign.tenant', $1, true)`, [id]));
  return asTenant(id, work);
}

/** Whether there are tables in it and none of them says that they are ours. */
export async function isForeign(db: Db): Promise<boolean> {
  const tables = (await db.introspection.getTables()).filter(({ schema }) => schema !== JOBS_SCHEMA);
  return tables.length > 0 && !tables.some(({ name }) => name === 'migrations');
}

/** SQLite's and PostgreSQL's words for what passes by itself: busy, locked, full, gone, in each other's way. */
const WEATHER = /^(SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY)|08|25P03|40001|40P01|53|55P03|57|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND)/;

/** Whether an error is the database's and not that of what was asked of it: the same may well work later. */
export function isWeather(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (typeof code === 'string' && WEATHER.test(code)) || /connection (terminated|timeout)|timeout exceeded when trying to connect/i.test(String(message));
}

/**
 * Brings the schema up to date; safely when two processes start at once. One transaction for all of it: both databases roll DDL back,
 * where kysely's own migrator leaves half a migration behind on SQLite. Returns the names of the migrations that ran.
 */
export async function migrate(db: Db): Promise<string[]> {
  return asServer(() => runMigrations(db));
}

function runMigrations(db: Db): Promise<string[]> {
  return db.transaction().execute(async (tx) => {
    if (isPostgres(db)) {
      await tx.executeQuery(CompiledQuery.raw('set local lock_timeout = 0'));
      await tx.executeQuery(CompiledQuery.raw('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]));
    }
    await tx.schema
      .createTable('migrations')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .execute();
    const done = new Set((await tx.selectFrom('migrations').select('name').execute()).map((row) => row.name));
    const ran: string[] = [];
    for (const { name, up } of migrations) {
      if (done.has(name)) continue;
      await up(async (statement) => void (await tx.executeQuery(CompiledQuery.raw(statement))), isPostgres(db) ? 'postgres' : 'sqlite');
      await tx.insertInto('migrations').values({ name, at: Date.now() }).execute();
      ran.push(name);
    }
    // Whoever else starts at the same time waits for the lock above, so that two do not trip over each other in the runner's own migrations.
    const pool = pools.get(db);
    if (pool) await migrateJobs(pool);
    return ran;
  });
}
