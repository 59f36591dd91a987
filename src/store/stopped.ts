import { sql } from 'kysely';
import type { InstallId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import { wakeLanes } from '#store/wakes';

/** How an effect that a stop has held is told from one whose account needs a person. */
const MARK = '%"code":"send.stopped"%';
const HELD = sql.lit<'held'>('held');

/** Lets go what a stop has held in the outbox. What is still stopped is held again when its turn comes. Returns how many. */
export async function releaseStopped(tx: Tx, tenant: TenantId, now: number): Promise<number> {
  const installs = tx.selectFrom('installs').select('id').where('tenant', '=', tenant);
  const rows = await tx
    .updateTable('outbox')
    .set({ state: 'ready', run_at: now, error: null, updated_at: now })
    .where('tenant', '=', tenant)
    .where('install', 'in', installs)
    .where('state', '=', HELD)
    .where('error', 'like', MARK)
    .returning('install')
    .execute();
  const lanes = new Set<InstallId>(rows.map(({ install }) => install));
  await wakeLanes(
    tx,
    [...lanes].map((lane) => ({ kind: 'perform', lane })),
  );
  return rows.length;
}

/** Tenants in which a stop has held something and nothing is stopped any more: a send may have been held in the very moment in which its stop ended. */
export async function tenantsToThaw(db: Db): Promise<TenantId[]> {
  const stopped = db.selectFrom('stops').select('tenant').where('ended_at', 'is', null);
  const effects = await db.selectFrom('outbox').select('tenant').distinct().where('state', '=', HELD).where('error', 'like', MARK).where('tenant', 'not in', stopped).execute();
  const holds = await db.selectFrom('holds').select('tenant').distinct().where('cause', '=', 'stop').where('closed_at', 'is', null).where('tenant', 'not in', stopped).execute();
  return [...new Set([...effects, ...holds].map(({ tenant }) => tenant))];
}
