import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { AlarmsTable } from '#store/schema';
import { constant } from '#store/view/page';

/** What waits, by state. Finished work is not counted: it only grows. */
export interface Waiting {
  inbox: { ready: number; dead: number };
  outbox: { ready: number; leased: number; held: number; parked: number };
}

/** Each state by itself, because each has a partial index of its own; a `group by` would read every finished row, on every page. */
export async function countWaiting(db: Db, tenant: TenantId): Promise<Waiting> {
  return {
    inbox: { ready: await countReadyNotices(db, tenant), dead: await countDeadNotices(db, tenant) },
    outbox: {
      ready: await countOpenEffects(db, tenant, 'ready'),
      leased: await countOpenEffects(db, tenant, 'leased'),
      held: await countOpenEffects(db, tenant, 'held'),
      parked: await countParkedEffects(db, tenant),
    },
  };
}

async function countReadyNotices(db: Db, tenant: TenantId): Promise<number> {
  const ready = db.selectFrom('inbox').select(({ fn }) => fn.countAll<number>().as('count'));
  return Number((await ready.where('tenant', '=', tenant).where('state', '=', constant('ready')).executeTakeFirstOrThrow()).count);
}

async function countDeadNotices(db: Db, tenant: TenantId): Promise<number> {
  const dead = db.selectFrom('inbox').select(({ fn }) => fn.countAll<number>().as('count'));
  return Number((await dead.where('tenant', '=', tenant).where('state', '=', constant('dead')).executeTakeFirstOrThrow()).count);
}

/** By the tenant's installs: the indexes of open effects begin with the install. */
async function countOpenEffects(db: Db, tenant: TenantId, state: 'ready' | 'leased' | 'held'): Promise<number> {
  const open = db.selectFrom('outbox').select(({ fn }) => fn.countAll<number>().as('count'));
  const installs = db.selectFrom('installs').select('id').where('tenant', '=', tenant);
  return Number((await open.where('install', 'in', installs).where('state', '=', constant(state)).executeTakeFirstOrThrow()).count);
}

async function countParkedEffects(db: Db, tenant: TenantId): Promise<number> {
  const parked = db.selectFrom('outbox').select(({ fn }) => fn.countAll<number>().as('count'));
  return Number((await parked.where('tenant', '=', tenant).where('state', '=', constant('parked')).executeTakeFirstOrThrow()).count);
}

/** Alarms that belong to no tenant, latest first: of the server's clock, its database, its limits. */
export async function listServerAlarms(db: Db): Promise<AlarmsTable[]> {
  return db.selectFrom('alarms').selectAll().where('tenant', 'is', null).orderBy('last_at', 'desc').limit(20).execute();
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
