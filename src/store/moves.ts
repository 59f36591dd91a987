import { CompiledQuery } from 'kysely';
import { LEDGERS, type LedgerName } from '#store/ledger-schema';
import { MOVED, parseMark, type Mark } from '#store/copy/mark';
import { MOVING } from '#store/copy/progress';
import { isPostgres, type Db } from '#store/database';
import { listTenants } from '#store/installs';
import { verifyLedger, type LedgerCheck } from '#store/ledger';
import { findSetting } from '#store/settings';

/** Whether a database is the half-filled target of a move. */
export async function isHalfMoved(db: Db): Promise<boolean> {
  const text = isPostgres(db) ? `select to_regclass('${MOVING}') as found` : `select name as found from sqlite_schema where name = '${MOVING}'`;
  const { rows } = await db.executeQuery<{ found: string | null }>(CompiledQuery.raw(text));
  return (rows[0]?.found ?? null) !== null;
}

/** Where a database was moved to; null for one that is in use. */
export async function findMark(db: Db): Promise<Mark | null> {
  const text = await findSetting(db, MOVED);
  return text === undefined ? null : parseMark(text);
}

/** From here on servers start on it. */
export async function endMove(db: Db): Promise<void> {
  await db.schema.dropTable(MOVING).execute();
}

export type NamedCheck = LedgerCheck & { tenant: string; ledger: LedgerName };

/** Every ledger of every tenant, one after the other. */
export async function verifyLedgers(db: Db, progress: (tenant: string, ledger: LedgerName) => void = () => undefined): Promise<NamedCheck[]> {
  const checks: NamedCheck[] = [];
  for (const { id: tenant, name } of await listTenants(db))
    for (const ledger of LEDGERS) {
      progress(name, ledger);
      checks.push({ tenant, ledger, ...(await verifyLedger(db, tenant, ledger)) });
    }
  return checks;
}
