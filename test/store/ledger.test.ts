import { CompiledQuery } from 'kysely';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { append, GENESIS, hashEntry, verifyLedger } from '#store/ledger';
import { LEDGERS } from '#store/ledger-schema';
import { eachDatabase } from './databases.ts';
import { elsewhere } from './elsewhere.ts';
import { attributionEntry, auditEntry, consentEntry, dropGuards, fact, NOW, putAccount, receipt, touchEntry } from './fixtures.ts';

const ENTRIES = { facts: fact, receipts: () => receipt('eff_1'), audit: auditEntry, consents: consentEntry, touches: touchEntry, attributions: attributionEntry };
const TENANT: TenantId = 'ten_a';

const put = (db: Db, tenant: TenantId, count: number) =>
  db.transaction().execute((tx) =>
    append(
      tx,
      tenant,
      'facts',
      Array.from({ length: count }, () => fact()),
    ),
  );
const raw = (db: Db, statement: string) => db.executeQuery(CompiledQuery.raw(statement));

eachDatabase((name, open) => {
  it('a ledger that is written while it is verified holds', async () => {
    const { db } = await open();
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 60; round++) await put(db, TENANT, 1);
      writing = false;
    })();
    const checks: boolean[] = [];
    while (writing) checks.push((await verifyLedger(db, TENANT, 'facts')).ok);
    await writer;
    expect(new Set(checks)).toEqual(new Set([true]));
  });

  it.each(LEDGERS)('%s chain by hash, each tenant by itself, from the same beginning', async (ledger) => {
    const { db } = await open();
    for (const tenant of ['ten_a', 'ten_b', 'ten_a'] as const) {
      await db.transaction().execute((tx) => append(tx, tenant, ledger, [ENTRIES[ledger](), ENTRIES[ledger]()] as never));
    }
    for (const [tenant, count] of [
      ['ten_a', 4],
      ['ten_b', 2],
    ] as const) {
      const rows = await db.selectFrom(ledger).selectAll().where('tenant', '=', tenant).orderBy('seq').execute();
      expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, place) => place + 1));
      expect(rows.map(({ prev }) => prev)).toEqual([GENESIS, ...rows.slice(0, -1).map(({ hash }) => hash)]);
      expect(rows.map(hashEntry)).toEqual(rows.map(({ hash }) => hash));
      expect(await verifyLedger(db, tenant, ledger)).toEqual({ ok: true, entries: count, head: rows.at(-1)?.hash });
    }
  });

  it('an empty ledger is whole', async () => {
    const { db } = await open();
    expect(await verifyLedger(db, TENANT, 'facts')).toEqual({ ok: true, entries: 0, head: GENESIS });
  });

  it('a ledger of several pages is checked page by page', async () => {
    const { db } = await open();
    for (let times = 0; times < 3; times++) await put(db, TENANT, 700);
    const pages: number[] = [];
    expect(await verifyLedger(db, TENANT, 'facts', (seq) => pages.push(seq))).toMatchObject({ ok: true, entries: 2100 });
    expect(pages).toEqual([1000, 2000]);
  });

  it('what a transaction took back is not in the ledger, and the next entry takes its place', async () => {
    const { db } = await open();
    await put(db, TENANT, 1);
    await expect(
      db.transaction().execute(async (tx) => {
        await append(tx, TENANT, 'facts', [fact()]);
        throw new Error('taken back');
      }),
    ).rejects.toThrow('taken back');
    const [row] = await put(db, TENANT, 1);
    expect(row?.seq).toBe(2);
    expect(await verifyLedger(db, TENANT, 'facts')).toMatchObject({ ok: true, entries: 2 });
  });

  it('appenders at once never fork a chain, even its first entry', async () => {
    const { db, peers } = await open();
    await Promise.all(peers(6).flatMap((peer) => [put(peer, TENANT, 3), put(peer, TENANT, 1), put(peer, 'ten_b', 2)]));
    expect(await verifyLedger(db, TENANT, 'facts')).toMatchObject({ ok: true, entries: 24 });
    expect(await verifyLedger(db, 'ten_b', 'facts')).toMatchObject({ ok: true, entries: 12 });
  });

  it('nor do appenders in several processes', async () => {
    const { db, address } = await open();
    await Promise.all([1, 2].map(() => elsewhere<number>('append', address, { tenant: TENANT, times: 40 })));
    expect(await verifyLedger(db, TENANT, 'facts')).toMatchObject({ ok: true, entries: 160 });
  });

  it.each(LEDGERS)('the database refuses to change, remove, replace or empty %s', async (ledger) => {
    const { db } = await open();
    await db.transaction().execute((tx) => append(tx, TENANT, ledger, [ENTRIES[ledger](), ENTRIES[ledger]()] as never));
    const attempts = [`update ${ledger} set id = 'other'`, `update ${ledger} set hash = hash`, `delete from ${ledger} where seq = 2`, `delete from ${ledger}`];
    attempts.push(name === 'SQLite' ? `insert or replace into ${ledger} select * from ${ledger}` : `truncate ${ledger}`);
    for (const attempt of attempts) await expect(raw(db, attempt), attempt).rejects.toThrow(`${ledger} is append-only`);
    expect(await verifyLedger(db, TENANT, ledger)).toMatchObject({ ok: true, entries: 2 });
  });

  it('whatever text an entry holds, it is read back as it was hashed', async () => {
    const { db } = await open();
    let tenants = 0;
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ why: text, deal: fc.option(text), data: fc.json(), at: fc.maxSafeNat() }), { minLength: 1, maxLength: 4 }), async (entries) => {
        const tenant: TenantId = `ten_${tenants++}`;
        await db.transaction().execute((tx) => append(tx, tenant, 'facts', entries.map(fact)));
        expect(await verifyLedger(db, tenant, 'facts')).toMatchObject({ ok: true, entries: entries.length });
      }),
      { numRuns: 40 },
    );
  });

  it('once the guards are gone, every change, removal, swap and truncation is found, at its place', async () => {
    const { db } = await open();
    await putAccount(db);
    await db.transaction().execute((tx) =>
      append(
        tx,
        TENANT,
        'facts',
        Array.from({ length: 5 }, (_, place) => fact({ at: NOW + place, deal: `deal-${place}`, notice: `ntc_${place}`, why: `It is ${place}.`, data: `{"n":${place}}` })),
      ),
    );
    await dropGuards(db, 'facts');
    const entries = await db.selectFrom('facts').selectAll().orderBy('seq').execute();
    const restore = async () => {
      await db.deleteFrom('facts').execute();
      await db.insertInto('facts').values(entries).execute();
    };
    const place = fc.integer({ min: 1, max: 5 });
    const column = fc.constantFrom('id', 'type', 'correlation', 'notice', 'deal', 'data', 'outcome', 'why', 'prev', 'hash');
    const meddling = fc.oneof(
      fc.record({ how: fc.constant('change' as const), seq: place, column, at: fc.nat(), bit: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ how: fc.constant('date' as const), seq: place, by: fc.integer({ min: 1, max: 1000 }) }),
      fc.record({ how: fc.constant('remove' as const), seq: place }),
      fc.record({ how: fc.constant('swap' as const), seq: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ how: fc.constant('truncate' as const), seq: place }),
      fc.record({ how: fc.constant('add' as const), seq: fc.constant(6) }),
    );
    await fc.assert(
      fc.asyncProperty(meddling, async (change) => {
        const { seq } = change;
        const row = entries[seq - 1];
        const other = entries[seq];
        const at = (one: number) => db.updateTable('facts').where('tenant', '=', TENANT).where('seq', '=', one);
        if (change.how === 'change' && row) {
          const bytes = Buffer.from(String(row[change.column as keyof typeof row]));
          const index = change.at % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ (1 << change.bit);
          await at(seq)
            .set({ [change.column]: bytes.toString('latin1') })
            .execute();
        } else if (change.how === 'date' && row)
          await at(seq)
            .set({ at: row.at + change.by })
            .execute();
        else if (change.how === 'remove') await db.deleteFrom('facts').where('seq', '=', seq).execute();
        else if (change.how === 'truncate') await db.deleteFrom('facts').where('seq', '>=', seq).execute();
        else if (change.how === 'add' && entries[0])
          await db
            .insertInto('facts')
            .values({ ...entries[0], seq })
            .execute();
        else if (row && other) {
          await at(seq)
            .set({ ...other, seq: 99 })
            .execute();
          await at(seq + 1)
            .set({ ...row, seq: seq + 1 })
            .execute();
          await at(99).set({ seq }).execute();
        }
        const check = await verifyLedger(db, TENANT, 'facts');
        await restore();
        expect(check).toMatchObject({ ok: false, seq });
      }),
      { numRuns: 150 },
    );
    expect(await verifyLedger(db, TENANT, 'facts')).toMatchObject({ ok: true, entries: 5 });
  });

  it('a chain that was written anew is found by the head that somebody kept', async () => {
    const { db } = await open();
    await put(db, TENANT, 3);
    const kept = await verifyLedger(db, TENANT, 'facts');
    await dropGuards(db, 'facts');
    await db.deleteFrom('facts').execute();
    await db.deleteFrom('ledger_heads').execute();
    await put(db, TENANT, 3);
    const now = await verifyLedger(db, TENANT, 'facts');
    expect(now).toMatchObject({ ok: true, entries: 3 });
    expect(now).not.toEqual(kept);
  });
});
