import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { CompiledQuery, Kysely, PostgresAdapter, PostgresDialect, type DatabaseConnection, type Transaction } from 'kysely';
import type PostgresClient from 'pg';
import { migrations } from '#migrations/index';
import type { Database } from '#store/schema';
import { sqliteDialect } from '#store/sqlite';

/** Either the store itself or a transaction on it. */
export type Db = Kysely<Database>;
export type Tx = Transaction<Database>;

const POOL_CONNECTIONS = 10;
const INT8 = 20;
const MIGRATION_LOCK = 7_305_112;
/** As long as SQLite waits: what is locked for longer is told as busy, so that a vendor sends it again instead of waiting with us. */
const LOCK_TIMEOUT_MS = 5000;

/** Opens `postgres://…` or a SQLite file (`:memory:` too). The file's folder is made. */
export function openDatabase(address: string): Db {
  if (/^postgres(ql)?:/.test(address)) {
    const onCreateConnection = async (connection: DatabaseConnection) => void (await connection.executeQuery(CompiledQuery.raw(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)));
    return new Kysely<Database>({ dialect: new PostgresDialect({ pool: openPool(address), onCreateConnection }) });
  }
  if (address !== ':memory:') mkdirSync(dirname(address), { recursive: true });
  return new Kysely<Database>({ dialect: sqliteDialect(address) });
}

/** Loaded only where it is used: it would be 35 ms of every start on SQLite. */
const loadPostgres = () => createRequire(import.meta.url)('pg') as typeof PostgresClient;

function openPool(connectionString: string): PostgresClient.Pool {
  const pg = loadPostgres();
  const types = { getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) };
  const pool = new pg.Pool({ connectionString, max: POOL_CONNECTIONS, connectionTimeoutMillis: LOCK_TIMEOUT_MS, types });
  // A connection that breaks fails its own statement. An event that nobody listens to would end the process besides.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

export function isPostgres(db: Db): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
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
    return ran;
  });
}
