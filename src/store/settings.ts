import type { Db } from '#store/database';
import type { SettingsTable } from '#store/server-schema';

/** Writes a setting down for good: whoever comes first decides. Returns the value that holds. */
export async function claimSetting(db: Db, name: SettingsTable['name'], value: string): Promise<string> {
  await db
    .insertInto('settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return (await findSetting(db, name)) ?? value;
}

export async function findSetting(db: Db, name: SettingsTable['name']): Promise<string | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value;
}
