import type { KyselyPlugin } from 'kysely';
import { expect, it } from 'vitest';
import { sha256 } from '#lib/hmac';
import type { Db } from '#store/database';
import { append, GENESIS, hashContent, hashEntry, lockLedger, openLedger, verifyLedger } from '#store/ledger';
import { eachDatabase } from './databases.ts';
import { auditEntry, dropGuards, fact, NOW } from './fixtures.ts';

const TENANT = 'ten_a';
const put = (db: Db, count: number, tenant: `ten_${string}` = TENANT) =>
  db.transaction().execute((tx) =>
    append(
      tx,
      tenant,
      'facts',
      Array.from({ length: count }, (_, place) => fact({ at: NOW + place })),
    ),
  );
const verify = (db: Db) => verifyLedger(db, TENANT, 'facts');

it('the hash of a row is of all that it says and of the row before it, in whatever order', () => {
  const content = sha256('{"a":1,"seq":2}');
  expect(hashContent({ seq: 2, a: 1 })).toBe(content);
  expect(hashContent({ a: 1, seq: 2, prev: 'p', hash: 'h' })).toBe(content);
  expect(hashEntry({ a: 1, seq: 2, prev: 'p', hash: 'h' } as { prev: string })).toBe(sha256(`p${content}`));
  expect(GENESIS).toMatch(/^0{64}$/);
});

eachDatabase((name, open) => {
  it('each entry is chained to the one before, and the head names the last', async () => {
    const { db } = await open();
    expect(await db.transaction().execute((tx) => append(tx, TENANT, 'facts', []))).toEqual([]);
    expect(await db.selectFrom('ledger_heads').selectAll().execute()).toEqual([]);
    const [first, second] = await put(db, 2);
    const [third] = await put(db, 1);
    expect(await put(db, 1, 'ten_b')).toMatchObject([{ tenant: 'ten_b', seq: 1, prev: GENESIS }]);
    await db.transaction().execute((tx) => append(tx, TENANT, 'audit', [auditEntry(), auditEntry()]));
    expect([first, second, third]).toMatchObject([
      { tenant: TENANT, seq: 1, prev: GENESIS },
      { seq: 2, prev: first?.hash },
      { seq: 3, prev: second?.hash },
    ]);
    expect(await db.selectFrom('facts').selectAll().where('tenant', '=', TENANT).orderBy('seq').execute()).toEqual([first, second, third]);
    const heads = await db.selectFrom('ledger_heads').selectAll().where('tenant', '=', TENANT).where('ledger', '=', 'facts').execute();
    expect(heads).toEqual([{ tenant: TENANT, ledger: 'facts', seq: 3, hash: third?.hash }]);
    expect(await db.transaction().execute((tx) => lockLedger(tx, TENANT, 'facts'))).toEqual({ seq: 3, hash: third?.hash });
    expect(await db.transaction().execute((tx) => lockLedger(tx, TENANT, 'touches'))).toEqual({ seq: 0, hash: GENESIS });
    expect(await verify(db)).toEqual({ ok: true, entries: 3, head: third?.hash });
    expect(await verifyLedger(db, TENANT, 'audit')).toMatchObject({ ok: true, entries: 2 });
  });

  it('whoever is first at once with others begins one chain', async () => {
    const { db, peers } = await open();
    await Promise.all(peers(4).map((peer) => put(peer, 2)));
    expect(await verify(db)).toMatchObject({ ok: true, entries: 8 });
  });

  it('more entries than one statement takes are one chain, checked page by page', async () => {
    const { db } = await open();
    await put(db, 2001);
    const pages: number[] = [];
    expect(await verifyLedger(db, TENANT, 'facts', (seq) => pages.push(seq))).toMatchObject({ ok: true, entries: 2001 });
    expect(await verify(db)).toMatchObject({ ok: true, entries: 2001 });
    expect(pages).toEqual([1000, 2000]);
  });

  it('what is added is written once, however often somebody writes', async () => {
    const { db } = await open();
    const added = await db.transaction().execute(async (tx) => {
      const ledger = await openLedger(tx, TENANT, 'facts');
      const first = ledger.add(fact());
      await ledger.write();
      await ledger.write();
      const others = [ledger.add(fact()), ledger.add(fact())];
      await ledger.write();
      return [first, ...others];
    });
    expect(await db.selectFrom('facts').selectAll().where('tenant', '=', TENANT).orderBy('seq').execute()).toEqual(added);
    expect(await verify(db)).toMatchObject({ ok: true, entries: 3 });
  });

  it('what is wrong is told, at its place', async () => {
    const { db } = await open();
    const rows = await put(db, 4);
    await put(db, 6, 'ten_b');
    await dropGuards(db, 'facts');
    const at = (seq: number) => db.updateTable('facts').where('tenant', '=', TENANT).where('seq', '=', seq);
    const restore = async () => {
      await db.deleteFrom('facts').where('tenant', '=', TENANT).execute();
      // The other way round: the order of entries is that of their places, not that of writing.
      await db.insertInto('facts').values(rows.toReversed()).execute();
      expect(await verify(db)).toMatchObject({ ok: true });
    };
    const head = (set: { seq?: number; hash?: string }) => db.updateTable('ledger_heads').set(set).where('tenant', '=', TENANT).execute();
    await at(2).set({ why: 'Another reason.' }).execute();
    expect(await verify(db)).toEqual({ ok: false, seq: 2, say: 'Entry 2 was changed after it was written.' });
    await restore();
    await at(3).set({ prev: GENESIS }).execute();
    expect(await verify(db)).toEqual({ ok: false, seq: 3, say: 'Entry 3 does not follow from the one before it.' });
    await restore();
    await db.deleteFrom('facts').where('tenant', '=', TENANT).where('seq', '=', 2).execute();
    expect(await verify(db)).toEqual({ ok: false, seq: 2, say: 'Entry 2 is missing.' });
    await restore();
    await db.deleteFrom('facts').where('tenant', '=', TENANT).where('seq', '=', 4).execute();
    expect(await verify(db)).toEqual({ ok: false, seq: 4, say: 'The ledger ends at entry 3, its head names entry 4.' });
    await restore();
    await head({ seq: 3, hash: rows[2]?.hash ?? '' });
    expect(await verify(db)).toEqual({ ok: false, seq: 5, say: 'The ledger ends at entry 4, its head names entry 3.' });
    await head({ seq: 4, hash: rows[2]?.hash ?? '' });
    expect(await verify(db)).toEqual({ ok: false, seq: 5, say: 'The ledger ends at entry 4, its head names entry 4.' });
    await db.deleteFrom('ledger_heads').where('tenant', '=', TENANT).execute();
    expect(await verify(db)).toMatchObject({ ok: false, seq: 5, say: 'The ledger ends at entry 4, its head names entry 0.' });
  });

  // On SQLite whoever reads and whoever writes share a connection.
  if (name === 'PostgreSQL')
    it('an entry that comes between the last page and the head is no fault', async () => {
      const { db, peers } = await open();
      const [other = db] = peers(1);
      await put(db, 2);
      let comes = true;
      const between: KyselyPlugin = {
        transformQuery: ({ node }) => node,
        async transformResult({ result }) {
          if (comes) {
            comes = false;
            await put(other, 1);
          }
          return result;
        },
      };
      expect(await verify(db.withPlugin(between))).toMatchObject({ ok: true, entries: 3 });
      expect(comes).toBe(false);
    });

  if (name === 'PostgreSQL')
    it('whoever appends is alone until the end of its transaction', async () => {
      const { db, peers } = await open();
      await put(db, 1);
      const [one = db, other = db] = peers(2);
      let ended = false;
      const holding = one.transaction().execute(async (tx) => {
        await lockLedger(tx, TENANT, 'facts');
        await new Promise((resolve) => setTimeout(resolve, 300));
        ended = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await put(other, 1);
      expect(ended).toBe(true);
      await holding;
    });
});
