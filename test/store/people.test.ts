import { expect, it } from 'vitest';
import { createSealer } from '#lib/seal';
import type { Db } from '#store/database';
import { append, verifyLedger } from '#store/ledger';
import { getEnvelope } from '#store/envelopes';
import { erasePeople, openPersonal, sealPersonal } from '#store/people';
import { eachDatabase } from './databases.ts';
import { ADA, BEN, dump, fact, NOW, notice, putAccount, putEnvelope, sealer, type Account } from './fixtures.ts';

const people = async (db: Db, { tenant }: Account, id: `env_${string}`) => openPersonal(db, sealer, tenant, (await getEnvelope(db, tenant, id)).recipients);
const erase = (db: Db, { tenant }: Account, contact: string | null) => db.transaction().execute((tx) => erasePeople(tx, sealer, tenant, contact ?? '', NOW));

const NAMED = /(Ada|Ben|A\.) Example|@example/i;

/** A fact about an envelope that a webhook told, with the body that names its recipients. */
async function hear(db: Db, { tenant, sign }: Account, envelope: `env_${string}`, body: string, headers = '{"x-signer":"ada@example.com"}') {
  const delivery = `dlv_${body.length}${envelope}` as const;
  await db
    .insertInto('deliveries')
    .values({ id: delivery, vendor: 'a-signer', received_at: NOW, headers, body: Buffer.from(body), fault: null })
    .execute();
  const told = notice(sign, delivery, { delivery, state: 'done', payload: body });
  await db.insertInto('inbox').values(told).execute();
  await db.transaction().execute((tx) => append(tx, tenant, 'facts', [fact({ notice: told.id, envelope })]));
}

eachDatabase((_name, open) => {
  it('a person is sealed under a key of their own, found again by their address however it is written, and opens only here', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const first = await putEnvelope(db, account, [ADA, BEN]);
    const second = await putEnvelope(db, account, [{ ...ADA, email: ' Ada@Example.COM ', name: 'A. Example', contact: null }]);
    expect(await people(db, account, first)).toEqual([
      { name: ADA.name, email: ADA.email },
      { name: BEN.name, email: BEN.email },
    ]);
    expect(await people(db, account, second)).toEqual([{ name: 'A. Example', email: ' Ada@Example.COM ' }]);
    expect(await db.selectFrom('persons').selectAll().execute()).toHaveLength(2);
    expect((await dump(db)).filter((line) => !line.startsWith('envelopes') && NAMED.test(line))).toEqual([]);
    const { recipients } = await getEnvelope(db, account.tenant, first);
    await expect(openPersonal(db, createSealer(Buffer.alloc(32, 8)), account.tenant, recipients)).rejects.toThrow();
    const [ada, ben] = recipients;
    if (!ada || !ben) throw new Error('There are two recipients.');
    await expect(openPersonal(db, sealer, account.tenant, [{ person: ben.person, personal: ada.personal }])).rejects.toThrow();
    expect(await openPersonal(db, sealer, account.tenant, [])).toEqual([]);
  });

  it('a person whom several meet for the first time at once is one person', async () => {
    const { db, peers } = await open();
    const { tenant } = await putAccount(db);
    const sealed = await Promise.all(peers(5).map((peer) => peer.transaction().execute((tx) => sealPersonal(tx, sealer, tenant, { name: 'Ada', email: 'ada@example.com' }))));
    expect(new Set(sealed.map(({ person }) => person)).size).toBe(1);
    expect(await openPersonal(db, sealer, tenant, sealed)).toEqual(sealed.map(() => ({ name: 'Ada', email: 'ada@example.com' })));
  });

  it('the same address is another person for another tenant, by another hash', async () => {
    const { db } = await open();
    for (const account of [await putAccount(db), await putAccount(db)]) await putEnvelope(db, account, [ADA]);
    const persons = await db.selectFrom('persons').selectAll().execute();
    expect(new Set(persons.map(({ email_hash }) => email_hash)).size).toBe(2);
  });

  it('erasure takes all that can be read of a person, in every envelope, and leaves the others and the ledger whole', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const signed = await putEnvelope(db, account, [ADA, BEN], { reason: 'Ada says no' });
    const other = await putEnvelope(db, account, [{ ...ADA, contact: null }]);
    const benOnly = await putEnvelope(db, account, [BEN]);
    for (const envelope of [signed, other]) await hear(db, account, envelope, `{"signer":"Ada Example","email":"ada@example.com","of":"${envelope}"}`);
    await hear(db, account, benOnly, '{"signer":"Ben Example"}', '{}');
    const ledger = await verifyLedger(db, account.tenant, 'facts');

    expect(await erase(db, account, ADA.contact)).toBe(1);

    expect(await people(db, account, signed)).toEqual([null, { name: BEN.name, email: BEN.email }]);
    expect(await people(db, account, other)).toEqual([null]);
    expect(await people(db, account, benOnly)).toEqual([{ name: BEN.name, email: BEN.email }]);
    const bodies = await db.selectFrom('deliveries').selectAll().execute();
    expect(bodies.flatMap(({ body }) => (body ? Buffer.from(body).toString() : []))).toEqual(['{"signer":"Ben Example"}']);
    expect((await dump(db)).filter((line) => /Ada|ada@example/.test(line))).toEqual([]);
    expect(await db.selectFrom('persons').selectAll().where('erased_at', 'is not', null).execute()).toMatchObject([{ key: null, email_hash: null, erased_at: NOW }]);
    expect(await verifyLedger(db, account.tenant, 'facts')).toEqual(ledger);
  });

  it('what was sealed for the erased stays closed, even where a copy was kept', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const id = await putEnvelope(db, account, [ADA]);
    const { recipients } = await getEnvelope(db, account.tenant, id);
    await erase(db, account, ADA.contact);
    expect(await openPersonal(db, sealer, account.tenant, recipients)).toEqual([null]);
  });

  it('a person who comes back after their erasure is another person', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await putEnvelope(db, account, [ADA]);
    await erase(db, account, ADA.contact);
    const again = await putEnvelope(db, account, [ADA]);
    expect(await people(db, account, again)).toEqual([{ name: ADA.name, email: ADA.email }]);
    expect(await db.selectFrom('persons').selectAll().execute()).toHaveLength(2);
  });

  it('erasure touches no other tenant, though contact and address are the same, and nobody where nobody is known', async () => {
    const { db } = await open();
    const [a, b] = [await putAccount(db), await putAccount(db)];
    const theirs = await putEnvelope(db, b, [ADA]);
    await hear(db, b, theirs, '{"signer":"Ada Example"}');
    const before = await dump(db);
    await putEnvelope(db, a, [ADA]);
    expect(await erase(db, a, ADA.contact)).toBe(1);
    expect(await erase(db, a, 'nobody')).toBe(0);
    expect((await dump(db)).filter((line) => line.includes(b.tenant))).toEqual(before.filter((line) => line.includes(b.tenant)));
    expect(await people(db, b, theirs)).toEqual([{ name: ADA.name, email: ADA.email }]);
  });
});
