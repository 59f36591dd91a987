import type { Insertable, Selectable } from 'kysely';
import type { InstallId, TenantId } from '#core/ids';
import type { CallbacksTable } from '#store/callbacks-schema';
import type { Db } from '#store/database';

export type Callback = Selectable<CallbacksTable>;

/** Keeps that a workflow waits. Kept again it is the same wait, with the end that it had at first. */
export async function putCallback(db: Db, tenant: TenantId, callback: Omit<Insertable<CallbacksTable>, 'tenant'>): Promise<void> {
  await db
    .insertInto('callbacks')
    .values({ ...callback, tenant })
    .onConflict((conflict) => conflict.columns(['tenant', 'install', 'callback']).doNothing())
    .execute();
}

export async function findCallback(db: Db, tenant: TenantId, install: InstallId, callback: string): Promise<Callback | undefined> {
  return db.selectFrom('callbacks').selectAll().where('tenant', '=', tenant).where('install', '=', install).where('callback', '=', callback).executeTakeFirst();
}
