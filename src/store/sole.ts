import SQLite from 'better-sqlite3';
import type { Db } from '#store/database';

/** Held by the server that runs on a SQLite file, as long as its process lives. */
export interface Sole {
  release(): void;
}

/** What nobody refers to is closed by the garbage collection, and its lock with it. */
const held = new Set<SQLite.Database>();

/**
 * Takes the place of the one server on a SQLite file; null where another process has it. The lock is the operating system's, on an empty file beside the
 * database, so that it ends with the process however that ends: a row with a process id would outlive a SIGKILL, and the id may be another's by then.
 */
export function claimSole(path: string): Sole | null {
  const lock = new SQLite(`${path}-server`, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
    held.add(lock);
    const release = () => {
      held.delete(lock);
      lock.close();
    };
    return { release };
  } catch (error) {
    lock.close();
    if (/^SQLITE_BUSY/.test(String((error as { code?: unknown }).code))) return null;
    throw error;
  }
}

/**
 * Ends every lease: for the one server on a database, before it begins to work. What a process held that was killed would otherwise stand until its lease ran
 * out: with leases of two minutes the first effect after a SIGKILL came 121 s after the start, and now comes within the first second.
 */
export async function endLeases(db: Db, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.updateTable('lanes').set({ lease_until: 0 }).where('lease_until', '>', 0).execute();
    await tx.updateTable('endpoints').set({ lease_until: 0 }).where('lease_until', '>', 0).execute();
    await tx.updateTable('cursors').set({ lease_until: 0, next_at: now }).where('lease_until', '>', 0).execute();
    await tx.updateTable('leases').set({ lease_until: 0 }).where('lease_until', '>', 0).execute();
    await tx.updateTable('installs').set({ refresh_until: 0 }).where('refresh_until', '>', 0).execute();
  });
}
