import { sql } from 'kysely';
import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { containing, cut, type Ask, type Page } from '#store/view/page';

export interface TenantView {
  id: TenantId;
  name: string;
  created_at: number;
}

/** All tenants, newest first: for operators alone. */
export async function listTenants(db: Db, ask: Ask & { text?: string | undefined }): Promise<Page<TenantView>> {
  let query = db.selectFrom('tenants').select(['id', 'name', 'created_at']);
  if (ask.after) query = query.where('id', '<', ask.after as TenantId);
  if (ask.text) {
    const pattern = containing(ask.text);
    query = query.where((where) => where.or([sql<boolean>`lower(name) like ${pattern} escape '\\'`, sql<boolean>`lower(id) like ${pattern} escape '\\'`]));
  }
  const rows = await query
    .orderBy('id', 'desc')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, (row) => row.id);
}

export async function findTenant(db: Db, tenant: TenantId): Promise<TenantView | undefined> {
  return db.selectFrom('tenants').select(['id', 'name', 'created_at']).where('id', '=', tenant).executeTakeFirst();
}
