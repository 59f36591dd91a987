import type { Db } from '#store/database';
import type { LeasesTable } from '#store/server-schema';

/**
 * Takes what only one process at a time should do, for so long. False while another has it; nobody gives it back, it runs out. One that ends later than
 * any can was taken by a clock that was wrong, and does not count.
 */
export async function claimLease(db: Db, name: LeasesTable['name'], now: number, leaseMs: number): Promise<boolean> {
  const until = now + leaseMs;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('leases')
    .values({ name, lease_until: until })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ lease_until: until })
        .where(({ or, eb }) => or([eb('leases.lease_until', '<=', now), eb('leases.lease_until', '>', until + leaseMs)])),
    )
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}
