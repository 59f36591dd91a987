import { isAhead, type Clock } from '#lib/clock';
import type { Db } from '#store/database';
import { claimLease } from '#store/leases';
import type { LeasesTable } from '#store/server-schema';

/** Something that is done every so often. */
interface Periodic {
  turn(): Promise<boolean>;
  nextAt(): Promise<number>;
}

/**
 * Has one process at a time do for all what would be wasted on each. Who does it holds a lease that ends shortly before the next time, so that whichever process is
 * there then goes on; one that is killed costs a turn.
 */
export function alone({ db, clock, name, leaseMs }: { db: Db; clock: Clock; name: LeasesTable['name']; leaseMs: number }, work: Periodic): Periodic {
  const pauseMs = leaseMs / 4;
  let notBefore = 0;
  const waits = (): boolean => isAhead(notBefore, clock.now(), pauseMs);
  return {
    nextAt: async () => Math.max(waits() ? notBefore : 0, await work.nextAt()),
    async turn() {
      const now = clock.now();
      if (waits() || now < (await work.nextAt())) return false;
      if (await claimLease(db, name, now, leaseMs)) return work.turn();
      notBefore = now + pauseMs;
      return false;
    },
  };
}
