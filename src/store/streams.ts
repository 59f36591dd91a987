import type { Json } from '#lib/json';
import type { InstallId, TenantId } from '#core/ids';
import { STREAM, type Cursor } from '#store/cursors';
import type { Db } from '#store/database';

/** The cursor of a stream as one process has it. `started_at` is its fence: it grows with each one who takes it, and nobody else has that value. */
export type Stream = Cursor & { started_at: number };

export interface Awaited {
  tenant: TenantId;
  install: InstallId;
  /** Whether its cursor has to be made first. */
  isNew: boolean;
}

/** Installs in use, of these vendors, whose changes should be heard now and are not, those first that have waited longest. */
export async function listAwaited(db: Db, vendors: readonly string[], now: number, limit: number): Promise<Awaited[]> {
  const rows = await db
    .selectFrom('installs')
    .leftJoin('cursors', (join) => join.onRef('cursors.install', '=', 'installs.id').on('cursors.name', '=', STREAM))
    .select(['installs.tenant', 'installs.id', 'cursors.name'])
    .where('installs.listening', '=', 1)
    .where('installs.state', '=', 'active')
    .where('installs.vendor', 'in', vendors)
    .where((eb) => eb.or([eb('cursors.name', 'is', null), eb.and([eb('cursors.next_at', '<=', now), eb('cursors.lease_until', '<=', now)])]))
    .orderBy((eb) => eb.fn.coalesce('cursors.next_at', eb.lit(0)))
    .limit(limit)
    .execute();
  return rows.map(({ tenant, id, name }) => ({ tenant, install: id, isNew: name === null }));
}

/** Takes a stream that nobody has, until `until` unless it is renewed. Undefined where another was faster. */
export async function claimStream(db: Db, tenant: TenantId, install: InstallId, now: number, until: number): Promise<Stream | undefined> {
  const row = await db
    .updateTable('cursors')
    .set({ lease_until: until, started_at: now, seen: 0, gaps: 0 })
    .where('tenant', '=', tenant)
    .where('install', '=', install)
    .where('name', '=', STREAM)
    .where('next_at', '<=', now)
    .where('lease_until', '<=', now)
    // Also where another machine's clock is ahead: two who have taken a stream never have the same number.
    .where((eb) => eb.or([eb('started_at', 'is', null), eb('started_at', '<', now)]))
    .returningAll()
    .executeTakeFirst();
  return row && { ...row, started_at: now };
}

/** Of these streams, who has them now and until when. Those are left out that should not be heard any more: switched off, or their account not in use. */
export async function listHeld(db: Db, installs: readonly InstallId[]): Promise<Pick<Cursor, 'tenant' | 'install' | 'started_at' | 'lease_until'>[]> {
  return db
    .selectFrom('cursors')
    .innerJoin('installs', 'installs.id', 'cursors.install')
    .select(['cursors.tenant', 'cursors.install', 'cursors.started_at', 'cursors.lease_until'])
    .where('cursors.install', 'in', installs)
    .where('cursors.name', '=', STREAM)
    .where('installs.listening', '=', 1)
    .where('installs.state', '=', 'active')
    .execute();
}

/** The row of a stream, as long as it is still of whoever took it so. */
const held = (db: Db, { tenant, install, started_at }: Stream) =>
  db
    .updateTable('cursors')
    .where('tenant', '=', tenant)
    .where('install', '=', install)
    .where('name', '=', STREAM)
    .where('started_at', '=', started_at)
    .where('lease_until', '>', 0);

/** False where another has taken it. */
export async function renewStream(db: Db, stream: Stream, until: number): Promise<boolean> {
  const { numUpdatedRows } = await held(db, stream).set({ lease_until: until }).executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Stores how far a stream has come, in the transaction that stores what it told, and renews it. False where another has taken it: then nothing may be stored. */
export async function advanceStream(db: Db, stream: Stream, to: { cursor: Json; seen: number; now: number; until: number }): Promise<boolean> {
  const { numUpdatedRows } = await held(db, stream)
    .set((eb) => ({ cursor: JSON.stringify(to.cursor), seen: eb('seen', '+', to.seen), last_ok_at: to.now, lease_until: to.until, error: null, failures: 0 }))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives a stream back. Who hurried it while it ran has it begun again at once. */
export async function endStream(db: Db, stream: Stream, end: { nextAt: number; error?: string; failures?: number }): Promise<void> {
  const { nextAt, ...rest } = end;
  await held(db, stream)
    .set((eb) => ({ ...rest, lease_until: 0, next_at: eb.case().when('next_at', '=', stream.next_at).then(nextAt).else(eb.ref('next_at')).end() }))
    .execute();
}
