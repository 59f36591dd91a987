import { expect, it, onTestFinished } from 'vitest';
import { postgresTime, shortenLeases } from '#store/leases';
import type { Db } from '#store/database';
import { claimLane, LANE_LEASE_MS, releaseLane, renewLane, type Lane } from '#store/outbox';
import { eachDatabase, openTestDatabase } from './databases.ts';
import { NOW, put, putAccount, write } from './fixtures.ts';

const HOUR_MS = 3_600_000;

async function laneOf(db: Db, now: number): Promise<Lane> {
  const claimed = await claimLane(db, now, 10);
  if (!claimed) throw new Error('No lane has anything due.');
  return claimed.lane;
}

eachDatabase((name, open) => {
  it('a process whose own clock is far off takes no lane that another serves, and is taken none', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1'));
    const lease = name === 'PostgreSQL' ? postgresTime : NOW;
    const ahead = { now: NOW + 10 * LANE_LEASE_MS, lease };
    const held = await claimLane(db, { now: NOW, lease }, 10);
    expect(held?.effects).toHaveLength(1);
    expect(await claimLane(db, ahead, 10)).toBeNull();
    await releaseLane(db, held?.lane ?? { tenant: account.tenant, install: account.crm.id, epoch: 0 }, 0);
    await put(db, account, 2, write(account.crm, '2'));
    const theirs = await claimLane(db, ahead, 10);
    expect(await claimLane(db, { now: NOW, lease }, 10)).toBeNull();
    expect(theirs && (await renewLane(db, theirs.lane, { now: NOW - 10 * LANE_LEASE_MS, lease }))).toBe(true);
  });

  it('a lease is renewed until it has run out, and never taken back from another', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1'));
    const lane = await laneOf(db, NOW);
    expect(await renewLane(db, lane, NOW + LANE_LEASE_MS - 1)).toBe(true);
    expect(await claimLane(db, NOW + LANE_LEASE_MS, 10)).toBeNull();
    expect(await renewLane(db, lane, NOW + 2 * LANE_LEASE_MS)).toBe(false);
    const next = await laneOf(db, NOW + 2 * LANE_LEASE_MS);
    expect(await renewLane(db, lane, NOW + 2 * LANE_LEASE_MS)).toBe(false);
    expect(await renewLane(db, next, NOW + 2 * LANE_LEASE_MS)).toBe(true);
  });
});

it('leases that end later than any can are shortened, and those that may be held stay', async () => {
  const database = await openTestDatabase('PostgreSQL');
  const { db } = database;
  onTestFinished(() => database.close());
  const [dead, held] = [await putAccount(db), await putAccount(db)];
  const now = Date.now();
  for (const [{ crm }, until] of [
    [dead, now + HOUR_MS],
    [held, now + LANE_LEASE_MS],
  ] as const) {
    await db.updateTable('lanes').set({ lease_until: until }).where('install', '=', crm.id).execute();
    await db.updateTable('installs').set({ refresh_until: until }).where('id', '=', crm.id).execute();
  }
  await shortenLeases(db);
  const ends = async ({ crm }: typeof dead) => {
    const lane = await db.selectFrom('lanes').select('lease_until').where('install', '=', crm.id).executeTakeFirstOrThrow();
    const install = await db.selectFrom('installs').select('refresh_until').where('id', '=', crm.id).executeTakeFirstOrThrow();
    return [lane.lease_until, install.refresh_until];
  };
  expect(await ends(held)).toEqual([now + LANE_LEASE_MS, now + LANE_LEASE_MS]);
  for (const until of await ends(dead)) {
    expect(until).toBeGreaterThan(now + LANE_LEASE_MS);
    expect(until).toBeLessThan(now + HOUR_MS / 2);
  }
});
