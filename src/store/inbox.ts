import { sql, type Selectable } from 'kysely';
import { newId } from '#lib/ids';
import type { Correlation, InstallId, NoticeId, TenantId } from '#core/ids';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import { isPostgres, type Db, type Tx } from '#store/database';
import type { InboxTable } from '#store/schema';

export type InboxNotice = Selectable<InboxTable>;
/** The vendor of notices that we write ourselves: their payload is facts. */
export const OWN = 'countersign';

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
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('inbox')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['install', 'key']).doNothing())
    .executeTakeFirst();
  return Number(numInsertedOrUpdatedRows ?? 0n);
}

/** The next notices of one tenant, oldest first. Call inside the transaction that will settle them. */
export async function claimNotices(tx: Tx, now: number, limit: number): Promise<InboxNotice[]> {
  const first = tx.selectFrom('inbox').select(['tenant', 'id']).where('state', '=', READY).where('run_at', '<=', now).orderBy('run_at').orderBy('id').limit(1);
  const next = await (isPostgres(tx) ? first.forUpdate().skipLocked() : first).executeTakeFirst();
  if (!next) return [];
  const all = tx
    .selectFrom('inbox')
    .selectAll()
    .where('tenant', '=', next.tenant)
    .where('state', '=', READY)
    .where('run_at', '<=', now)
    .orderBy('run_at')
    .orderBy('id')
    .limit(limit);
  return (isPostgres(tx) ? all.forUpdate().skipLocked() : all).execute();
}

export async function settleNotice(tx: Tx, tenant: TenantId, id: NoticeId, set: { state: 'done' | 'noted'; correlation?: Correlation; payload?: null }): Promise<void> {
  await tx
    .updateTable('inbox')
    .set({ ...set, error: null })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .execute();
}

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
  const { numUpdatedRows } = await db
    .updateTable('inbox')
    .set({ state, attempts: 0, run_at: now })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Problem('request.not-found', { say: 'There is no dead letter of that id.' });
}

export async function deliveryBody(db: Db, id: InboxNotice['delivery']): Promise<{ body: Uint8Array | null; headers: string } | undefined> {
  if (id === null) return undefined;
  return db.selectFrom('deliveries').select(['body', 'headers']).where('id', '=', id).executeTakeFirst();
}

/** When the next notice is due; null when none waits. */
export async function nextNoticeAt(db: Db): Promise<number | null> {
  const row = await db.selectFrom('inbox').select('run_at').where('state', '=', READY).orderBy('run_at').limit(1).executeTakeFirst();
  return row?.run_at ?? null;
}
