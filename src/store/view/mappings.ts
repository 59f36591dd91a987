import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { MappingsTable } from '#store/schema';

export type MappingKindName = MappingsTable['kind'];
export type MappingVersion = Omit<MappingsTable, 'text'>;

const VERSION = ['tenant', 'id', 'crm', 'kind', 'version', 'hash', 'origin', 'note', 'created_by', 'created_at', 'active', 'frozen_at'] as const;
/** A page of versions; older ones are reached by `before`. */
const VERSIONS_SHOWN = 50;

/** The versions that are in force, one a kind at most. */
export async function activeMappings(db: Db, tenant: TenantId, crm: string): Promise<MappingVersion[]> {
  return db.selectFrom('mappings').select(VERSION).where('tenant', '=', tenant).where('crm', '=', crm).where('active', '=', 1).execute();
}

/** Versions of a kind from the newest to the oldest; those below `before` where given. */
export async function listVersions(db: Db, tenant: TenantId, crm: string, kind: MappingKindName, before?: number): Promise<{ rows: MappingVersion[]; next: number | null }> {
  let query = db.selectFrom('mappings').select(VERSION).where('tenant', '=', tenant).where('crm', '=', crm).where('kind', '=', kind);
  if (before !== undefined) query = query.where('version', '<', before);
  const rows = await query
    .orderBy('version', 'desc')
    .limit(VERSIONS_SHOWN + 1)
    .execute();
  const shown = rows.slice(0, VERSIONS_SHOWN);
  return { rows: shown, next: rows.length > shown.length ? (shown.at(-1)?.version ?? null) : null };
}

/** One version with its text: the active one where none is named. */
export async function findMapping(db: Db, tenant: TenantId, crm: string, kind: MappingKindName, version?: number): Promise<MappingsTable | undefined> {
  const query = db.selectFrom('mappings').selectAll().where('tenant', '=', tenant).where('crm', '=', crm).where('kind', '=', kind);
  return (version === undefined ? query.where('active', '=', 1) : query.where('version', '=', version)).executeTakeFirst();
}
