import { sql } from 'kysely';
import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { AlarmsTable, OutboxTable } from '#store/schema';

/** What waits, by state. Finished work is not counted: it only grows. */
export interface Waiting {
  inbox: { ready: number; dead: number };
  outbox: { ready: number; leased: number; held: number; parked: number };
}

/** A partial index is chosen only for a constant in the text of the statement, not for a parameter. */
const constant = <Text extends string>(text: Text) => sql.lit(text);

const OPEN: OutboxTable['state'][] = ['ready', 'leased', 'held', 'parked'];

export async function countWaiting(db: Db, tenant: TenantId): Promise<Waiting> {
  const [ready, dead, outbox] = await Promise.all([
    countInbox(db, tenant, 'ready'),
    countInbox(db, tenant, 'dead'),
    Promise.all(OPEN.map((state) => countOutbox(db, tenant, state))),
  ]);
  const [readyEffects = 0, leased = 0, held = 0, parked = 0] = outbox;
  return { inbox: { ready, dead }, outbox: { ready: readyEffects, leased, held, parked } };
}

/** One state at a time, because each has a partial index of its own; a `group by` would read every finished row. */
async function countInbox(db: Db, tenant: TenantId, state: 'ready' | 'dead'): Promise<number> {
  const row = await db
    .selectFrom('inbox')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('tenant', '=', tenant)
    .where('state', '=', constant(state))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

async function countOutbox(db: Db, tenant: TenantId, state: OutboxTable['state']): Promise<number> {
  const row = await db
    .selectFrom('outbox')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('tenant', '=', tenant)
    .where('install', 'in', db.selectFrom('installs').select('id').where('tenant', '=', tenant))
    .where('state', '=', constant(state))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** The tenant's alarms, latest first; an operator (`all`) also sees those that belong to no tenant. */
export async function listAlarms(db: Db, tenant: TenantId, all: boolean): Promise<AlarmsTable[]> {
  return db
    .selectFrom('alarms')
    .selectAll()
    .where((where) => (all ? where.or([where('tenant', '=', tenant), where('tenant', 'is', null)]) : where('tenant', '=', tenant)))
    .orderBy('last_at', 'desc')
    .limit(20)
    .execute();
}
