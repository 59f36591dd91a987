import type { Selectable } from 'kysely';
import { newId } from '#lib/ids';
import type { Stop } from '#core/brakes';
import type { InstallId, StopId, TenantId } from '#core/ids';
import type { ServerStopsTable, StopsTable } from '#store/brakes-schema';
import type { Db, Tx } from '#store/database';

export type TenantStop = Selectable<StopsTable>;
export type ServerStop = Selectable<ServerStopsTable>;
/** One rule of one CRM, or all of a tenant. */
export type Stopped = { crm: InstallId; rule: string } | null;

/** What is stopped in a tenant now, the whole of it first. */
export async function listStops(db: Db, tenant: TenantId): Promise<TenantStop[]> {
  const rows = await db.selectFrom('stops').selectAll().where('tenant', '=', tenant).where('ended_at', 'is', null).orderBy('id').execute();
  return rows.sort((a, b) => Number(a.rule !== null) - Number(b.rule !== null));
}

export async function findServerStop(db: Db): Promise<ServerStop | undefined> {
  return db.selectFrom('server_stops').selectAll().where('ended_at', 'is', null).executeTakeFirst();
}

/** What keeps a rule's sends back now, asked of the database each time: a copy kept in a process would let others go on. */
export async function stopOf(db: Db, tenant: TenantId, of: Stopped): Promise<Stop | null> {
  const server = await findServerStop(db);
  if (server) return { id: server.id, scope: 'server' };
  const stops = await listStops(db, tenant);
  const found = stops.find((stop) => stop.rule === null) ?? (of && stops.find((stop) => stop.rule === of.rule && stop.crm === of.crm));
  return found ? { id: found.id, scope: found.rule === null ? 'tenant' : 'rule' } : null;
}

/** Stops a rule or a tenant. False where it is stopped already: then what was said first stays. */
export async function putStop(tx: Tx, tenant: TenantId, of: Stopped, said: { because: string; by: string }, now: number): Promise<StopId | null> {
  const id = newId('stp', now);
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('stops')
    .values({ tenant, id, crm: of?.crm ?? null, rule: of?.rule ?? null, ...said, at: now, ended_at: null, ended_by: null })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? id : null;
}

/** Ends a stop; null where there is none. */
export async function endStop(tx: Tx, tenant: TenantId, of: Stopped, by: string, now: number): Promise<StopId | null> {
  let ended = tx.updateTable('stops').set({ ended_at: now, ended_by: by }).where('tenant', '=', tenant).where('ended_at', 'is', null);
  ended = of ? ended.where('crm', '=', of.crm).where('rule', '=', of.rule) : ended.where('rule', 'is', null);
  return (await ended.returning('id').executeTakeFirst())?.id ?? null;
}

export async function putServerStop(tx: Tx, said: { because: string; by: string }, now: number): Promise<StopId | null> {
  const id = newId('stp', now);
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('server_stops')
    .values({ id, ...said, at: now, ended_at: null, ended_by: null })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n ? id : null;
}

export async function endServerStop(tx: Tx, by: string, now: number): Promise<StopId | null> {
  const row = await tx.updateTable('server_stops').set({ ended_at: now, ended_by: by }).where('ended_at', 'is', null).returning('id').executeTakeFirst();
  return row?.id ?? null;
}
