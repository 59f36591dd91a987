import type { Selectable } from 'kysely';
import type { Json } from '#lib/json';
import type { InstallId, TenantId } from '#core/ids';
import { isPostgres, type Db } from '#store/database';
import type { CursorsTable } from '#store/schema';
import { roundLane, wakeLanes, withWakes } from '#store/wakes';

export type Cursor = Selectable<CursorsTable>;
/** The cursor of what is heard as it happens: no round takes it, `#store/streams` does. */
export const STREAM = 'stream';
/** Which round of which install. */
export type Round = Pick<CursorsTable, 'install' | 'name'>;

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
  await withWakes(db, async (some) => {
    await some
      .insertInto('cursors')
      .values(row)
      .onConflict((conflict) => conflict.columns(['install', 'name']).doNothing())
      .execute();
    if (name !== STREAM) await wakeLanes(some, [{ kind: 'reconcile', lane: roundLane(install, name) }]);
  });
}

/** Takes the cursor that is most overdue, of an install in use; nobody else gets it before `leaseMs` has passed. Its `gaps` are those of the round before. That round or none, where one is named. */
export async function claimCursor(db: Db, now: number, leaseMs: number, named?: Round): Promise<Cursor | null> {
  return db.transaction().execute(async (tx) => {
    const due = tx
      .selectFrom('cursors')
      .innerJoin('installs', 'installs.id', 'cursors.install')
      .selectAll('cursors')
      .where('installs.state', '=', 'active')
      .where('cursors.name', '!=', STREAM)
      .where('cursors.next_at', '<=', now)
      .where('cursors.lease_until', '<=', now)
      .$if(named !== undefined, (some) => some.where('cursors.install', '=', named?.install ?? 'ins_none').where('cursors.name', '=', named?.name ?? ''))
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

/** Counts a change that reconciliation found and nobody had told. */
export async function countGap(db: Db, tenant: TenantId, install: InstallId): Promise<void> {
  await db
    .updateTable('cursors')
    .set((eb) => ({ gaps: eb('gaps', '+', 1), gaps_total: eb('gaps_total', '+', 1) }))
    .where('tenant', '=', tenant)
    .where('install', '=', install)
    .where('name', '!=', STREAM)
    .execute();
}

/** Lets an install's rounds and its stream begin at once, or only the one named. */
export async function hurryCursor(db: Db, tenant: TenantId, install: InstallId, now: number, name?: string): Promise<void> {
  await withWakes(db, async (some) => {
    const rounds = some.updateTable('cursors').set({ next_at: now }).where('tenant', '=', tenant).where('install', '=', install);
    const hurried = await (name === undefined ? rounds : rounds.where('name', '=', name)).returning('name').execute();
    const lanes = hurried.filter((cursor) => cursor.name !== STREAM).map((cursor) => roundLane(install, cursor.name));
    await wakeLanes(
      some,
      lanes.map((lane) => ({ kind: 'reconcile', lane, urgent: true })),
    );
  });
}

/** When the next round is due, or the one named; null when none is. */
export async function nextRoundAt(db: Db, now: number, named?: Round): Promise<number | null> {
  const row = await db
    .selectFrom('cursors')
    .innerJoin('installs', 'installs.id', 'cursors.install')
    .select('cursors.next_at')
    .where('installs.state', '=', 'active')
    .where('cursors.name', '!=', STREAM)
    .where('cursors.lease_until', '<=', now)
    .$if(named !== undefined, (some) => some.where('cursors.install', '=', named?.install ?? 'ins_none').where('cursors.name', '=', named?.name ?? ''))
    .orderBy('cursors.next_at')
    .limit(1)
    .executeTakeFirst();
  return row?.next_at ?? null;
}
