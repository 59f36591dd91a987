import type { Selectable } from 'kysely';
import type { Json } from '#lib/json';
import type { InstallId, TenantId } from '#core/ids';
import { isPostgres, type Db } from '#store/database';
import type { CursorsTable } from '#store/schema';

export type Cursor = Selectable<CursorsTable>;

export async function ensureCursor(db: Db, tenant: TenantId, install: InstallId, name: string, firstAt: number): Promise<void> {
  const row = {
    tenant,
    install,
    name,
    cursor: 'null',
    next_at: firstAt,
    lease_until: 0,
    started_at: null,
    last_ok_at: null,
    error: null,
    failures: 0,
    seen: 0,
    gaps: 0,
    gaps_total: 0,
  };
  await db
    .insertInto('cursors')
    .values(row)
    .onConflict((conflict) => conflict.columns(['install', 'name']).doNothing())
    .execute();
}

/** Takes the cursor that is most overdue, of an install in use; nobody else gets it before `leaseMs` has passed. Its `gaps` are those of the round before. */
export async function claimCursor(db: Db, now: number, leaseMs: number): Promise<Cursor | null> {
  return db.transaction().execute(async (tx) => {
    const due = tx
      .selectFrom('cursors')
      .innerJoin('installs', 'installs.id', 'cursors.install')
      .selectAll('cursors')
      .where('installs.state', '=', 'active')
      .where('cursors.next_at', '<=', now)
      .where('cursors.lease_until', '<=', now)
      .orderBy('cursors.next_at')
      .limit(1);
    const cursor = await (isPostgres(tx) ? due.forUpdate('cursors').skipLocked() : due).executeTakeFirst();
    if (!cursor) return null;
    await tx
      .updateTable('cursors')
      .set({ next_at: now + leaseMs, lease_until: now + leaseMs, started_at: now, seen: 0, gaps: 0 })
      .where('install', '=', cursor.install)
      .where('name', '=', cursor.name)
      .execute();
    return { ...cursor, next_at: now + leaseMs, started_at: now, seen: 0 };
  });
}

/** Stores how far a round has come, after what it brought is stored. */
export async function advanceCursor(db: Db, cursor: Cursor, to: { cursor: Json; seen: number }): Promise<void> {
  await db
    .updateTable('cursors')
    .set({ cursor: JSON.stringify(to.cursor), seen: to.seen })
    .where('tenant', '=', cursor.tenant)
    .where('install', '=', cursor.install)
    .where('name', '=', cursor.name)
    .execute();
}

/** Ends a round. Who hurried it while it ran gets another one at once. */
export async function finishRound(db: Db, cursor: Cursor, end: { nextAt: number; now: number; error: string | null }): Promise<void> {
  await db
    .updateTable('cursors')
    .set((eb) => ({
      next_at: eb.case().when('next_at', '=', cursor.next_at).then(end.nextAt).else(eb.ref('next_at')).end(),
      lease_until: 0,
      error: end.error,
      ...(end.error === null ? { last_ok_at: end.now, failures: 0 } : { failures: eb('failures', '+', 1) }),
    }))
    .where('tenant', '=', cursor.tenant)
    .where('install', '=', cursor.install)
    .where('name', '=', cursor.name)
    .execute();
}

/** Counts a change that reconciliation found and no webhook had told. */
export async function countGap(db: Db, tenant: TenantId, install: InstallId): Promise<void> {
  await db
    .updateTable('cursors')
    .set((eb) => ({ gaps: eb('gaps', '+', 1), gaps_total: eb('gaps_total', '+', 1) }))
    .where('tenant', '=', tenant)
    .where('install', '=', install)
    .execute();
}

/** Lets an install's rounds begin at once, or only the one named. */
export async function hurryCursor(db: Db, tenant: TenantId, install: InstallId, now: number, name?: string): Promise<void> {
  const rounds = db.updateTable('cursors').set({ next_at: now }).where('tenant', '=', tenant).where('install', '=', install);
  await (name === undefined ? rounds : rounds.where('name', '=', name)).execute();
}

/** When the next round is due; null when none is. */
export async function nextRoundAt(db: Db, now: number): Promise<number | null> {
  const row = await db
    .selectFrom('cursors')
    .innerJoin('installs', 'installs.id', 'cursors.install')
    .select('cursors.next_at')
    .where('installs.state', '=', 'active')
    .where('cursors.lease_until', '<=', now)
    .orderBy('cursors.next_at')
    .limit(1)
    .executeTakeFirst();
  return row?.next_at ?? null;
}
