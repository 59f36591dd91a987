import type { Selectable, Updateable } from 'kysely';
import { newId } from '#lib/ids';
import type { EventType } from '#core/events';
import type { EndpointId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Db, Tx } from '#store/database';
import type { EndpointsTable } from '#store/endpoints-schema';

/** Whoever changes an endpoint and its messages takes the endpoint first, so that no two wait for each other. */
export type Endpoint = Selectable<EndpointsTable>;

/** How many endpoints a tenant may have: each fact is written down once for every one of them. */
const MOST_ENDPOINTS = 20;

export interface NewEndpoint {
  url: string;
  events: readonly EventType[];
  description: string;
  createdBy: string;
}

/** Writes an endpoint down; `seal` gets its id and gives its sealed secret. @throws Problem `request.malformed` where there are too many */
export async function putEndpoint(tx: Tx, tenant: TenantId, endpoint: NewEndpoint, seal: (id: EndpointId) => string, now: number): Promise<Endpoint> {
  const { count } = await tx
    .selectFrom('endpoints')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('tenant', '=', tenant)
    .executeTakeFirstOrThrow();
  if (Number(count) >= MOST_ENDPOINTS)
    throw new Problem('request.malformed', { say: `There are ${MOST_ENDPOINTS} endpoints already, which is the most. Delete one that is not needed any more.` });
  const id = newId('enp', now);
  const { url, events, description, createdBy } = endpoint;
  const place = { next_at: 0, lease_until: 0, served_at: 0, epoch: 0 };
  const health = { state: 'active' as const, reason: null, failing_since: null, last_ok_at: null };
  const secrets = { secret: seal(id), old_secret: null, old_until: null };
  return tx
    .insertInto('endpoints')
    .values({ tenant, id, url, events: JSON.stringify(events), description, ...health, ...secrets, ...place, created_by: createdBy, created_at: now, updated_at: now })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** @throws Problem `request.not-found` */
export async function getEndpoint(db: Db, tenant: TenantId, id: EndpointId): Promise<Endpoint> {
  const row = await db.selectFrom('endpoints').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('request.not-found', { say: 'There is no endpoint of that id.' });
  return row;
}

/** The active endpoints that want to hear of events of this type. */
export async function listSubscribed(tx: Tx, tenant: TenantId, type: EventType): Promise<Endpoint[]> {
  const active = await tx.selectFrom('endpoints').selectAll().where('tenant', '=', tenant).where('state', '=', 'active').orderBy('id').execute();
  return active.filter(({ events }) => {
    const wanted = JSON.parse(events) as EventType[];
    return wanted.length === 0 || wanted.includes(type);
  });
}

/** @throws Problem `request.not-found` */
export async function updateEndpoint(db: Db, tenant: TenantId, id: EndpointId, set: Updateable<EndpointsTable>): Promise<void> {
  const { numUpdatedRows } = await db.updateTable('endpoints').set(set).where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Problem('request.not-found', { say: 'There is no endpoint of that id.' });
}

/** Writes down that an attempt came through, or did not. Returns since when nothing has; undefined where another process has taken the endpoint over. */
export async function noteAttempt(tx: Tx, { tenant, id, epoch }: Pick<Endpoint, 'tenant' | 'id' | 'epoch'>, ok: boolean, now: number): Promise<number | undefined> {
  const row = await tx
    .updateTable('endpoints')
    .set(({ fn, val }) => (ok ? { failing_since: null, last_ok_at: now } : { failing_since: fn.coalesce('failing_since', val(now)) }))
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('epoch', '=', epoch)
    .returning('failing_since')
    .executeTakeFirst();
  return row && (row.failing_since ?? now);
}

/** Disables an endpoint that is active. What waits for it counts as failed: it is kept, and sent when a person replays it. False where it was disabled already. */
export async function disableEndpoint(tx: Tx, tenant: TenantId, id: EndpointId, reason: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('endpoints')
    .set({ state: 'disabled', reason, updated_at: now })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('state', '=', 'active')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await tx
    .updateTable('messages')
    .set({ state: 'failed', updated_at: now })
    .where('tenant', '=', tenant)
    .where('endpoint', '=', id)
    .where('state', 'in', ['ready', 'leased'])
    .execute();
  return true;
}

/** Deletes an endpoint with its messages. They are no ledger: what happened stays in the facts. */
export async function deleteEndpoint(tx: Tx, tenant: TenantId, id: EndpointId): Promise<void> {
  await tx.deleteFrom('endpoints').where('tenant', '=', tenant).where('id', '=', id).execute();
  await tx.deleteFrom('messages').where('tenant', '=', tenant).where('endpoint', '=', id).execute();
}
