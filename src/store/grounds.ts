import type { InstallId, TenantId } from '#core/ids';
import type { CrmSchema, Template } from '#core/records';
import type { Db } from '#store/database';

/** What an account was last seen to have: the CRM's fields and stages, or the provider's templates. */
export interface Grounds {
  schema: CrmSchema;
  templates: Template[];
}

export async function putGround<Kind extends keyof Grounds>(db: Db, tenant: TenantId, install: InstallId, kind: Kind, data: Grounds[Kind], now: number): Promise<void> {
  const row = { tenant, install, kind, data: JSON.stringify(data), read_at: now };
  await db
    .insertInto('grounds')
    .values(row)
    .onConflict((conflict) => conflict.columns(['install', 'kind']).doUpdateSet({ data: row.data, read_at: now }).where('grounds.tenant', '=', tenant))
    .execute();
}

export async function findGround<Kind extends keyof Grounds>(db: Db, tenant: TenantId, install: InstallId, kind: Kind): Promise<{ data: Grounds[Kind]; readAt: number } | null> {
  const row = await db.selectFrom('grounds').select(['data', 'read_at']).where('tenant', '=', tenant).where('install', '=', install).where('kind', '=', kind).executeTakeFirst();
  return row ? { data: JSON.parse(row.data) as Grounds[Kind], readAt: row.read_at } : null;
}
