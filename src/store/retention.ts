import { sql } from 'kysely';
import { idFloor } from '#lib/ids';
import type { EffectKind } from '#core/effect';
import type { DeliveryId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { OWN } from '#store/inbox';

/** How many days what is settled stays; `docs/retention.md` has the table. Ledgers, people, envelopes and dead letters are in none of them: they stay. */
export interface KeepDays {
  deliveries: number;
  inbox: number;
  outbox: number;
  messages: number;
  failedMessages: number;
}
/**
 * Deliveries longer than any vendor goes on repeating one. Notices, whose keys tell a repeat, three times as long: DocuSign repeats up to ten times, 24 hours apart. Effects for a year and a
 * month, so that the timeline of last year's contract still says why each field was written.
 */
export const KEEP_DAYS: KeepDays = { deliveries: 30, inbox: 90, outbox: 400, messages: 30, failedMessages: 90 };
/** Rows that one pass removes at most, so that it never holds the database for long. */
export const ROWS_A_PASS = 1000;

/** Removes raw deliveries older than `before`: what they meant is in the ledgers. Those that wait, or are dead letters, stay. Returns how many went. */
export async function sweepDeliveries(db: Db, before: number): Promise<number> {
  const old = await db
    .selectFrom('deliveries')
    .select('id')
    .where('received_at', '<', before)
    .where(({ eb, selectFrom }) => {
      // The states stand in the text of the statement: each has a partial index, which a parameter would not use. One null among them would keep all from going.
      const holding = (state: 'ready' | 'dead') =>
        selectFrom('inbox')
          .select(({ fn, val }) => fn.coalesce('delivery', val('')).as('delivery'))
          .where('state', '=', sql.lit(state))
          .$castTo<{ delivery: DeliveryId }>();
      return eb.and([eb('id', 'not in', holding('ready')), eb('id', 'not in', holding('dead'))]);
    })
    .limit(ROWS_A_PASS)
    .execute();
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  const { numDeletedRows } = await db.deleteFrom('deliveries').where('id', 'in', ids).executeTakeFirst();
  return Number(numDeletedRows);
}

/**
 * Removes settled notices of one tenant that are older than `before`, and with them the memory of their keys. What we were told by hand or by API keeps its key for ever, for a list may be imported again a
 * year later; and a notice outlives its delivery, because erasing a person finds the bytes that name them by way of it. Returns how many went.
 * Found by their ids, which begin with their time: an index by time would be one more to write for each notice that arrives.
 */
export async function sweepNotices(db: Db, tenant: TenantId, before: number): Promise<number> {
  const old = db
    .selectFrom('inbox')
    .select('id')
    .where('tenant', '=', tenant)
    .where('id', '<', idFloor('ntc', before))
    .where('state', 'in', ['done', 'noted'])
    .where(({ or, eb }) => or([eb('vendor', '<>', OWN), sql<boolean>`key like 'eff~_%' escape '~'`]))
    .where(({ or, eb, not, exists, selectFrom }) =>
      or([eb('delivery', 'is', null), not(exists(selectFrom('deliveries').select('deliveries.id').whereRef('deliveries.id', '=', 'inbox.delivery')))]),
    )
    .orderBy('id')
    .limit(ROWS_A_PASS);
  const { numDeletedRows } = await db.deleteFrom('inbox').where('tenant', '=', tenant).where('id', 'in', old).executeTakeFirst();
  return Number(numDeletedRows);
}

/**
 * Kinds whose effects go once they are old: done a second time they would end in the same state. What makes something each time, tells a journey or proves who was told
 * of a consent stays, because "equal keys are one effect for ever" must hold there.
 */
const PASSING: readonly EffectKind[] = ['deal.read', 'record.write', 'journey.join', 'journey.leave', 'answers.read', 'envelope.wait'];

/**
 * Removes effects of one tenant that were settled and are older than `before`. Writes of write-once fields stay, which the attribution is held against; and so does whatever was done
 * to a record for which something still waits: it tells that one, replayed after a year, what is newer. Returns how many went.
 */
export async function sweepEffects(db: Db, tenant: TenantId, before: number): Promise<number> {
  const old = db
    .selectFrom('outbox as old')
    .select('old.id')
    .where('old.tenant', '=', tenant)
    .where('old.id', '<', idFloor('eff', before))
    .where('old.state', 'in', ['done', 'cancelled'])
    .where('old.updated_at', '<', before)
    .where('old.kind', 'in', PASSING)
    .where('old.data', 'not like', '%"once":["%')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('outbox as waiting')
            .select('waiting.id')
            .where('waiting.tenant', '=', tenant)
            .whereRef('waiting.record', '=', 'old.record')
            .where('waiting.state', 'in', ['ready', 'leased', 'held', 'parked']),
        ),
      ),
    )
    .orderBy('old.id')
    .limit(ROWS_A_PASS);
  const { numDeletedRows } = await db.deleteFrom('outbox').where('tenant', '=', tenant).where('id', 'in', old).executeTakeFirst();
  return Number(numDeletedRows);
}

/** Removes sign-ins that were begun and never ended, and waits of workflows that are over, of all tenants. Returns how many went. */
export async function sweepExpired(db: Db, before: number): Promise<number> {
  const states = await db.deleteFrom('oauth_states').where('expires_at', '<', before).executeTakeFirst();
  const callbacks = await db.deleteFrom('callbacks').where('expires_at', '<', before).executeTakeFirst();
  return Number(states.numDeletedRows) + Number(callbacks.numDeletedRows);
}

/** The next tenants in the order of their ids, behind `after`; none at the end of the round. */
export async function tenantsBehind(db: Db, after: TenantId | null, limit: number): Promise<TenantId[]> {
  const all = db.selectFrom('tenants').select('id').orderBy('id').limit(limit);
  const rows = await (after === null ? all : all.where('id', '>', after)).execute();
  return rows.map(({ id }) => id);
}
