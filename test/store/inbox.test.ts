import { expect, it } from 'vitest';
import type { NoticeId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { areSeveralDue, claimNotices, claimNoticesOf, deliveryBodies, failNotice, nextNoticeAt, OWN, putNotices, putOwnNotice, reviveNotice, settleNotices } from '#store/inbox';
import { createIngest } from '#store/ingest';
import { eachDatabase } from './databases.ts';
import { arrival, NOW, notice, putAccount, type Account } from './fixtures.ts';

const all = (db: Db) => db.selectFrom('inbox').selectAll().orderBy('key').execute();
const put = (db: Db, ...rows: ReturnType<typeof notice>[]) => db.insertInto('inbox').values(rows).execute();
const inOne = <T>(db: Db, work: (tx: Parameters<Parameters<ReturnType<Db['transaction']>['execute']>[0]>[0]) => Promise<T>) => db.transaction().execute(work);
const keysOf = (rows: readonly { key: string }[]) => rows.map(({ key }) => key);
async function two(db: Db): Promise<[Account, Account]> {
  const [a, b] = [await putAccount(db), await putAccount(db)];
  return a.tenant < b.tenant ? [a, b] : [b, a];
}

eachDatabase((name, open) => {
  it('a notice that is put waits from now on, and nothing was tried', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    const told = { install: crm.id, vendor: 'a-crm', kind: 'deal', at: 5, payload: '{}' };
    expect(
      await putNotices(
        db,
        tenant,
        [
          { ...told, key: 'a', correlation: 'cor_given' },
          { ...told, key: 'b' },
        ],
        NOW,
      ),
    ).toBe(2);
    const own = { install: crm.id, key: 'c', kind: 'asked', at: 6, correlation: 'cor_own', facts: [] } as const;
    expect([await putOwnNotice(db, tenant, { ...own, facts: [] }, NOW), await putOwnNotice(db, tenant, { ...own, facts: [] }, NOW)]).toEqual([true, false]);
    const fresh = { tenant, install: crm.id, delivery: null, position: 0, state: 'ready', attempts: 0, run_at: NOW, error: null, received_at: NOW };
    expect(await all(db)).toMatchObject([
      { ...fresh, ...told, key: 'a', correlation: 'cor_given' },
      { ...fresh, ...told, key: 'b', correlation: expect.stringMatching(/^cor_[0-9a-z]{26}$/) },
      { ...fresh, key: 'c', vendor: OWN, payload: '[]', at: 6, correlation: 'cor_own' },
    ]);
    if (name === 'SQLite') return;
    const woken = async () =>
      (
        await db
          .withSchema('graphile_worker')
          .selectFrom('jobs' as 'inbox')
          .select('key')
          .execute()
      ).map(({ key }) => key);
    expect(await woken()).toEqual([`advance:${tenant}`]);
  });

  it('a key is an account’s own, and one that is known wakes nobody', async () => {
    const { db } = await open();
    const { tenant, crm, sign } = await putAccount(db);
    const told = { vendor: 'a-crm', key: 'a', kind: 'deal', at: 5, payload: '{}' };
    await put(db, notice(crm, 'a'));
    expect(await putNotices(db, tenant, [{ ...told, install: crm.id }], NOW)).toBe(0);
    if (name === 'PostgreSQL')
      expect(
        await db
          .withSchema('graphile_worker')
          .selectFrom('jobs' as 'inbox')
          .select('key')
          .execute(),
      ).toEqual([]);
    expect(await putNotices(db, tenant, [{ ...told, install: sign.id }], NOW)).toBe(1);
    if (name === 'PostgreSQL')
      expect(
        keysOf(
          await db
            .withSchema('graphile_worker')
            .selectFrom('jobs' as 'inbox')
            .select('key')
            .execute(),
        ),
      ).toEqual([`advance:${tenant}`]);
    expect(await putNotices(db, tenant, [], NOW)).toBe(0);
  });

  it('those are claimed that are due and of one tenant, oldest first and of one moment by id, so many as asked for', async () => {
    const { db } = await open();
    const [a, b] = await two(db);
    await put(
      db,
      notice(a.crm, 'third', { run_at: NOW, id: 'ntc_3' }),
      notice(a.crm, 'second', { run_at: NOW, id: 'ntc_2' }),
      notice(a.crm, 'first', { run_at: NOW - 1, id: 'ntc_9' }),
      notice(a.crm, 'not due', { run_at: NOW + 1, id: 'ntc_0' }),
      notice(a.crm, 'done', { run_at: 1, state: 'done' }),
      notice(b.crm, 'other', { run_at: NOW - 99 }),
    );
    const claim = (limit: number, after: TenantId | null = null) => inOne(db, async (tx) => keysOf(await claimNotices(tx, NOW, limit, after)));
    expect(await claim(9)).toEqual(['first', 'second', 'third']);
    expect(await claim(2)).toEqual(['first', 'second']);
    expect(await claim(9, a.tenant)).toEqual(['other']);
    expect(await claim(9, b.tenant)).toEqual(['first', 'second', 'third']);
    expect(await inOne(db, async (tx) => keysOf(await claimNotices(tx, NOW - 50, 9)))).toEqual(['other']);
    expect(await inOne(db, (tx) => claimNotices(tx, NOW - 100, 9))).toEqual([]);
    const claimOf = (tenant: TenantId, now = NOW) => inOne(db, async (tx) => keysOf(await claimNoticesOf(tx, tenant, now, 2)));
    expect([await claimOf(a.tenant), await claimOf(b.tenant), await claimOf(b.tenant, NOW - 100)]).toEqual([['first', 'second'], ['other'], []]);
  });

  if (name === 'PostgreSQL')
    it('the notices of a tenant are in one process’s hands', async () => {
      const { db, peers } = await open();
      const [a, b] = await two(db);
      await put(db, notice(a.crm, 'a', { id: 'ntc_a' }), notice(a.crm, 'b', { id: 'ntc_b' }), notice(b.crm, 'c'));
      const [one = db, other = db] = peers(2);
      await inOne(one, async (tx) => {
        expect(keysOf(await claimNoticesOf(tx, a.tenant, NOW, 1))).toEqual(['a']);
        expect(await inOne(other, (second) => claimNoticesOf(second, a.tenant, NOW, 9))).toEqual([]);
        expect(keysOf(await inOne(other, (second) => claimNoticesOf(second, b.tenant, NOW, 9)))).toEqual(['c']);
        // Whoever goes through all tenants takes what nobody holds, and waits for nothing.
        expect(keysOf(await inOne(other, (second) => claimNotices(second, NOW, 9)))).toEqual(['b']);
      });
      await inOne(one, async (tx) => {
        await claimNotices(tx, NOW, 9);
        expect(keysOf(await inOne(other, (second) => claimNotices(second, NOW, 9)))).toEqual(['c']);
      });
    });

  it('what is settled, fails or is revived is that notice alone, of that tenant alone', async () => {
    const { db } = await open();
    const [a, b] = await two(db);
    await put(db, notice(a.crm, 'a', { id: 'ntc_a' }), notice(a.crm, 'b', { id: 'ntc_b', error: 'old' }), notice(b.crm, 'c', { id: 'ntc_c' }));
    const states = async () => (await all(db)).map(({ state, attempts, error, run_at }) => [state, attempts, error, run_at - NOW]);
    const read = async (id: NoticeId) => (await all(db)).find((one) => one.id === id) ?? expect.unreachable();
    const before = (await read('ntc_a')).correlation;
    await inOne(db, (tx) => settleNotices(tx, b.tenant, [{ id: 'ntc_a', state: 'done', correlation: 'cor_x' }]));
    await failNotice(db, { ...(await read('ntc_a')), tenant: b.tenant }, 'x', null);
    expect(await states()).toEqual([
      ['ready', 0, null, 0],
      ['ready', 0, 'old', 0],
      ['ready', 0, null, 0],
    ]);
    await failNotice(db, await read('ntc_a'), 'later', NOW + 5);
    await failNotice(db, await read('ntc_c'), 'never', null);
    await inOne(db, (tx) => settleNotices(tx, a.tenant, [{ id: 'ntc_b', state: 'noted', correlation: 'cor_x' }]));
    expect([(await read('ntc_b')).correlation, (await read('ntc_a')).correlation]).toEqual(['cor_x', before]);
    const settled = [
      ['ready', 1, 'later', 5],
      ['noted', 0, null, 0],
      ['dead', 1, 'never', 0],
    ];
    expect(await states()).toEqual(settled);
    // It was settled meanwhile: that it failed before says nothing any more.
    await failNotice(db, await read('ntc_b'), 'late', null);
    for (const [tenant, id] of [
      [a.tenant, 'ntc_c'],
      [a.tenant, 'ntc_a'],
      [b.tenant, 'ntc_x'],
    ] as const)
      await expect(reviveNotice(db, tenant, id, 'ready', NOW + 9)).rejects.toMatchObject({ code: 'request.not-found' });
    expect(await states()).toEqual(settled);
    await reviveNotice(db, b.tenant, 'ntc_c', 'ready', NOW + 9);
    expect((await states())[2]).toEqual(['ready', 0, 'never', 9]);
  });

  if (name === 'PostgreSQL')
    it('what is laid aside wakes nobody, and what goes on does at once', async () => {
      const { db } = await open();
      const { tenant, crm } = await putAccount(db);
      const jobs = async () =>
        keysOf(
          await db
            .withSchema('graphile_worker')
            .selectFrom('jobs' as 'inbox')
            .select('key')
            .execute(),
        );
      await put(db, notice(crm, 'a', { id: 'ntc_a', state: 'dead' }), notice(crm, 'b', { id: 'ntc_b', state: 'dead' }));
      await reviveNotice(db, tenant, 'ntc_a', 'noted', NOW);
      expect(await jobs()).toEqual([]);
      await reviveNotice(db, tenant, 'ntc_b', 'ready', NOW);
      expect(await jobs()).toEqual([`advance:${tenant}!`]);
    });

  it('the bytes of a delivery are its own', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    const [one, other] = [arrival(crm, 'a'), arrival(crm, 'b')];
    const ingest = createIngest(db, () => undefined);
    await Promise.all([ingest.add(one), ingest.add(other)]);
    const bodies = await deliveryBodies(db, [other.delivery.id, 'dlv_none']);
    expect(bodies.map(({ id, body }) => [id, Buffer.from(body ?? []).toString()])).toEqual([[other.delivery.id, '["b"]']]);
    expect(await deliveryBodies(db, [])).toEqual([]);
  });

  it('whether several tenants have something due', async () => {
    const { db } = await open();
    const [a, b] = await two(db);
    const several = () => areSeveralDue(db, NOW);
    expect(await several()).toBe(false);
    await put(db, notice(a.crm, 'a'), notice(a.crm, 'b'), notice(b.crm, 'later', { run_at: NOW + 1 }), notice(b.crm, 'dead', { state: 'dead' }));
    expect(await several()).toBe(false);
    await put(db, notice(b.crm, 'c'));
    expect(await several()).toBe(true);
  });

  it('when the next is due is asked of one tenant or of all', async () => {
    const { db } = await open();
    const [a, b] = await two(db);
    expect(await nextNoticeAt(db)).toBeNull();
    await put(
      db,
      notice(a.crm, 'a', { run_at: NOW + 7 }),
      notice(b.crm, 'b', { run_at: NOW + 9 }),
      notice(b.crm, 'c', { run_at: NOW + 8 }),
      notice(a.crm, 'd', { run_at: 1, state: 'dead' }),
    );
    expect([await nextNoticeAt(db), await nextNoticeAt(db, a.tenant), await nextNoticeAt(db, b.tenant), await nextNoticeAt(db, 'ten_none')]).toEqual([
      NOW + 7,
      NOW + 7,
      NOW + 8,
      null,
    ]);
  });
});
