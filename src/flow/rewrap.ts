import type { Clock } from '#lib/clock';
import type { Sealer } from '#lib/seal';
import type { Db } from '#store/database';
import { rewrapBatch, SEALED_COLUMNS } from '#store/sealed';

/** Values a transaction: some 10 ms, so that servers that write meanwhile hardly wait. */
const BATCH = 200;
/** Between two transactions. Without it SQLite's other writers, who look for the lock now and then, might never find it free. */
const PAUSE_MS = 5;
/** A server that seals under an older key meanwhile leaves something for the next pass. If it goes on doing so, it has to be restarted first. */
const MOST_PASSES = 3;

export interface RewrapProgress {
  table: string;
  column: string;
  done: number;
}

/**
 * Seals every value that is under an older root key under the current one, while servers go on. Nothing is remembered of how far it came: what is left is what is
 * still under an older key, so it can be broken off at any time and run again. Returns how many were sealed anew, and how many no key at hand opens.
 */
export async function rewrap(
  { db, sealer, clock }: { db: Db; sealer: Sealer; clock: Clock },
  { tell = () => undefined, batch = BATCH }: { tell?: (progress: RewrapProgress) => void; batch?: number } = {},
): Promise<{ done: number; closed: number }> {
  let [done, closed] = [0, 0];
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const before = done;
    closed = 0;
    for (const column of SEALED_COLUMNS) {
      let after: string[] | null = null;
      let inColumn = 0;
      do {
        const step = await rewrapBatch(db, sealer, column, after, batch);
        after = step.after;
        done += step.done;
        inColumn += step.done;
        closed += step.closed;
        if (step.done > 0) tell({ table: column.table, column: column.column, done: inColumn });
        if (after !== null) await clock.sleep(PAUSE_MS);
      } while (after !== null);
    }
    if (done === before) break;
  }
  return { done, closed };
}
