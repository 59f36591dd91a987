import { sql, type Selectable } from 'kysely';
import { newId } from '#lib/ids';
import type { HeldState, HoldCause } from '#core/brakes';
import type { Correlation, HeldSendId, HoldId, InstallId, StopId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { HeldSendsTable, HoldsTable } from '#store/brakes-schema';
import type { Db, Tx } from '#store/database';

export type Hold = Selectable<HoldsTable>;
export type HeldSend = Selectable<HeldSendsTable>;

export interface Holding {
  crm: InstallId;
  rule: string;
  stage: string;
  cause: HoldCause;
  stop: StopId | null;
  say: string;
  /** Sends of the same crowd that are out already. */
  sent: number;
  /** When the deal entered. */
  at: number;
  deal: { id: string; name: string };
  intent: string;
  correlation: Correlation;
}

/** Adds a send to what is held for the same cause, which it opens where there is none. Null where that send waits already. */
export async function holdSend(tx: Tx, tenant: TenantId, holding: Holding, now: number): Promise<Hold | null> {
  const open = (await findOpenHold(tx, tenant, holding)) ?? (await openHold(tx, tenant, holding, now));
  const { crm, deal, intent, correlation, at } = holding;
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('held_sends')
    .values({
      tenant,
      id: newId('hls', now),
      hold: open.id,
      crm,
      deal: deal.id,
      deal_name: deal.name,
      intent,
      state: 'waiting',
      correlation,
      at,
      decided_at: null,
      decided_by: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant', 'crm', 'intent'])
        // What a stop held may be held again, by another one or by its ceiling; what a person decided on stays decided.
        .doUpdateSet({ hold: open.id, state: 'waiting', correlation, decided_at: null, decided_by: null })
        .where('held_sends.state', '=', 'resumed'),
    )
    .executeTakeFirst();
  if (!numInsertedOrUpdatedRows) return null;
  return tx
    .updateTable('holds')
    .set((eb) => ({
      waiting: eb('waiting', '+', 1),
      sent: eb.case().when('sent', '<', holding.sent).then(holding.sent).else(eb.ref('sent')).end(),
      first_at: eb.case().when('first_at', '>', at).then(at).else(eb.ref('first_at')).end(),
      last_at: eb.case().when('last_at', '<', at).then(at).else(eb.ref('last_at')).end(),
    }))
    .where('tenant', '=', tenant)
    .where('id', '=', open.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

async function findOpenHold(tx: Tx, tenant: TenantId, { crm, rule, stage, cause, stop }: Holding): Promise<{ id: HoldId } | undefined> {
  const open = tx
    .selectFrom('holds')
    .select('id')
    .where('tenant', '=', tenant)
    .where('closed_at', 'is', null)
    .where('crm', '=', crm)
    .where('rule', '=', rule)
    .where('stage', '=', stage);
  return open
    .where('cause', '=', cause)
    .where(sql`coalesce(stop, '')`, '=', stop ?? '')
    .executeTakeFirst();
}

async function openHold(tx: Tx, tenant: TenantId, { crm, rule, stage, cause, stop, say, at }: Holding, now: number): Promise<{ id: HoldId }> {
  const id = newId('hld', now);
  await tx
    .insertInto('holds')
    .values({ tenant, id, crm, rule, stage, cause, stop, say, waiting: 0, sent: 0, first_at: at, last_at: at, opened_at: now, closed_at: null })
    .execute();
  return { id };
}

/** @throws Problem `request.not-found` */
export async function getHold(db: Db, tenant: TenantId, id: HoldId): Promise<Hold> {
  const row = await db.selectFrom('holds').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('request.not-found', { say: 'Nothing of that id is held.' });
  return row;
}

/** Open holds of stops that are over. */
export async function openStopHolds(db: Db, tenant: TenantId): Promise<Hold[]> {
  const open = db.selectFrom('holds').selectAll().where('tenant', '=', tenant).where('cause', '=', 'stop').where('closed_at', 'is', null);
  const stops = db.selectFrom('stops').select('id').where('tenant', '=', tenant).where('ended_at', 'is', null);
  const server = db.selectFrom('server_stops').select('id').where('ended_at', 'is', null);
  return open.where('stop', 'not in', stops).where('stop', 'not in', server).execute();
}

/** What became of a send where it was held before. */
export async function heldStateOf(tx: Db, tenant: TenantId, crm: InstallId, intent: string): Promise<HeldState | null> {
  const row = await tx.selectFrom('held_sends').select('state').where('tenant', '=', tenant).where('crm', '=', crm).where('intent', '=', intent).executeTakeFirst();
  return row?.state ?? null;
}

/**
 * Takes up to `limit` sends out of a hold, all of them or those named, for what a person has decided. What another has taken is not taken twice.
 * The last one closes the hold.
 */
export async function takeHeld(
  tx: Tx,
  tenant: TenantId,
  hold: HoldId,
  take: { state: Exclude<HeldState, 'waiting'>; by: string; only?: readonly HeldSendId[]; limit: number },
  now: number,
): Promise<HeldSend[]> {
  const { state, by, only, limit } = take;
  let waiting = tx.selectFrom('held_sends').select('id').where('tenant', '=', tenant).where('hold', '=', hold).where('state', '=', sql.lit<'waiting'>('waiting'));
  if (only) waiting = waiting.where('id', 'in', only.length > 0 ? [...only] : ['hls_none']);
  const taken = await tx
    .updateTable('held_sends')
    .set({ state, decided_at: now, decided_by: by })
    .where('tenant', '=', tenant)
    .where('id', 'in', waiting.orderBy('id').limit(limit))
    .where('state', '=', 'waiting')
    .returningAll()
    .execute();
  await tx
    .updateTable('holds')
    .set((eb) => ({ waiting: eb('waiting', '-', taken.length), closed_at: eb.case().when('waiting', '<=', taken.length).then(now).end() }))
    .where('tenant', '=', tenant)
    .where('id', '=', hold)
    .where('closed_at', 'is', null)
    .execute();
  return taken;
}
