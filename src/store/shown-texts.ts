import type { ShownText } from '#core/pinned-consent';
import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';

/** Of each name and locale the newest version that is valid now, in the order in which the locales were first published. */
export async function shownTexts(db: Db, tenant: TenantId, names: readonly string[], now: number): Promise<ShownText[]> {
  if (names.length === 0) return [];
  const rows = await db
    .selectFrom('consent_texts')
    .select(['id', 'name', 'version', 'type', 'purpose', 'channel', 'locale', 'jurisdiction', 'wording', 'hash'])
    .where('tenant', '=', tenant)
    .where('name', 'in', names)
    .where('valid_from', '<=', now)
    .orderBy('published_at')
    .orderBy('id')
    .execute();
  const newest = new Map<string, ShownText>();
  for (const row of rows) {
    const key = JSON.stringify([row.name, row.locale]);
    if ((newest.get(key)?.version ?? 0) < row.version) newest.set(key, row);
  }
  return [...newest.values()];
}

/** Names of which some version was ever published. */
export async function textNames(db: Db, tenant: TenantId): Promise<string[]> {
  const rows = await db.selectFrom('consent_texts').select('name').distinct().where('tenant', '=', tenant).orderBy('name').execute();
  return rows.map(({ name }) => name);
}
