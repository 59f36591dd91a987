import { sql, type Selectable } from 'kysely';
import type { HeldState } from '#core/brakes';
import type { HeldSendId, HoldId, TenantId } from '#core/ids';
import type { HeldSendsTable, HoldsTable } from '#store/brakes-schema';
import type { Db } from '#store/database';
import { findServerStop, listStops, type ServerStop, type TenantStop } from '#store/stops';
import { constant, cut, type Ask, type Page } from '#store/view/page';

export type HoldView = Selectable<HoldsTable>;
export type HeldView = Selectable<HeldSendsTable>;
export const HELD_STATES: readonly HeldState[] = ['waiting', 'released', 'discarded', 'resumed'];

/** Open ones first, each newest first. */
export async function listHolds(db: Db, tenant: TenantId, ask: Ask): Promise<Page<HoldView>> {
  let query = db.selectFrom('holds').selectAll().where('tenant', '=', tenant);
  if (ask.after) query = query.where('id', '<', ask.after as HoldId);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(ask.limit + 1)
    .execute();
  const { rows: shown, next } = cut(rows, ask.limit, ({ id }) => id);
  return { rows: shown.sort((a, b) => Number(a.closed_at !== null) - Number(b.closed_at !== null)), next };
}

export async function findHold(db: Db, tenant: TenantId, id: HoldId): Promise<HoldView | undefined> {
  return db.selectFrom('holds').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
}

/** The sends of a hold, in the order in which they were held. */
export async function listHeld(db: Db, tenant: TenantId, hold: HoldId, state: HeldState | undefined, ask: Ask): Promise<Page<HeldView>> {
  let query = db.selectFrom('held_sends').selectAll().where('tenant', '=', tenant).where('hold', '=', hold);
  if (state) query = query.where('state', '=', constant(state));
  if (ask.after) query = query.where('id', '>', ask.after as HeldSendId);
  const rows = await query
    .orderBy('id')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, ({ id }) => id);
}

export interface BrakesNow {
  /** Sends that wait for a person. */
  waiting: number;
  stops: TenantStop[];
  server: ServerStop | null;
}

/** What is stopped and held now: shown on every page, for whoever wonders why nothing is sent. */
export async function brakesNow(db: Db, tenant: TenantId): Promise<BrakesNow> {
  const { waiting } = await db
    .selectFrom('holds')
    .select(sql<number>`coalesce(sum(waiting), 0)`.as('waiting'))
    .where('tenant', '=', tenant)
    .where('closed_at', 'is', null)
    .executeTakeFirstOrThrow();
  return { waiting: Number(waiting), stops: await listStops(db, tenant), server: (await findServerStop(db)) ?? null };
}

export { findServerStop, type ServerStop, type TenantStop } from '#store/stops';
