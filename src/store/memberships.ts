import type { EffectKind } from '#core/effect';
import type { InstallId, TenantId } from '#core/ids';
import type { Db } from '#store/database';

/** What a person and a list are called together in the outbox, so that joining and leaving stay in order. */
export const membershipOf = (contact: string, list: string): string => `member:${contact}:${list}`;

/** Whether a later effect of the other kind has been done already: an older join must not undo a leave, nor the other way round. */
export async function isMovedSince(db: Db, tenant: TenantId, moved: { install: InstallId; record: string; ordinal: number; kind: EffectKind }): Promise<boolean> {
  const later = await db
    .selectFrom('outbox')
    .select('id')
    .where('tenant', '=', tenant)
    .where('record', '=', moved.record)
    .where('install', '=', moved.install)
    .where('ordinal', '>', moved.ordinal)
    .where('kind', '<>', moved.kind)
    .where('state', '=', 'done')
    .limit(1)
    .executeTakeFirst();
  return later !== undefined;
}
