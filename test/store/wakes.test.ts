import { CompiledQuery } from 'kysely';
import { expect, it } from 'vitest';
import { PRIORITY } from '#core/effect';
import type { Db } from '#store/database';
import { hurryCursor, ensureCursor } from '#store/cursors';
import { createIngest } from '#store/ingest';
import { claimLease } from '#store/leases';
import { holdEffects, putEffects } from '#store/outbox';
import { gatherWakes, wakeLaneIn, wakeLanes } from '#store/wakes';
import { eachDatabase } from './databases.ts';
import { arrival, NOW, put, putAccount, write } from './fixtures.ts';

interface JobSeen {
  key: string | null;
  priority: number;
  delay: number;
}

async function jobs(db: Db): Promise<JobSeen[]> {
  const { rows } = await db.executeQuery<JobSeen>(
    CompiledQuery.raw('select key, priority, extract(epoch from run_at - created_at)::float8 as delay from graphile_worker.jobs order by key'),
  );
  return rows;
}
const keys = async (db: Db) => (await jobs(db)).map(({ key }) => key);

eachDatabase((name, open) => {
  it('of those who want to do what only one may, one does, until its time is over or was never possible', async () => {
    const { peers } = await open();
    const took = await Promise.all(peers(4).map((peer) => claimLease(peer, 'upkeep', NOW, 1000)));
    expect(took.filter(Boolean)).toHaveLength(1);
    const [db] = peers(1);
    if (!db) throw new Error('There is one.');
    expect([await claimLease(db, 'upkeep', NOW + 999, 1000), await claimLease(db, 'upkeep', NOW + 1000, 1000)]).toEqual([false, true]);
    // A clock that was hours ahead took it.
    expect(await claimLease(db, 'upkeep', NOW + 9_000_000, 1000)).toBe(true);
    expect(await claimLease(db, 'upkeep', NOW + 2000, 1000)).toBe(true);
  });

  if (name === 'SQLite') return;

  it('whoever writes what waits wakes its lane in the same transaction, and a transaction that is rolled back wakes nobody', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const { tenant, crm } = account;
    const failing = db.transaction().execute(async (tx) => {
      await putEffects(tx, tenant, [write(crm, '1')], { ordinal: 1, correlation: 'cor_test' }, NOW);
      throw new Error('It is rolled back.');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await keys(db)).toEqual([]);
    await put(db, account, 1, write(crm, '1'));
    await createIngest(db, () => undefined).add(arrival(crm, 'a key'));
    await ensureCursor(db, tenant, crm.id, 'changes', NOW);
    expect(await keys(db)).toEqual([`advance:${tenant}`, `perform:${crm.id}`, `reconcile:${crm.id}|changes`]);
  });

  it('a click wakes before others, and what is held wakes nobody until it is let go', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1', { priority: PRIORITY.click }));
    expect((await jobs(db)).map(({ key, priority }) => [key, priority])).toEqual([[`perform:${account.crm.id}!`, PRIORITY.click]]);
    await holdEffects(db, account.tenant, account.crm.id, true, NOW);
    expect(await jobs(db)).toHaveLength(1);
    await holdEffects(db, account.tenant, account.crm.id, false, NOW);
    await hurryCursor(db, account.tenant, account.crm.id, NOW);
    expect(await keys(db)).toEqual([`perform:${account.crm.id}`, `perform:${account.crm.id}!`]);
  });

  it('a lane that waits keeps its place however often it is woken, and a later time stands beside it', async () => {
    const { db } = await open();
    const one = { kind: 'perform' as const, lane: 'ins_1' };
    await wakeLaneIn(db, one, 60_000);
    await wakeLanes(db, [one, one]);
    const [first] = await jobs(db);
    await wakeLanes(db, [one]);
    await wakeLaneIn(db, one, 30_000);
    const found = await jobs(db);
    expect(found[0]).toEqual(first);
    expect(found.map(({ key }) => key)).toEqual(['perform:ins_1', 'perform:ins_1~']);
    expect(Math.abs((found[1]?.delay ?? 0) - 30)).toBeLessThan(5);
  });

  it('a long transaction that gathers writes each wake-up once, at its end', async () => {
    const { db, peers } = await open();
    const [, other = db] = peers(2);
    const [a, b] = [await putAccount(db), await putAccount(db)];
    const { woken } = await db.transaction().execute((tx) =>
      gatherWakes(tx, async () => {
        for (const account of [b, a, b]) await putEffects(tx, account.tenant, [write(account.crm, '1')], { ordinal: 1, correlation: 'cor_test' }, NOW);
        // Nobody has to wait for it: the job is not written yet.
        await put(other, b, 2, write(b.crm, '2'));
      }),
    );
    expect(woken).toEqual(new Set(['perform']));
    expect(await keys(db)).toEqual([a, b].map(({ crm }) => `perform:${crm.id}`).sort());
  });

  it('processes that store deliveries of the same tenants at once store all of them, and do not lock each other out', async () => {
    const { db, peers } = await open();
    const accounts = await Promise.all(Array.from({ length: 12 }, () => putAccount(db)));
    // Some lanes are being served, as in life: their jobs are taken, and every wake-up touches them.
    await wakeLanes(
      db,
      accounts.map(({ tenant }) => ({ kind: 'advance', lane: tenant })),
    );
    await db.executeQuery(CompiledQuery.raw("update graphile_worker._private_jobs set locked_at = now(), locked_by = 'somebody'"));
    const ingests = peers(4).map((peer) => createIngest(peer, () => undefined));
    const stored: Promise<void>[] = [];
    for (let round = 0; round < 15; round++) {
      for (const [place, ingest] of ingests.entries())
        for (const [at, account] of (place % 2 === 0 ? accounts : accounts.toReversed()).entries()) stored.push(ingest.add(arrival(account.crm, `${round}-${place}-${at}`)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await Promise.allSettled(stored)).filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(await db.selectFrom('inbox').select('id').execute()).toHaveLength(15 * 4 * 12);
  });
});
