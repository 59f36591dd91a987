import { sql } from 'kysely';
import { newId } from '#lib/ids';
import type { EffectKind } from '#core/effect';
import { PROBLEMS } from '#core/problem';
import type { Db, Tx } from '#store/database';
import { listTenants } from '#store/installs';
import { append } from '#store/ledger';
import { findSetting } from '#store/settings';

/** That a database came back from a backup: what happened between the two moments was done by it and is not known to it. */
export interface Restored {
  from: number;
  at: number;
  /** Whether what may have been done in between is laid aside for a person. */
  hold: boolean;
}

/** What would be done a second time if it waited in the backup and was done after it. All else looks first, carries a key that the vendor knows, or ends in the same state. */
const DOUBLES_WAITING: readonly EffectKind[] = ['envelope.remind'];
/** What would be done a second time if the fact that causes it is heard again: the vendor knows it by the id of the effect, and that is another one then. */
const DOUBLES_AGAIN: ReadonlySet<EffectKind> = new Set(['task.create', 'journey.emit']);

const DOUBTFUL = JSON.stringify({ code: 'restore.doubtful', say: PROBLEMS['restore.doubtful'][1], facts: {} });

export async function findRestored(db: Db): Promise<Restored | null> {
  const text = await findSetting(db, 'restored');
  return text === undefined ? null : (JSON.parse(text) as Restored);
}

/** How an effect begins that a fact of before the restore causes: parked, where it may have been done already. */
export function begunAfterRestore(kind: EffectKind, factAt: number, restored: Restored | null): { state: 'ready' | 'parked'; error: string | null } {
  const doubtful = restored !== null && restored.hold && factAt < restored.at && DOUBLES_AGAIN.has(kind);
  return doubtful ? { state: 'parked', error: DOUBTFUL } : { state: 'ready', error: null };
}

export interface Aftermath {
  /** Effects that waited and look, before they are done, whether they were. */
  looking: number;
  /** Effects that wait for a person now. */
  held: number;
  tenants: number;
}

/**
 * Makes a database that came from a backup fit to be started on. A restore is a crash whose restart comes late: whatever waits counts as tried, so that it looks before it makes. Leases end, every round is due, and nobody is signed in: a session
 * that was ended since would be good again.
 */
export async function settleRestored(db: Db, restored: Restored): Promise<Aftermath> {
  return db.transaction().execute(async (tx) => {
    const held = restored.hold ? await holdDoubtful(tx, restored.at) : 0;
    const looking = await tx
      .updateTable('outbox')
      .set({ attempts: sql`case when attempts = 0 then 1 else attempts end`, error: null })
      .where('state', 'in', ['ready', 'leased'])
      .executeTakeFirst();
    await endLeases(tx);
    for (const table of ['sessions', 'links', 'oauth_states'] as const) await tx.deleteFrom(table).execute();
    await tx.deleteFrom('settings').where('name', 'in', ['restored', 'backup']).execute();
    await tx
      .insertInto('settings')
      .values({ name: 'restored', value: JSON.stringify(restored) })
      .execute();
    const tenants = await listTenants(tx);
    for (const { id } of tenants) {
      const detail = JSON.stringify({ from: restored.from, hold: restored.hold });
      await append(tx, id, 'audit', [{ id: newId('aud', restored.at), at: restored.at, actor: 'operator', action: 'server.restored', subject: 'backup', detail }]);
    }
    return { looking: Number(looking.numUpdatedRows), held, tenants: tenants.length };
  });
}

async function holdDoubtful(tx: Tx, now: number): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('outbox')
    .set({ state: 'parked', error: DOUBTFUL, updated_at: now })
    .where('state', 'in', ['ready', 'leased', 'held'])
    .where('kind', 'in', DOUBLES_WAITING)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

async function endLeases(tx: Tx): Promise<void> {
  await tx.updateTable('lanes').set({ lease_until: 0, next_at: 0 }).execute();
  await tx.updateTable('endpoints').set({ lease_until: 0 }).execute();
  await tx.updateTable('installs').set({ refresh_until: 0 }).execute();
  await tx.updateTable('cursors').set({ lease_until: 0, next_at: 0, failures: 0 }).execute();
}
