import type { TenantId } from '#core/ids';
import { clearAlarm } from '#store/alarms';
import { openStopHolds, takeHeld } from '#store/holds';
import { asTenant } from '#store/scope';
import { releaseStopped, tenantsToThaw } from '#store/stopped';
import { findServerStop } from '#store/stops';
import type { Flow } from '#flow/flow';
import { readAgain } from '#flow/held';

const A_TRANSACTION = 200;

/**
 * Lets go what stops that are over have held. What entered meanwhile is weighed anew, for a crowd behind a stop is a crowd as well. What is still stopped by another is held again.
 */
export async function thaw(flow: Flow, tenant: TenantId, by: string): Promise<void> {
  const { db, clock } = flow;
  await db.transaction().execute((tx) => releaseStopped(tx, tenant, clock.now()));
  for (const hold of await openStopHolds(db, tenant)) {
    for (;;) {
      const taken = await db.transaction().execute(async (tx) => {
        const now = clock.now();
        const some = await takeHeld(tx, tenant, hold.id, { state: 'resumed', by, limit: A_TRANSACTION }, now);
        await readAgain(tx, some, 'resume', now);
        return some.length;
      });
      if (taken < A_TRANSACTION) break;
    }
    await clearAlarm(db, 'sends-held', hold.id);
  }
  flow.wake.outbox();
}

/** Once a minute: a send may be held in the very moment in which its stop ends, and would wait for nobody. */
export async function thawRest(flow: Flow): Promise<void> {
  if (await findServerStop(flow.db)) return;
  for (const tenant of await tenantsToThaw(flow.db)) await asTenant(tenant, () => thaw(flow, tenant, 'countersign'));
}
