import { CompiledQuery, sql } from 'kysely';
import { expect, it } from 'vitest';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { openDatabase, type Db } from '#store/database';
import { claimNotices, failNotice, nextNoticeAt, putNotices, putOwnNotice, reviveNotice, settleNotices } from '#store/inbox';
import { createIngest } from '#store/ingest';
import { wakeLanes } from '#store/wakes';
import { until } from '../work/stage.ts';
import { eachDatabase } from './databases.ts';
import { elsewhere } from './elsewhere.ts';
import { arrival, NOW, notice, putAccount, type Account } from './fixtures.ts';

const keys = async (db: Db) => (await db.selectFrom('inbox').select('key').orderBy('key').execute()).map(({ key }) => key);
const count = async (db: Db, table: 'deliveries' | 'inbox') => (await db.selectFrom(table).select('id').execute()).length;
const numbered = (amount: number, prefix = 'key') => Array.from({ length: amount }, (_, place) => `${prefix}-${String(place).padStart(4, '0')}`);
const code = (thrown: unknown) => Problem.from(thrown).code;

eachDatabase((name, open) => {
  it('what was accepted is stored, and whoever waits for work is told after that', async () => {
    const { db, peers } = await open();
    const { crm } = await putAccount(db);
    let told = 0;
    const ingest = createIngest(db, () => void told++);
    const coming = arrival(crm, 'one', 'two');
    await ingest.add(coming);
    expect(told).toBe(1);
    const [, other = db] = peers(2);
    const [first] = await other.selectFrom('inbox').selectAll().orderBy('position').execute();
    expect(first).toMatchObject({ ...coming.notices[0] });
    expect(Buffer.from((await other.selectFrom('deliveries').select('body').executeTakeFirstOrThrow()).body ?? []).toString()).toBe('["one","two"]');
  });

  it('arrivals of one moment share commits', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    let commits = 0;
    const ingest = createIngest(db, () => void commits++);
    await Promise.all(numbered(600).map((key) => ingest.add(arrival(crm, key))));
    expect(await count(db, 'inbox')).toBe(600);
    expect(commits).toBe(3);
  });

  it('a delivery with more notices than a statement takes is stored whole', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    await createIngest(db, () => undefined).add(arrival(crm, ...numbered(2500)));
    expect(await count(db, 'inbox')).toBe(2500);
  });

  it('a key is stored once: in one delivery, in one group, later, after a restart', async () => {
    const { db } = await open();
    const { crm, sign } = await putAccount(db);
    const ingest = createIngest(db, () => undefined);
    await Promise.all([ingest.add(arrival(crm, 'a', 'a', 'b')), ingest.add(arrival(crm, 'b', 'c')), ingest.add(arrival(sign, 'a'))]);
    await ingest.add(arrival(crm, 'a', 'b'));
    await createIngest(db, () => undefined).add(arrival(crm, 'c', 'd'));
    expect(await keys(db)).toEqual(['a', 'a', 'b', 'c', 'd']);
  });

  it('a delivery that brings nothing new is not kept, one that cannot be read is', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    await createIngest(db, () => undefined).add(arrival(crm, 'a', 'b'));
    const restarted = createIngest(db, () => undefined);
    await restarted.add(arrival(crm, 'b', 'a'));
    expect(await count(db, 'deliveries')).toBe(1);
    const faulty = arrival(crm);
    await restarted.add({ ...faulty, delivery: { ...faulty.delivery, fault: 'It is no JSON.' } });
    expect(await count(db, 'deliveries')).toBe(2);
    await restarted.add({ delivery: null, notices: [] });
    expect(await count(db, 'deliveries')).toBe(2);
  });

  it('several at once with the same keys in any order store each once and refuse nobody', async () => {
    const { db, peers } = await open();
    const { crm } = await putAccount(db);
    const some = numbered(300);
    const ingests = peers(4).map((peer) => createIngest(peer, () => undefined));
    await Promise.all(ingests.map((ingest, turn) => Promise.all((turn % 2 === 0 ? some : [...some].reverse()).map((key) => ingest.add(arrival(crm, key))))));
    expect(await keys(db)).toEqual(some);
  });

  if (name === 'PostgreSQL') {
    const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    const untilWaits = (db: Db) => until('the group waits', async () => (await waiting.execute(db)).rows.length > 0);

    it('a group that waits for a notice that another is just storing holds up nobody who wakes the lane', async () => {
      const { db, peers } = await open();
      const { tenant, crm } = await putAccount(db);
      const [, peer = db] = peers(2);
      let stored: Promise<void> | undefined;
      await db.transaction().execute(async (tx) => {
        await tx.insertInto('inbox').values(notice(crm, 'b')).execute();
        stored = createIngest(peer, () => undefined).add(arrival(crm, 'a', 'b'));
        await untilWaits(db);
        await sql`set local lock_timeout = 2000`.execute(tx);
        await wakeLanes(tx, [{ kind: 'advance', lane: tenant }]);
      });
      await stored;
      expect(await keys(db)).toEqual(['a', 'b']);
    });

    it('a group that the database ends because two wait for each other is stored after all', async () => {
      const { db, peers } = await open();
      const { tenant, crm } = await putAccount(db);
      const [, peer = db] = peers(2);
      let stored: Promise<void> | undefined;
      await db.transaction().execute(async (tx) => {
        await wakeLanes(tx, [{ kind: 'advance', lane: tenant }]);
        stored = createIngest(peer, () => undefined).add(arrival(crm, 'a', 'b'));
        await untilWaits(db);
        // The group has waited longer, so it is the one that is ended.
        await tx.insertInto('inbox').values(notice(crm, 'b')).execute();
      });
      await stored;
      expect(await keys(db)).toEqual(['a', 'b']);
    });
  }

  it('so do several processes', async () => {
    const { db, address } = await open();
    const { crm } = await putAccount(db);
    const some = numbered(200);
    const stored = await Promise.all([some, [...some].reverse()].map((order) => elsewhere<number>('ingest', address, { to: crm, keys: order })));
    expect(stored).toEqual([200, 200]);
    expect(await count(db, 'inbox')).toBe(400);
  });

  it('a database that fails accepts nothing, says busy, and is asked again later', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    const ingest = createIngest(db, () => undefined);
    await db.executeQuery(CompiledQuery.raw('alter table inbox rename to away'));
    const refused = await Promise.allSettled([ingest.add(arrival(crm, 'a')), ingest.add(arrival(crm, 'b'))]);
    expect(refused.map((one) => one.status === 'rejected' && code(one.reason))).toEqual(['store.busy', 'store.busy']);
    expect(await count(db, 'deliveries')).toBe(0);
    await db.executeQuery(CompiledQuery.raw('alter table away rename to inbox'));
    await ingest.add(arrival(crm, 'a'));
    expect(await keys(db)).toEqual(['a']);
  });

  it('a database that another holds locked accepts nothing and says busy', async () => {
    const { db, address, peers } = await open();
    const { crm } = await putAccount(db);
    // On SQLite the lock is the whole file's, so a connection beside the queue holds it.
    const holder = openDatabase(address);
    const [peer = db] = peers(1);
    await peer.executeQuery(CompiledQuery.raw(name === 'SQLite' ? 'pragma busy_timeout = 50' : 'set lock_timeout = 50'));
    const ingest = createIngest(peer, () => undefined);
    await holder.transaction().execute(async (tx) => {
      if (name === 'PostgreSQL') await tx.executeQuery(CompiledQuery.raw('lock table inbox in exclusive mode'));
      expect(await ingest.add(arrival(crm, 'a')).then(() => 'stored', code)).toBe('store.busy');
    });
    await holder.destroy();
    await ingest.add(arrival(crm, 'a'));
    expect(await keys(db)).toEqual(['a']);
  });

  if (name === 'SQLite') {
    it('a full disk accepts nothing, says busy, and goes on once there is room', async () => {
      const { db } = await open();
      const { crm } = await putAccount(db);
      const ingest = createIngest(db, () => undefined);
      const { rows } = await db.executeQuery<{ page_count: number }>(CompiledQuery.raw('pragma page_count'));
      await db.executeQuery(CompiledQuery.raw(`pragma max_page_count = ${rows[0]?.page_count ?? 0}`));
      const large = { ...arrival(crm, 'a') };
      expect(await ingest.add({ ...large, delivery: { ...large.delivery, body: Buffer.alloc(500_000) } }).then(() => 'stored', code)).toBe('store.busy');
      await db.executeQuery(CompiledQuery.raw('pragma max_page_count = 1000000'));
      expect(await count(db, 'inbox')).toBe(0);
      await ingest.add(arrival(crm, 'a'));
      expect(await keys(db)).toEqual(['a']);
    });
  }

  it('a closed database says busy, and draining waits for what is under way', async () => {
    const { db, peers } = await open();
    const { crm } = await putAccount(db);
    const ingest = createIngest(db, () => undefined);
    let stored = false;
    void ingest.add(arrival(crm, 'a')).then(() => (stored = true));
    await ingest.drain();
    expect(stored).toBe(true);
    await peers(1)[0]?.destroy();
    expect(await ingest.add(arrival(crm, 'b')).then(() => 'stored', code)).toBe('store.busy');
  });

  it('notices are claimed oldest first, those of one tenant at a time, the tenants in turn, and only when they are due', async () => {
    const { db } = await open();
    const [a, b] = [await putAccount(db), await putAccount(db)].sort((one, two) => (one.tenant < two.tenant ? -1 : 1)) as [Account, Account];
    const rows = [
      notice(a.crm, 'third', { run_at: NOW + 3 }),
      notice(b.crm, 'other', { run_at: NOW + 2 }),
      notice(a.crm, 'first', { run_at: NOW + 1 }),
      notice(a.crm, 'not due', { run_at: NOW + 99 }),
    ];
    await db.insertInto('inbox').values(rows).execute();
    expect(await nextNoticeAt(db)).toBe(NOW + 1);
    let served: TenantId | null = null;
    const claim = (limit: number) =>
      db.transaction().execute(async (tx) => {
        const claimed = await claimNotices(tx, NOW + 10, limit, served);
        for (const { tenant, id, correlation } of claimed) await settleNotices(tx, tenant, [{ id, state: 'done', correlation }]);
        served = claimed[0]?.tenant ?? served;
        return claimed.map(({ key }) => key);
      });
    // A tenant with more to do comes again after the others.
    expect([await claim(1), await claim(1), await claim(9), await claim(9)]).toEqual([['first'], ['other'], ['third'], []]);
  });

  it('two claimers at once never settle one notice twice', async () => {
    const { db, peers } = await open();
    const accounts = [await putAccount(db), await putAccount(db)];
    for (const { crm } of accounts)
      await db
        .insertInto('inbox')
        .values(numbered(100).map((key) => notice(crm, key)))
        .execute();
    const settled: string[] = [];
    const work = async (peer: Db) => {
      for (;;) {
        const claimed = await peer.transaction().execute(async (tx) => {
          const some = await claimNotices(tx, NOW, 7);
          await sql`select 1`.execute(tx);
          for (const { tenant, id, correlation } of some) await settleNotices(tx, tenant, [{ id, state: 'done', correlation }]);
          return some;
        });
        if (claimed.length === 0) return;
        settled.push(...claimed.map(({ id }) => id));
      }
    };
    await Promise.all(peers(4).map(work));
    // A claimer that finds the last notices in another's hands ends early; what it left, the other settled.
    expect([settled.length, new Set(settled).size]).toEqual([200, 200]);
  });

  it('a failing notice is tried again at its time, then becomes a dead letter that a person can revive or lay aside', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    await db
      .insertInto('inbox')
      .values([notice(crm, 'a', { run_at: NOW })])
      .execute();
    const read = () => db.selectFrom('inbox').selectAll().executeTakeFirstOrThrow();
    await failNotice(db, await read(), 'vendor.unavailable', NOW + 5);
    expect(await read()).toMatchObject({ state: 'ready', attempts: 1, run_at: NOW + 5, error: 'vendor.unavailable' });
    await failNotice(db, await read(), 'internal.bug', null);
    expect(await read()).toMatchObject({ state: 'dead', attempts: 2 });
    expect(await nextNoticeAt(db)).toBeNull();
    const { id } = await read();
    await reviveNotice(db, tenant, id, 'ready', NOW + 9);
    expect(await read()).toMatchObject({ state: 'ready', attempts: 0, run_at: NOW + 9 });
    await expect(reviveNotice(db, tenant, id, 'noted', NOW)).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('our own notices and what a vendor told on asking are new once', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    const own = { install: crm.id, key: 'request', kind: 'send.requested', at: NOW, correlation: 'cor_1' as const, facts: [] };
    expect([await putOwnNotice(db, tenant, own, NOW), await putOwnNotice(db, tenant, own, NOW)]).toEqual([true, false]);
    const told = (key: string) => ({ install: crm.id, vendor: crm.vendor, key, kind: 'deal', at: NOW, payload: '{}' });
    expect([
      await putNotices(db, tenant, [told('a'), told('b'), told('a')], NOW),
      await putNotices(db, tenant, [told('b'), told('c')], NOW),
      await putNotices(db, tenant, [], NOW),
    ]).toEqual([2, 1, 0]);
  });
});
