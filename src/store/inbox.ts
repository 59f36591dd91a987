import { CompiledQuery, sql, type Selectable } from 'kysely';
import { newId } from '#lib/ids';
import type { Correlation, DeliveryId, InstallId, NoticeId, TenantId } from '#core/ids';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import { isPostgres, type Db, type Tx } from '#store/database';
import type { InboxTable } from '#store/schema';
import { wakeLanes, withWakes } from '#store/wakes';

export type InboxNotice = Selectable<InboxTable>;
/** The vendor of notices that we write ourselves: their payload is facts. */
export const OWN = 'countersign';
/** The kind of a dead letter that is a whole delivery: it came to an account's own address, and could not be read. */
export const UNREAD = 'delivery.malformed';

/** Stands in the text of a statement: SQLite uses an index that is for waiting rows alone only then, and with a parameter goes through every notice that ever came. */
const READY = sql.lit<'ready'>('ready');

export interface OwnNotice {
  install: InstallId;
  key: string;
  kind: string;
  at: number;
  correlation: Correlation;
  facts: Fact[];
}

/** Puts facts of our own on the line: a person's request, what a call brought. Equal keys are one notice. Returns whether it was new. */
export async function putOwnNotice(db: Db, tenant: TenantId, notice: OwnNotice, now: number): Promise<boolean> {
  const { facts, ...rest } = notice;
  const row = { ...rest, payload: JSON.stringify(facts), vendor: OWN };
  return (await putNotices(db, tenant, [row], now)) > 0;
}

/** Puts what a vendor told us on our asking on the line. Returns how many were new. */
export async function putNotices(
  db: Db,
  tenant: TenantId,
  notices: { install: InstallId; vendor: string; key: string; kind: string; at: number; payload: string; correlation?: Correlation }[],
  now: number,
): Promise<number> {
  if (notices.length === 0) return 0;
  const rows = notices.map((notice) => ({
    ...notice,
    id: newId('ntc', now),
    tenant,
    delivery: null,
    position: 0,
    state: 'ready' as const,
    attempts: 0,
    run_at: now,
    error: null,
    correlation: notice.correlation ?? newId('cor', now),
    received_at: now,
  }));
  return withWakes(db, async (some) => {
    const { numInsertedOrUpdatedRows } = await some
      .insertInto('inbox')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['install', 'key']).doNothing())
      .executeTakeFirst();
    const fresh = Number(numInsertedOrUpdatedRows ?? 0n);
    if (fresh > 0) await wakeLanes(some, [{ kind: 'advance', lane: tenant }]);
    return fresh;
  });
}

/**
 * The next notices of one tenant, oldest first. Call inside the transaction that will settle them. The tenant is the one that comes `after` the last served: the
 * oldest notice first would have each quiet tenant wait for all of another's 10,000 (33 s, where it waits 0.4 s alone).
 */
export async function claimNotices(tx: Tx, now: number, limit: number, after: TenantId | null = null): Promise<InboxNotice[]> {
  const next = (after === null ? undefined : await firstDue(tx, now, after)) ?? (await firstDue(tx, now, null));
  return next ? dueOf(tx, next.tenant, now, limit) : [];
}

/**
 * The next notices of this tenant, oldest first. Call inside the transaction that will settle them. They go to one process at a time: a second one would only
 * wait for the first one's ledger, so it gets none.
 */
export async function claimNoticesOf(tx: Tx, tenant: TenantId, now: number, limit: number): Promise<InboxNotice[]> {
  return (await isAlone(tx, tenant)) ? dueOf(tx, tenant, now, limit) : [];
}

/** Whether this transaction is the only one that takes the tenant's notices, as long as it lasts. SQLite has one writer anyway. */
async function isAlone(tx: Tx, tenant: TenantId): Promise<boolean> {
  if (!isPostgres(tx)) return true;
  const { rows } = await tx.executeQuery<{ alone: boolean }>(CompiledQuery.raw('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as alone', [`advance|${tenant}`]));
  return rows[0]?.alone === true;
}

function dueOf(tx: Tx, tenant: TenantId, now: number, limit: number): Promise<InboxNotice[]> {
  const all = tx.selectFrom('inbox').selectAll().where('tenant', '=', tenant).where('state', '=', READY).where('run_at', '<=', now).orderBy('run_at').orderBy('id').limit(limit);
  return (isPostgres(tx) ? all.forUpdate().skipLocked() : all).execute();
}

/** With a plain `run_at` SQLite would sort all that is due instead of walking along the index that has the tenants in order. */
const unsought = sql<number>`+run_at`;

async function firstDue(tx: Tx, now: number, after: TenantId | null): Promise<{ tenant: TenantId } | undefined> {
  const due = tx.selectFrom('inbox').select('tenant').where('state', '=', READY).where(unsought, '<=', now).orderBy('tenant').orderBy('run_at').limit(1);
  const next = after === null ? due : due.where('tenant', '>', after);
  return (isPostgres(tx) ? next.forUpdate().skipLocked() : next).executeTakeFirst();
}

/** Whether notices of more than one tenant are due. */
export async function areSeveralDue(db: Db, now: number): Promise<boolean> {
  const due = db.selectFrom('inbox').select('tenant').where('state', '=', READY).where(unsought, '<=', now).orderBy('tenant').limit(1);
  const first = await due.executeTakeFirst();
  return first !== undefined && (await due.where('tenant', '>', first.tenant).executeTakeFirst()) !== undefined;
}

/** What became of a notice. The payload of one that is settled goes. */
export interface SettledNotice {
  id: NoticeId;
  state: 'done' | 'noted';
  correlation: Correlation;
}

/** Settles notices. On PostgreSQL in one statement, since one for each is a round trip for each; SQLite would look for every notice of the tenant in such a list, and has no trips. */
export async function settleNotices(tx: Tx, tenant: TenantId, settled: readonly SettledNotice[]): Promise<void> {
  if (settled.length === 0) return;
  if (isPostgres(tx)) {
    const given = sql<SettledNotice>`json_to_recordset(${JSON.stringify(settled)}::json) as given(id text, state text, correlation text)`;
    const set = sql`state = given.state, correlation = given.correlation, payload = null, error = null`;
    await sql`update inbox set ${set} from ${given} where inbox.tenant = ${tenant} and inbox.id = given.id`.execute(tx);
  } else for (const { id, ...set } of settled) await settleOne(tx, tenant, id, set);
}

const settleOne = (tx: Tx, tenant: TenantId, id: NoticeId, set: Omit<SettledNotice, 'id'>) =>
  tx
    .updateTable('inbox')
    .set({ ...set, payload: null, error: null })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .execute();

/** Tries a notice again later, or makes it a dead letter once `attempts` are used up. */
export async function failNotice(db: Db, notice: InboxNotice, error: string, retryAt: number | null): Promise<void> {
  await db
    .updateTable('inbox')
    .set({ state: retryAt === null ? 'dead' : 'ready', attempts: notice.attempts + 1, run_at: retryAt ?? notice.run_at, error })
    .where('tenant', '=', notice.tenant)
    .where('id', '=', notice.id)
    .where('state', '=', 'ready')
    .execute();
}

/** A dead letter goes back on the line, or is laid aside for good. @throws Problem `request.not-found` */
export async function reviveNotice(db: Db, tenant: TenantId, id: NoticeId, state: 'ready' | 'noted', now: number): Promise<void> {
  const { numUpdatedRows } = await withWakes(db, async (some) => {
    const revived = await some
      .updateTable('inbox')
      .set({ state, attempts: 0, run_at: now })
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .where('state', '=', 'dead')
      .executeTakeFirst();
    if (state === 'ready') await wakeLanes(some, [{ kind: 'advance', lane: tenant, urgent: true }]);
    return revived;
  });
  if (numUpdatedRows === 0n) throw new Problem('request.not-found', { say: 'There is no dead letter of that id.' });
}

export interface DeliveryBody {
  id: DeliveryId;
  /** Null once its people were erased. */
  body: Uint8Array | null;
  headers: string;
}

export async function deliveryBodies(db: Db, ids: readonly DeliveryId[]): Promise<DeliveryBody[]> {
  return ids.length === 0 ? [] : db.selectFrom('deliveries').select(['id', 'body', 'headers']).where('id', 'in', ids).execute();
}

/** Forgets a delivery that could not be read and has no notice. @throws Problem `request.not-found` */
export async function dropFaulty(db: Db, id: DeliveryId): Promise<void> {
  const { numDeletedRows } = await db.deleteFrom('deliveries').where('id', '=', id).where('fault', 'is not', null).executeTakeFirst();
  if (numDeletedRows === 0n) throw new Problem('request.not-found', { say: 'There is no delivery of that id that could not be read.' });
}

/** When the next notice is due, of one tenant where one is named; null when none waits. */
export async function nextNoticeAt(db: Db, tenant?: TenantId): Promise<number | null> {
  const waiting = db.selectFrom('inbox').select('run_at').where('state', '=', READY);
  const row = await (tenant === undefined ? waiting : waiting.where('tenant', '=', tenant)).orderBy('run_at').limit(1).executeTakeFirst();
  return row?.run_at ?? null;
}
