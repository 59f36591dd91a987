import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Problem } from '#core/problem';
import { inspectBackup, sealFile, sync, writeBackup, type Inspected } from '#store/backup';
import { openSide } from '#store/copy/open';
import { migrate, openDatabase } from '#store/database';
import { settleRestored, type Aftermath, type Restored } from '#store/restored';
import { asServer } from '#store/scope';
import { claimSole } from '#store/sole';
import { opening } from './database-words.ts';

export interface BackedUp {
  file: string;
  inspected: Inspected;
}

export function backUp(database: string, file: string, now: number, progress: (done: number, of: number) => void = () => undefined): Promise<BackedUp> {
  if (!existsSync(dirname(file))) throw new Problem('request.not-found', { say: `There is no folder ${dirname(file)}.` });
  return asServer(async () => ({ file, inspected: await writeBackup(database, file, now, progress) }));
}

export interface PutBack {
  database: string;
  from: Inspected;
  /** Migrations that ran on it. */
  ran: string[];
  aftermath: Aftermath;
  /** As it stands now. */
  now: Inspected;
  /** Where the database that was there lies; null where there was none. */
  kept: string | null;
}
interface RestoreOptions {
  /** Whether a database that is there may be put aside. */
  force: boolean;
  hold: boolean;
  now: number;
}

/** Puts a backup in the place of a database. All work happens on a copy beside it, so that whatever ends it leaves the old one where it was. @throws Problem */
export function restore(file: string, database: string, options: RestoreOptions): Promise<PutBack> {
  return asServer(async () => {
    if (!existsSync(file)) throw new Problem('request.not-found', { say: `There is no file ${file}.` });
    const from = await inspectBackup(file);
    if (from.ahead.length > 0) throw new Problem('backup.refused', { say: `${file} was made by a newer release (${from.ahead.join(', ')}). Restore it with that one.` });
    mkdirSync(dirname(database), { recursive: true });
    // The server's own place, so that none starts in the middle.
    const sole = claimSole(database);
    if (!sole) throw new Problem('store.in-use', { say: `A server runs on ${database}. Stop it, then try again.` });
    try {
      return await putBack(file, database, from, options);
    } finally {
      sole.release();
    }
  });
}

async function putBack(file: string, database: string, from: Inspected, options: RestoreOptions): Promise<PutBack> {
  await insistOnPlace(database, options.force);
  const part = `${database}.restoring`;
  rmSync(part, { force: true });
  copyFileSync(file, part);
  const { ran, aftermath } = await prepare(part, from, options);
  sealFile(part);
  const now = await inspectBackup(part);
  const kept = putAside(database, options.now);
  renameSync(part, database);
  sync(dirname(database));
  return { database, from, ran, aftermath, now, kept };
}

/** Says of a database that somebody has put back by other means, such as `pg_restore`, which moment it is of. @throws Problem `store.in-use` */
export function declareRestored(database: string, restored: Restored): Promise<Aftermath> {
  return asServer(async () => {
    await (await opening(database, () => openSide(database))).close();
    const db = openDatabase(database);
    try {
      await migrate(db);
      return await settleRestored(db, restored);
    } finally {
      await db.destroy();
    }
  });
}

/** @throws Problem where there is something and nobody has said that it may go, or where it is in use */
async function insistOnPlace(database: string, force: boolean): Promise<void> {
  if (!existsSync(database)) return;
  if (!force) throw new Problem('backup.refused', { say: `There is a database at ${database}. Nothing was changed. --force puts it aside and keeps it.` });
  try {
    // Being opened alone and closed again, it also takes in what stands in its -wal file.
    await (await opening(database, () => openSide(database))).close();
  } catch (error) {
    // One that cannot be read is why somebody restores.
    if (error instanceof Problem) throw error;
  }
}

async function prepare(part: string, from: Inspected, { hold, now }: RestoreOptions): Promise<{ ran: string[]; aftermath: Aftermath }> {
  const db = openDatabase(part);
  try {
    const ran = await migrate(db);
    return { ran, aftermath: await settleRestored(db, { from: pointOf(from) ?? now, at: now, hold }) };
  } finally {
    await db.destroy();
  }
}

/** The moment up to which everything is in a backup. Of a file that does not say when it was made, its last entry. */
export function pointOf({ recovery: { takenAt, lastFactAt, lastReceiptAt, lastDeliveryAt } }: Inspected): number | null {
  return takenAt ?? [lastFactAt, lastReceiptAt, lastDeliveryAt].reduce((last, at) => (at === null || (last !== null && last > at) ? last : at), null);
}

function putAside(database: string, now: number): string | null {
  if (!existsSync(database)) return null;
  const kept = `${database}.before-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  for (const end of ['', '-wal', '-shm']) if (existsSync(`${database}${end}`)) renameSync(`${database}${end}`, `${kept}${end}`);
  return kept;
}
