import { expect, it } from 'vitest';
import { ensureCursor, STREAM } from '#store/cursors';
import type { Db } from '#store/database';
import { advanceStream, claimStream, endStream, renewStream, type Stream } from '#store/streams';
import { eachDatabase } from './databases.ts';
import { NOW, putAccount } from './fixtures.ts';

const LEASE_MS = 1000;

async function stage(db: Db) {
  const { tenant, crm } = await putAccount(db);
  await ensureCursor(db, tenant, crm.id, STREAM, NOW);
  const claim = (now: number, peer = db) => claimStream(peer, tenant, crm.id, now, now + LEASE_MS);
  const take = async (now: number): Promise<Stream> => {
    const stream = await claim(now);
    if (!stream) throw new Error('Nobody has it.');
    return stream;
  };
  const row = () => db.selectFrom('cursors').selectAll().where('install', '=', crm.id).executeTakeFirstOrThrow();
  return { claim, take, row };
}
const page = (now: number) => ({ cursor: { at: now }, seen: 1, now, until: now + LEASE_MS });

eachDatabase((_name, open) => {
  it('of many who reach for a stream, one gets it', async () => {
    const { db, peers } = await open();
    const { claim } = await stage(db);
    const got = await Promise.all(peers(4).flatMap((peer, index) => [claim(NOW, peer), claim(NOW + index, peer)]));
    expect(got.filter((stream) => stream !== undefined)).toHaveLength(1);
  });

  it('nobody gets one that another has, nor before its time', async () => {
    const { db } = await open();
    const { claim, take } = await stage(db);
    expect(await claim(NOW - 1)).toBeUndefined();
    const first = await take(NOW);
    expect(await claim(NOW + LEASE_MS - 1)).toBeUndefined();
    await renewStream(db, first, NOW + 2 * LEASE_MS);
    expect(await claim(NOW + 2 * LEASE_MS - 1)).toBeUndefined();
    await endStream(db, first, { nextAt: NOW + 5 * LEASE_MS });
    expect(await claim(NOW + 5 * LEASE_MS - 1)).toBeUndefined();
    expect(await claim(NOW + 5 * LEASE_MS)).toMatchObject({ started_at: NOW + 5 * LEASE_MS, cursor: 'null' });
  });

  it('who has lost it, or given it back, changes nothing more', async () => {
    const { db } = await open();
    const { take, row } = await stage(db);
    const lost = await take(NOW);
    const ended = await take(NOW + LEASE_MS);
    expect([await advanceStream(db, ended, page(NOW + LEASE_MS)), await renewStream(db, ended, NOW + 2 * LEASE_MS)]).toEqual([true, true]);
    await endStream(db, ended, { nextAt: NOW, error: 'It broke.', failures: 3 });
    const kept = await row();
    expect(kept).toMatchObject({ cursor: JSON.stringify({ at: NOW + LEASE_MS }), seen: 1, lease_until: 0, error: 'It broke.', failures: 3 });
    for (const stream of [lost, ended]) {
      expect([await advanceStream(db, stream, page(NOW + 2)), await renewStream(db, stream, NOW + 9 * LEASE_MS)]).toEqual([false, false]);
      await endStream(db, stream, { nextAt: NOW + 9 * LEASE_MS, error: 'Too late.', failures: 9 });
    }
    expect(await row()).toEqual(kept);
  });

  it('a machine whose clock is behind does not get the number of the one before it', async () => {
    const { db } = await open();
    const { claim, take } = await stage(db);
    await endStream(db, await take(NOW + LEASE_MS), { nextAt: NOW });
    expect(await claim(NOW + LEASE_MS)).toBeUndefined();
    expect(await claim(NOW + LEASE_MS + 1)).toMatchObject({ started_at: NOW + LEASE_MS + 1 });
  });

  it('who hurries a stream while it runs has it begun again at once, whatever its end says', async () => {
    const { db } = await open();
    const { take, row } = await stage(db);
    const stream = await take(NOW);
    await db
      .updateTable('cursors')
      .set({ next_at: NOW + 5 })
      .execute();
    await endStream(db, stream, { nextAt: NOW + 9 * LEASE_MS });
    expect((await row()).next_at).toBe(NOW + 5);
  });
});
