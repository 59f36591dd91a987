import { groupBy } from '#lib/group';
import type { InstallId, TenantId } from '#core/ids';
import type { Db } from '#store/database';

/** Fields of a record that a later effect has already written: an older value must not overwrite them. */
export async function fieldsWrittenLater(db: Db, tenant: TenantId, record: string, ordinal: number): Promise<Set<string>> {
  const later = await db
    .selectFrom('outbox')
    .select('data')
    .where('tenant', '=', tenant)
    .where('record', '=', record)
    .where('ordinal', '>', ordinal)
    .where('state', '=', 'done')
    .execute();
  return new Set(later.flatMap((row) => Object.keys((JSON.parse(row.data) as { set: object }).set)));
}

/** Write-once fields that effects of ours have put on records before, by record: they hold a value since, and need not be looked at again. */
export async function fieldsWrittenOnce(db: Db, tenant: TenantId, records: readonly string[]): Promise<Map<string, Set<string>>> {
  if (records.length === 0) return new Map();
  const rows = await db.selectFrom('outbox').select(['record', 'data']).where('tenant', '=', tenant).where('record', 'in', records).where('state', '=', 'done').execute();
  const written = groupBy(rows, ({ record }) => record ?? '');
  return new Map([...written].map(([record, some]) => [record, new Set(some.flatMap(({ data }) => (JSON.parse(data) as { once?: string[] }).once ?? []))]));
}

/** So many of a record's newest writes are looked at. */
const WRITES_SEEN = 20;

/** What we wrote last into a field of a record, newest first, with when it was done. */
export async function fieldWrites(db: Db, tenant: TenantId, install: InstallId, record: string, field: string): Promise<{ value: unknown; at: number }[]> {
  const rows = await db
    .selectFrom('outbox')
    .select(['data', 'updated_at'])
    .where('tenant', '=', tenant)
    .where('record', '=', record)
    .where('install', '=', install)
    .where('state', '=', 'done')
    .orderBy('ordinal', 'desc')
    .limit(WRITES_SEEN)
    .execute();
  return rows.flatMap(({ data, updated_at }) => {
    const { set } = JSON.parse(data) as { set?: Record<string, unknown> };
    return set && field in set ? [{ value: set[field], at: updated_at }] : [];
  });
}
