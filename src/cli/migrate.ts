import { openDatabase } from '#store/database';
import { loadConfig } from '../config.ts';
import { opening } from '../database-words.ts';
import { prepareDatabase } from '../prepare.ts';
import { print } from './command.ts';

export async function runMigrations(): Promise<void> {
  const { database, mode } = loadConfig(process.env);
  const db = await opening(database, () => openDatabase(database));
  try {
    const ran = await opening(database, () => prepareDatabase(db, mode));
    print(ran.length === 0 ? 'The schema is up to date.' : `Ran ${ran.join(', ')}.`);
  } finally {
    await db.destroy();
  }
}
