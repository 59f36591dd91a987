import pg from 'pg';
import { CompiledQuery } from 'kysely';
import { newToken } from '#lib/ids';
import { isPostgres, migrate, openDatabase, type Tx } from '#store/database';
import type { TestDatabase } from './databases.ts';
import { postgresServer, runAsAdmin } from './postgres.ts';

export interface WalledDatabase extends TestDatabase {
  role: string;
  adminAddress: string;
  /** By a role that no policy binds. */
  asAdmin<Row>(statement: string, values?: unknown[]): Promise<Row[]>;
}

/** A database on PostgreSQL that belongs to a role without privileges, as a server's should: the policies hold it like anybody. */
export async function openWalledDatabase(): Promise<WalledDatabase> {
  const server = await postgresServer();
  const role = `countersign_wall_${newToken(9).replace(/\W/g, '').toLowerCase()}`;
  await runAsAdmin(server, `create role ${role} login nosuperuser nobypassrls password 'wall'`);
  await runAsAdmin(server, `create database ${role} owner ${role}`);
  const place = new URL(server);
  place.pathname = `/${role}`;
  const adminAddress = place.href;
  const admin = new pg.Client({ connectionString: adminAddress });
  await admin.connect();
  Object.assign(place, { username: role, password: 'wall' });
  const connections = [openDatabase(place.href)];
  const [db] = connections;
  if (!db) throw new Error('It was just opened.');
  await migrate(db);
  return {
    db,
    address: place.href,
    role,
    adminAddress,
    asAdmin: async <Row>(statement: string, values: unknown[] = []) => (await admin.query(statement, values)).rows as Row[],
    peers(count) {
      while (connections.length < count) connections.push(openDatabase(place.href));
      return connections.slice(0, count);
    },
    async close() {
      for (const connection of connections) await connection.destroy();
      await admin.end();
      await runAsAdmin(server, `drop database if exists ${role} with (force)`);
      await runAsAdmin(server, `drop role ${role}`);
    },
  };
}

/** What somebody else would see from inside a transaction: the server, which sees everything. */
export async function seenByServer<T>(tx: Tx, look: () => Promise<T>): Promise<T> {
  if (!isPostgres(tx)) return look();
  const enter = (scope: string) => tx.executeQuery(CompiledQuery.raw("select set_config('countersign.scope', $1, true)", [scope]));
  await enter('server');
  const seen = await look();
  await enter('tenant');
  return seen;
}

/** Runs what the database may refuse inside a transaction that goes on after it. */
export async function tryIn<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  const run = (statement: string) => tx.executeQuery(CompiledQuery.raw(statement));
  await run('savepoint attempt');
  try {
    return await work();
  } catch (error) {
    await run('rollback to savepoint attempt');
    throw error;
  }
}
