import { migrate, openDatabase } from '#store/database';
import { loadConfig } from '../config.ts';
import { print } from './command.ts';

export async function runMigrations(): Promise<void> {
  const db = openDatabase(loadConfig(process.env).database);
  try {
    const ran = await migrate(db);
    print(ran.length === 0 ? 'The schema is up to date.' : `Ran ${ran.join(', ')}.`);
  } finally {
    await db.destroy();
  }
}
