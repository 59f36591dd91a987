import type { Selectable } from 'kysely';
import { newId } from '#lib/ids';
import { sha256 } from '#lib/hmac';
import { Problem } from '#core/problem';
import type { MappingId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import type { MappingsTable } from '#store/schema';

export type MappingVersion = Selectable<MappingsTable>;
export type MappingKind = MappingVersion['kind'];
export const MAPPING_KINDS: readonly MappingKind[] = ['send', 'writeback', 'journey'];

/** The versions in force for a CRM, by its connector's id. */
export async function activeMappings(db: Db, tenant: TenantId, crm: string): Promise<Map<MappingKind, MappingVersion>> {
  const rows = await db.selectFrom('mappings').selectAll().where('tenant', '=', tenant).where('crm', '=', crm).where('active', '=', 1).execute();
  return new Map(rows.map((row) => [row.kind, row]));
}

export async function getMapping(db: Db, tenant: TenantId, id: MappingId): Promise<MappingVersion> {
  const row = await db.selectFrom('mappings').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('request.not-found', { say: 'There is no such version of the mapping.' });
  return row;
}

/** Newest first. */
export async function listMappings(db: Db, tenant: TenantId, crm: string, kind: MappingKind): Promise<MappingVersion[]> {
  return db.selectFrom('mappings').selectAll().where('tenant', '=', tenant).where('crm', '=', crm).where('kind', '=', kind).orderBy('version', 'desc').execute();
}

/** Stores a text as the next version and makes it the active one; the active version's own text changes nothing. */
export async function putMapping(
  tx: Tx,
  tenant: TenantId,
  crm: string,
  kind: MappingKind,
  text: string,
  by: { origin: MappingVersion['origin']; note: string; createdBy: string },
  now: number,
): Promise<MappingVersion> {
  const hash = sha256(text);
  const [newest] = await listMappings(tx, tenant, crm, kind);
  const active = (await activeMappings(tx, tenant, crm)).get(kind);
  if (active?.hash === hash) return active;
  const version = (newest?.version ?? 0) + 1;
  const row = {
    tenant,
    id: newId('map', now),
    crm,
    kind,
    version,
    text,
    hash,
    origin: by.origin,
    note: by.note,
    created_by: by.createdBy,
    created_at: now,
    active: 0 as const,
    frozen_at: null,
  };
  await tx.insertInto('mappings').values(row).execute();
  await activateMapping(tx, tenant, crm, kind, version);
  return { ...row, active: 1 };
}

/** @throws Problem `request.not-found` */
export async function activateMapping(tx: Tx, tenant: TenantId, crm: string, kind: MappingKind, version: number): Promise<void> {
  await tx.updateTable('mappings').set({ active: 0 }).where('tenant', '=', tenant).where('crm', '=', crm).where('kind', '=', kind).where('active', '=', 1).execute();
  const { numUpdatedRows } = await tx
    .updateTable('mappings')
    .set({ active: 1 })
    .where('tenant', '=', tenant)
    .where('crm', '=', crm)
    .where('kind', '=', kind)
    .where('version', '=', version)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Problem('request.not-found', { say: 'There is no such version of the mapping.' });
}

/** Marks versions as used by an envelope, at its first use. */
export async function freezeMappings(tx: Tx, tenant: TenantId, ids: readonly MappingId[], now: number): Promise<void> {
  await tx.updateTable('mappings').set({ frozen_at: now }).where('tenant', '=', tenant).where('id', 'in', ids).where('frozen_at', 'is', null).execute();
}
