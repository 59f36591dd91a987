import { CompiledQuery, sql } from 'kysely';
import { migrations } from '#migrations/index';
import type { InstallId, TenantId } from '#core/ids';
import { isPostgres, type Db } from '#store/database';

/** Tables to which rows are only added. */
const APPEND_ONLY = [
  'facts',
  'receipts',
  'audit',
  'consent_texts',
  'consents',
  'touches',
  'attributions',
  'signed_heads',
  'head_timestamps',
  'capture_pages',
  'capture_renderings',
];
/** Tables of which some columns never change, and no row goes. */
const PINNED = ['mappings', 'signing_keys'];

/** Triggers without which the ledgers and pinned columns would not be append-only. */
function guardsOf(postgres: boolean): string[] {
  // `truncate` asks no row, and only PostgreSQL has it.
  const kept = [...APPEND_ONLY, ...PINNED].flatMap((table) => ['update', 'delete', ...(postgres ? ['truncate'] : [])].map((on) => `${table}_no_${on}`));
  return ['envelopes_no_update', ...kept];
}
const FULL = 2;

export interface DatabaseHealth {
  kind: 'sqlite' | 'postgres';
  /** Names of migrations that have not run. */
  behind: string[];
  missingGuards: string[];
  /** Whether a commit survives a power cut. */
  durable: boolean;
}

export async function databaseHealth(db: Db): Promise<DatabaseHealth> {
  const postgres = isPostgres(db);
  const query = async <Row>(text: string) => (await db.executeQuery<Row>(CompiledQuery.raw(text))).rows;
  const ran = new Set((await db.selectFrom('migrations').select('name').execute()).map(({ name }) => name));
  const triggers = await query<{ name: string }>(
    postgres ? "select tgname as name from pg_trigger where not tgisinternal and tgenabled <> 'D'" : "select name from sqlite_master where type = 'trigger'",
  );
  const found = new Set(triggers.map(({ name }) => name));
  return {
    kind: postgres ? 'postgres' : 'sqlite',
    behind: migrations.map(({ name }) => name).filter((name) => !ran.has(name)),
    missingGuards: guardsOf(postgres).filter((name) => !found.has(name)),
    durable: postgres
      ? (await query<{ synchronous_commit: string }>('show synchronous_commit'))[0]?.synchronous_commit !== 'off'
      : (await query<{ synchronous: number }>('pragma synchronous'))[0]?.synchronous === FULL,
  };
}

/** Migrations that ran in a database and that this release does not know: a newer one was here. */
export async function unknownMigrations(db: Db): Promise<string[]> {
  const known = new Set(migrations.map(({ name }) => name));
  const ran = await db.selectFrom('migrations').select('name').orderBy('name').execute();
  return ran.map(({ name }) => name).filter((name) => !known.has(name));
}

/** Asks the database for nothing, to see whether it answers: a probe that counts what waits takes longest when there is most to do. @throws the driver's error */
export async function answers(db: Db): Promise<void> {
  await db.executeQuery(CompiledQuery.raw('select 1'));
}

/** Systems that should have been told of a consent act before `since` and have not, over all tenants; what waits for a person or for a permission counts too. */
export async function lateTellings(db: Db, actedBefore: number): Promise<{ install: InstallId; tenant: TenantId; name: string; count: number }[]> {
  const rows = await db
    .selectFrom('outbox')
    .innerJoin('installs', 'installs.id', 'outbox.install')
    .select(({ fn }) => ['outbox.install', 'outbox.tenant', 'installs.name', fn.countAll<number>().as('count')])
    // Kind and state stand in the text of the statement, as in the index that holds these few alone: `or` between the open states went through all that was ever done.
    .where('outbox.kind', '=', sql.lit('consent.tell'))
    .where('outbox.state', '<>', sql.lit('done'))
    .where('outbox.state', '<>', 'cancelled')
    .where('outbox.created_at', '<', actedBefore)
    .where('installs.state', '!=', 'left')
    .groupBy(['outbox.install', 'outbox.tenant', 'installs.name'])
    .execute();
  return rows.map(({ count, ...row }) => ({ ...row, count: Number(count) }));
}

/** Effects that should have run before `since` and have not, over all tenants: a sign that no process serves their lanes. */
export async function overdueEffects(db: Db, since: number): Promise<{ install: InstallId; tenant: TenantId; count: number }[]> {
  const rows = await db
    .selectFrom('lanes')
    .innerJoin('installs', 'installs.id', 'lanes.install')
    .select(({ selectFrom, fn }) => {
      // The states stand in the text of the statement: each has a partial index, which a parameter would not use.
      const late = (state: 'ready' | 'leased') =>
        selectFrom('outbox')
          .select(() => fn.countAll<number>().as('count'))
          .whereRef('outbox.install', '=', 'lanes.install')
          .where('outbox.state', '=', sql.lit(state))
          .where('outbox.run_at', '<', since);
      return ['lanes.install', 'lanes.tenant', late('ready').as('ready'), late('leased').as('leased')];
    })
    .where('installs.state', '=', 'active')
    .where('lanes.next_at', '<', since)
    .execute();
  return rows.map(({ install, tenant, ready, leased }) => ({ install, tenant, count: Number(ready) + Number(leased) })).filter(({ count }) => count > 0);
}

/** Notices that could not be settled and wait for a person, over all tenants. */
export async function deadNotices(db: Db): Promise<{ tenant: TenantId; count: number }[]> {
  const rows = await db
    .selectFrom('inbox')
    .select(({ fn }) => ['tenant', fn.countAll<number>().as('count')])
    // In the text of the statement, as in the index that holds these few alone.
    .where('state', '=', sql.lit('dead'))
    .groupBy('tenant')
    .orderBy('tenant')
    .execute();
  return rows.map(({ tenant, count }) => ({ tenant, count: Number(count) }));
}
