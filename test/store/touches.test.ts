import { expect, it } from 'vitest';
import { newId } from '#lib/ids';
import type { PersonId, TenantId } from '#core/ids';
import type { Touchpoint } from '#core/touch';
import type { Db } from '#store/database';
import { verifyLedger } from '#store/ledger';
import { keepTouches, listTouches, recordTouches, touchesOf } from '#store/touches';
import { eachDatabase } from './databases.ts';
import { NOW, putAccount } from './fixtures.ts';

const TENANT: TenantId = 'ten_a';
const ADA: PersonId = 'per_ada';
const LATER = NOW + 1_000_000;
const touch = (minutes: number, source: string): Touchpoint => ({ at: NOW - minutes * 60_000, source });
const record = (db: Db, person: PersonId, ...touches: Touchpoint[]) => db.transaction().execute((tx) => recordTouches(tx, TENANT, person, touches, 'capture', NOW));
const sources = async (db: Db, person: PersonId, until = LATER) => (await touchesOf(db, TENANT, person, until)).map(({ source }) => source);

eachDatabase((_name, open) => {
  it('what is told again, in whatever company, adds nothing', async () => {
    const { db } = await open();
    expect(await record(db, ADA, touch(3, 'mail'), touch(2, 'search'), touch(3, 'mail'))).toHaveLength(2);
    expect(await record(db, ADA, touch(1, 'direct'), touch(2, 'search'))).toHaveLength(1);
    expect(await db.transaction().execute((tx) => recordTouches(tx, TENANT, ADA, [touch(3, 'mail')], 'script', NOW + 5))).toEqual([]);
    expect(await sources(db, ADA)).toEqual(['mail', 'search', 'direct']);
    expect(await record(db, 'per_ben', touch(3, 'mail'))).toHaveLength(1);
    expect(await sources(db, ADA, NOW - 2 * 60_000)).toEqual(['mail', 'search']);
  });

  it('told at the same time by several, each is kept once', async () => {
    const database = await open();
    const peers = database.peers(4);
    const some = Array.from({ length: 20 }, (_, index) => touch(index, `source ${index}`));
    await Promise.all(peers.map((db) => record(db, ADA, ...some)));
    expect(await touchesOf(database.db, TENANT, ADA, LATER)).toHaveLength(20);
    expect(await verifyLedger(database.db, TENANT, 'touches')).toMatchObject({ ok: true, entries: 20 });
  });

  it('a thousand of one person are all kept, in order, and found by id', async () => {
    const { db } = await open();
    const thousand = Array.from({ length: 1000 }, (_, index) => touch(1000 - index, `source ${index}`));
    for (let from = 0; from < 1000; from += 200) await record(db, ADA, ...thousand.slice(from, from + 200).reverse());
    const found = await touchesOf(db, TENANT, ADA, LATER);
    expect(found.map(({ source }) => source)).toEqual(thousand.map(({ source }) => source));
    expect(
      await listTouches(
        db,
        TENANT,
        found.map(({ id }) => id),
      ),
    ).toEqual(found);
    expect(await verifyLedger(db, TENANT, 'touches')).toMatchObject({ ok: true, entries: 1000 });
  });

  it('a touchpoint without a time stays where it was first read, and an earlier reading of somebody who turns out to be the same person counts', async () => {
    const { db } = await open();
    const undated = (minutes: number): Touchpoint => ({ ...touch(minutes, 'PAID_SEARCH'), dated: false });
    expect(await record(db, ADA, undated(5))).toHaveLength(1);
    expect(await record(db, ADA, undated(3))).toEqual([]);
    expect(await record(db, ADA, undated(9))).toHaveLength(1);
    expect(await record(db, ADA, undated(9))).toEqual([]);
    expect((await touchesOf(db, TENANT, ADA, LATER)).map(({ at }) => at)).toEqual([NOW - 9 * 60_000, NOW - 5 * 60_000]);
  });

  it('a contact that becomes another person takes its touchpoints along, and leaves them where they were', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    const [old, fresh] = [newId('per', NOW), newId('per', NOW)];
    const keep = (person: PersonId) => db.transaction().execute((tx) => keepTouches(tx, tenant, { install: crm.id, contact: '501', person }, NOW));
    const tell = (person: PersonId, ...touches: Touchpoint[]) => db.transaction().execute((tx) => recordTouches(tx, tenant, person, touches, 'capture', NOW));
    const said = async (person: PersonId) => (await touchesOf(db, tenant, person, LATER)).map(({ source, at }) => `${source ?? ''} ${at}`);
    await tell(old, touch(9, 'webinar'));
    await keep(old);
    await tell(fresh, touch(4, 'mail'));
    const before = await db.selectFrom('touches').selectAll().orderBy('seq').execute();
    await keep(fresh);
    await keep(fresh);
    expect(await said(fresh)).toEqual([`webinar ${NOW - 9 * 60_000}`, `mail ${NOW - 4 * 60_000}`]);
    expect(await said(old)).toEqual([`webinar ${NOW - 9 * 60_000}`]);
    expect((await db.selectFrom('touches').selectAll().orderBy('seq').execute()).slice(0, 2)).toEqual(before);
  });
});
