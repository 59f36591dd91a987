import SQLite from 'better-sqlite3';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Problem } from '#core/problem';
import { openReadOnly, type Db } from '#store/database';
import { databaseHealth, unknownMigrations } from '#store/health';
import { verifyLedgers, type NamedCheck } from '#store/moves';
import { findSetting } from '#store/settings';

/** Pages that are copied before others have a turn: 4 MB. */
const PAGES_A_STEP = 1000;

/** What stands in a backup, once it has been looked through. */
export interface Inspected {
  bytes: number;
  mode: string | null;
  /** Migrations that this release knows and the file lacks: they run when it is restored. */
  behind: string[];
  /** Migrations that the file has and this release does not know. */
  ahead: string[];
  ledgers: NamedCheck[];
  entries: number;
  recovery: Recovery;
}
/** Up to which moment everything is in it; null for a kind of which there is none. */
export interface Recovery {
  /** When the snapshot was taken; null for a file that was copied in another way. */
  takenAt: number | null;
  lastFactAt: number | null;
  lastReceiptAt: number | null;
  lastDeliveryAt: number | null;
}

/**
 * Copies a SQLite database that is in use into a file, as it was at one moment. A reading transaction is held over the whole copy: without it, each write of
 * the server would begin the copy anew, and a busy one would never be copied. The server goes on writing; its `-wal` file grows meanwhile.
 * The file has its name only once all of it is on the disk. @throws Problem
 */
export async function writeBackup(database: string, file: string, takenAt: number, progress: (done: number, of: number) => void): Promise<Inspected> {
  if (existsSync(file)) throw new Problem('backup.refused', { say: `${file} exists already. Nothing was written.` });
  const part = `${file}.part`;
  rmSync(part, { force: true });
  const source = new SQLite(database, { fileMustExist: true });
  try {
    source.exec('begin');
    source.prepare('select count(*) from migrations').get();
    await source.backup(part, {
      progress({ totalPages, remainingPages }) {
        progress(totalPages - remainingPages, totalPages);
        return PAGES_A_STEP;
      },
    });
    source.exec('rollback');
    finish(part, takenAt);
    const inspected = await inspectBackup(part);
    renameSync(part, file);
    sync(dirname(file));
    return inspected;
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    source.close();
  }
}

function finish(part: string, takenAt: number): void {
  const copy = new SQLite(part);
  copy.prepare("insert into settings (name, value) values ('backup', ?) on conflict (name) do update set value = excluded.value").run(String(takenAt));
  copy.close();
  sealFile(part);
}

/** Makes a database one file, with nothing beside it, that is on the disk. */
export function sealFile(path: string): void {
  const database = new SQLite(path);
  database.pragma('journal_mode = delete');
  database.close();
  sync(path);
}

/** Makes what was written to a file, or renamed in a folder, outlast a power cut. */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

/** Looks through the whole file: SQLite's own check, every guard, every ledger and its head. @throws Problem `backup.broken` */
export async function inspectBackup(file: string): Promise<Inspected> {
  const fault = faultOf(file);
  if (fault !== null) throw new Problem('backup.broken', { say: `${file} is no whole database of ours: ${fault}` });
  const db = openReadOnly(file);
  try {
    const { behind, missingGuards } = await databaseHealth(db);
    if (missingGuards.length > 0) throw new Problem('backup.broken', { say: `${file}: the ledgers are not guarded, triggers are missing: ${missingGuards.join(', ')}` });
    const ledgers = await verifyLedgers(db);
    const broken = ledgers.find(({ ok }) => !ok);
    if (broken && !broken.ok) throw new Problem('backup.broken', { say: `${file}: the ledger ${broken.ledger} of ${broken.tenant} does not hold. ${broken.say}` });
    const entries = ledgers.reduce((sum, check) => sum + (check.ok ? check.entries : 0), 0);
    return {
      bytes: statSync(file).size,
      mode: (await findSetting(db, 'mode')) ?? null,
      behind,
      ahead: await unknownMigrations(db),
      ledgers,
      entries,
      recovery: await recoveryOf(db),
    };
  } finally {
    await db.destroy();
  }
}

function faultOf(file: string): string | null {
  let database: SQLite.Database | undefined;
  try {
    database = new SQLite(file, { readonly: true, fileMustExist: true });
    const said = String(database.pragma('integrity_check(1)', { simple: true }));
    if (said !== 'ok') return said;
    if ((database.pragma('foreign_key_check') as unknown[]).length > 0) return 'rows point to others that are not there.';
    return database.prepare("select 1 from sqlite_schema where name = 'ledger_heads'").get() ? null : 'it has no ledgers.';
  } catch (error) {
    return (error as Error).message;
  } finally {
    database?.close();
  }
}

async function recoveryOf(db: Db): Promise<Recovery> {
  const taken = await findSetting(db, 'backup');
  const { at: fact } = await db
    .selectFrom('facts')
    .select(({ fn }) => fn.max<number | null>('recorded_at').as('at'))
    .executeTakeFirstOrThrow();
  const { at: receipt } = await db
    .selectFrom('receipts')
    .select(({ fn }) => fn.max<number | null>('at').as('at'))
    .executeTakeFirstOrThrow();
  const { at: delivery } = await db
    .selectFrom('deliveries')
    .select(({ fn }) => fn.max<number | null>('received_at').as('at'))
    .executeTakeFirstOrThrow();
  return { takenAt: taken === undefined ? null : Number(taken), lastFactAt: fact, lastReceiptAt: receipt, lastDeliveryAt: delivery };
}
