import { Problem } from '#core/problem';
import { writeMark } from '#store/copy/mark';
import { compareAll, copyAll, type MovedTable } from '#store/copy/move';
import { openSide } from '#store/copy/open';
import type { Side } from '#store/copy/side';
import { isForeign, migrate, openDatabase } from '#store/database';
import { asServer } from '#store/scope';
import { endMove, verifyLedgers, type NamedCheck } from '#store/moves';
import { opening } from './database-words.ts';
import { shown } from './places.ts';

export interface Moved {
  from: string;
  to: string;
  tables: MovedTable[];
  ledgers: NamedCheck[];
}
/** What is being done, how many are done, of how many. */
type Step = (what: string, done: number, of: number) => void;

/** Copies, compares, verifies the ledgers, and only then lets servers start on the target. */
export function move(from: string, to: string, step: Step = () => undefined): Promise<Moved> {
  return asServer(() => carryOver(from, to, step));
}

async function carryOver(from: string, to: string, step: Step): Promise<Moved> {
  if (from === to) throw new Problem('move.refused', { say: 'Both sides are the same database.' });
  const source = await opening(from, () => openSide(from));
  try {
    await opening(to, () => prepareTarget(to));
    const target = await opening(to, () => openSide(to));
    let tables: MovedTable[];
    try {
      await copyAll(source, target, shown(to), Date.now(), ({ table, rows, of }) => step(`copying ${table}`, rows, of));
      tables = await compareAll(source, target, ({ table, rows, of }) => step(`comparing ${table}`, rows, of));
    } finally {
      await target.close();
    }
    return { from, to, tables, ledgers: await settle(source, to, step) };
  } finally {
    await source.close();
  }
}

/** Makes the tables in an empty database, and in no other. */
async function prepareTarget(to: string): Promise<void> {
  const db = openDatabase(to);
  try {
    if (await isForeign(db)) throw new Problem('move.refused', { say: `${shown(to)} holds tables of something else. Nothing was changed. Make an empty database.` });
    await migrate(db);
  } finally {
    await db.destroy();
  }
}

async function settle(source: Side, to: string, step: Step): Promise<NamedCheck[]> {
  const db = openDatabase(to);
  try {
    const ledgers = await verifyLedgers(db, (tenant, ledger) => step(`verifying ${tenant} ${ledger}`, 0, 0));
    const broken = ledgers.find(({ ok }) => !ok);
    if (broken && !broken.ok) {
      const say = `The ledger ${broken.ledger} of ${broken.tenant} does not hold: ${broken.say} Both sides are equal, so it does not hold in the source either. See docs/runbooks/ledger-verify-failed.md; the source is as it was, and countersign move --undo lets go of it.`;
      throw new Problem('move.differs', { say });
    }
    // First the source, then the target: there is no moment at which a server could start on both.
    await writeMark(source, { to: shown(to), at: Date.now(), whole: true });
    await endMove(db);
    return ledgers;
  } finally {
    await db.destroy();
  }
}
