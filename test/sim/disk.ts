import { CompiledQuery, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Driver, type QueryResult } from 'kysely';
import { migrate, type Db } from '#store/database';
import type { Database } from '#store/schema';
import { sqliteDialect } from '#store/sqlite';
import type { Owner, Scheduler } from './scheduler.ts';

/** What a process meets at each statement: it may end there, and the statement never answers. */
export interface Session extends Owner {
  scheduler: Scheduler | null;
  /** Called before each statement, and after it: false where the process died of it. */
  step(when: 'before' | 'after', sql: string): boolean;
  /** How long a connection is waited for, milliseconds of the story: between any two uses of the database another process may have its turn. */
  pause(): number;
  /** What a statement answers; a planted bug says something else. */
  answer?: ((sql: string, rows: unknown[]) => unknown[]) | undefined;
}

/** The database that outlives processes. */
export interface Disk {
  open(session: Session): Db;
  /** Reads past every process: for whoever checks. */
  query<Row>(sql: string, ...parameters: unknown[]): Promise<Row[]>;
  /** Takes back what a process had begun when it died, as the database does. */
  abandon(session: Session): Promise<void>;
  /** Everything since is forgotten by `forget`. */
  remember(): Promise<void>;
  forget(): Promise<void>;
}

/** Never answers: the end of whoever waits for it. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

interface Waiter {
  session: Session;
  grant: () => void;
}

/**
 * One SQLite database in memory, behind the product's own dialect. Opening a copy for each story cost more than the story: 7 ms for schema and statements. So one is kept, each story
 * lies within a savepoint that is rolled back at its end, and its transactions are savepoints too. What that takes away is `begin immediate` waiting for another
 * connection, which the queue here does instead.
 */
export async function openDisk(): Promise<Disk> {
  const driver = sqliteDialect(':memory:').createDriver();
  await driver.init();
  const connection = await driver.acquireConnection();
  const waiting: Waiter[] = [];
  let holder: Session | null = null;
  let open = false;

  const run = <Row>(query: CompiledQuery): Promise<QueryResult<Row>> => connection.executeQuery<Row>(query);
  const raw = (sql: string) => run(CompiledQuery.raw(sql));

  async function statement<Row>(session: Session, query: CompiledQuery): Promise<QueryResult<Row>> {
    if (!session.alive || !session.step('before', query.sql)) return never();
    const result = await run<Row>(query);
    if (query.sql.startsWith('savepoint turn')) open = true;
    if (query.sql.startsWith('release turn')) open = false;
    if (!session.step('after', query.sql)) return never();
    return session.answer ? { ...result, rows: session.answer(query.sql, result.rows) as Row[] } : result;
  }

  function grantNext(): void {
    holder = null;
    const next = waiting.shift();
    if (!next) return;
    if (!next.session.alive) return grantNext();
    holder = next.session;
    // In a turn of its own, so that whatever it begins is known to be that process's.
    if (next.session.scheduler) next.session.scheduler.after(0, next.grant, next.session);
    else next.grant();
  }

  async function take(session: Session): Promise<void> {
    if (!session.alive) return never();
    const ms = session.pause();
    if (ms > 0) await new Promise<void>((resolve) => session.scheduler?.after(ms, resolve, session));
    if (holder === null) holder = session;
    else await new Promise<void>((grant) => waiting.push({ session, grant }));
    if (!session.alive) return never();
  }

  const driverOf = (session: Session): Driver => ({
    init: async () => undefined,
    async acquireConnection() {
      await take(session);
      return { executeQuery: (query) => statement(session, query), streamQuery: connection.streamQuery.bind(connection) };
    },
    async releaseConnection() {
      if (holder === session) grantNext();
    },
    beginTransaction: async () => void (await statement(session, CompiledQuery.raw('savepoint turn'))),
    commitTransaction: async () => void (await statement(session, CompiledQuery.raw('release turn'))),
    async rollbackTransaction() {
      await statement(session, CompiledQuery.raw('rollback to turn'));
      await statement(session, CompiledQuery.raw('release turn'));
    },
    destroy: async () => undefined,
  });

  const disk: Disk = {
    open: (session) =>
      new Kysely<Database>({
        dialect: {
          createDriver: () => driverOf(session),
          createQueryCompiler: () => new SqliteQueryCompiler(),
          createAdapter: () => new SqliteAdapter(),
          createIntrospector: (db) => new SqliteIntrospector(db),
        },
      }),
    query: async <Row>(sql: string, ...parameters: unknown[]) => (await run<Row>(CompiledQuery.raw(sql, parameters))).rows,
    async abandon(session) {
      if (holder !== session) return;
      if (open) {
        await raw('rollback to turn');
        await raw('release turn');
        open = false;
      }
      grantNext();
    },
    async remember() {
      await raw('savepoint story');
    },
    async forget() {
      holder = null;
      waiting.length = 0;
      if (open) open = false;
      await raw('rollback to story');
      await raw('release story');
    },
  };
  await migrate(disk.open(bystander()));
  return disk;
}

/** A session outside of every story: nothing happens to it. */
export function bystander(): Session {
  return { alive: true, scheduler: null, step: () => true, pause: () => 0 };
}
