import { sql, type Expression } from 'kysely';
import type { Db } from '#store/database';
import type { LeasesTable } from '#store/server-schema';

/** Milliseconds since the epoch, or what the database makes of it while it runs the statement. */
export type LeaseTime = number | Expression<number>;
/**
 * When something happens: by the clock of the process, which dates rows, and by the clock that leases are counted by. The latter is one for all who share a
 * database. A process whose own clock was four minutes ahead took lanes that others were serving, and an older value was written last. A number is both.
 */
export type When = number | { now: number; lease: LeaseTime };

/** PostgreSQL's own time, as it stood when the statement began. */
export const postgresTime = sql<number>`(extract(epoch from statement_timestamp()) * 1000)::bigint`;

export const readWhen = (when: When): { now: number; lease: LeaseTime } => (typeof when === 'number' ? { now: when, lease: when } : when);
/** The end of a lease that begins then. */
export const endOf = (lease: LeaseTime, ms: number): LeaseTime => (typeof lease === 'number' ? lease + ms : sql<number>`${lease} + ${sql.lit(ms)}`);

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

/** Longer than any lease of a lane or an endpoint, and than any refresh. */
const LONGEST_LEASE_MS = 180_000;

/**
 * Leases of all tenants that end later than any can: of processes that died before PostgreSQL's clock was set back. They get the longest from now on, so that nobody
 * who lives loses his.
 */
export async function shortenLeases(db: Db): Promise<void> {
  const latest = endOf(postgresTime, LONGEST_LEASE_MS);
  for (const table of ['lanes', 'endpoints'] as const) await db.updateTable(table).set({ lease_until: latest }).where('lease_until', '>', latest).execute();
  await db.updateTable('installs').set({ refresh_until: latest }).where('refresh_until', '>', latest).execute();
}
