import { CompiledQuery, sql } from 'kysely';
import { migrations } from '#migrations/index';
import type { InstallId, TenantId } from '#core/ids';
import { isPostgres, type Db } from '#store/database';

/** Triggers without which the ledgers and pinned columns would not be append-only. */
const GUARDS = [
  'facts_no_update',
  'facts_no_delete',
  'receipts_no_update',
  'receipts_no_delete',
  'audit_no_update',
  'audit_no_delete',
  'envelopes_no_update',
  'mappings_no_update',
  'mappings_no_delete',
];
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
    postgres ? 'select tgname as name from pg_trigger where not tgisinternal' : "select name from sqlite_master where type = 'trigger'",
  );
  const found = new Set(triggers.map(({ name }) => name));
  return {
    kind: postgres ? 'postgres' : 'sqlite',
    behind: migrations.map(({ name }) => name).filter((name) => !ran.has(name)),
    missingGuards: GUARDS.filter((name) => !found.has(name)),
    durable: postgres
      ? (await query<{ synchronous_commit: string }>('show synchronous_commit'))[0]?.synchronous_commit !== 'off'
      : (await query<{ synchronous: number }>('pragma synchronous'))[0]?.synchronous === FULL,
  };
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
