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

/** What accounts were last seen to have, by install and kind: asked for at once. */
export async function findGrounds(db: Db, tenant: TenantId, installs: readonly InstallId[]): Promise<GroundOf> {
  const rows = await db.selectFrom('grounds').select(['install', 'kind', 'data', 'read_at']).where('tenant', '=', tenant).where('install', 'in', installs).execute();
  return (install, kind) => {
    const row = rows.find((one) => one.install === install && one.kind === kind);
    return row ? { data: JSON.parse(row.data) as never, readAt: row.read_at } : null;
  };
}
export type GroundOf = <Kind extends keyof Grounds>(install: InstallId, kind: Kind) => { data: Grounds[Kind]; readAt: number } | null;
