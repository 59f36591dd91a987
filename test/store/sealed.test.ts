import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '#lib/clock';
import { projectFile, projectRoot } from '#lib/root';
import { createSealer, sealedUnder } from '#lib/seal';
import type { Db } from '#store/database';
import { putEndpoint } from '#store/endpoints';
import { ensurePerson, erasePeople, openPersonal, sealPersonal } from '#store/people';
import { countSealed, findSealed, PLACES, rewrapBatch, SEALED_COLUMNS } from '#store/sealed';
import { rewrap } from '#flow/rewrap';
import { eachDatabase } from './databases.ts';
import { ADA, BEN, NOW, putAccount, putEnvelope, sealer as old } from './fixtures.ts';

const fresh = createSealer(Buffer.alloc(32, 9), { others: [Buffer.alloc(32, 7)], lookupKey: old.lookupKey });
const alone = createSealer(Buffer.alloc(32, 9));
/** Columns of the schema that a person's own key seals, and so the root key does not. */
const UNDER_PERSONS = ['RecipientsTable.personal', 'CapturePostsTable.personal', 'ConsentPersonalTable.personal'];

it('every column that is typed as sealed is sealed anew when keys rotate, or is under a key that is', () => {
  const sources = readdirSync(join(projectRoot, 'src/store')).filter((file) => file.endsWith('schema.ts'));
  const text = sources.map((file) => projectFile(`src/store/${file}`)).join('\n');
  const tables = new Map([...text.matchAll(/^ {2}(\w+): (\w+Table);$/gm)].map(([, name = '', type = '']) => [type, name]));
  const typed = [...text.matchAll(/interface (\w+Table)[^{]*\{([\s\S]*?)\n\}/g)].flatMap(([, type = '', body = '']) =>
    [...body.matchAll(/^ {2}(\w+): Sealed\b/gm)].map(([, column = '']) => ({ type, column })),
  );
  expect(typed.length).toBeGreaterThan(8);
  const known = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`);
  const missed = typed.filter(({ type, column }) => !UNDER_PERSONS.includes(`${type}.${column}`) && !known.includes(`${tables.get(type) ?? type}.${column}`));
  expect(missed).toEqual([]);
});

/** A value in every column, sealed under the old key; people in number. */
async function furnish(db: Db, people: number) {
  const account = await putAccount(db);
  const { tenant, crm } = account;
  const tokens = old.seal('the tokens', PLACES.tokens(tenant, crm.id));
  await db
    .updateTable('installs')
    .set({ tokens, webhook_keys: old.seal('["key"]', PLACES.webhookKeys(tenant, crm.id)) })
    .where('id', '=', crm.id)
    .execute();
  const given = { url: 'https://example.com/hook', events: [], description: '', createdBy: 'a test' };
  const endpoint = await db.transaction().execute((tx) => putEndpoint(tx, tenant, given, (id) => old.seal('a secret', PLACES.endpointSecret(tenant, id)), NOW));
  await db
    .updateTable('endpoints')
    .set({ old_secret: old.seal('an old secret', PLACES.endpointSecret(tenant, endpoint.id)), old_until: NOW })
    .where('id', '=', endpoint.id)
    .execute();
  const state = { state_hash: 'a-hash', vendor: 'a-crm', login: null, tenant, operator: 0 as const, browser_hash: '', expires_at: NOW };
  await db
    .insertInto('oauth_states')
    .values({ ...state, verifier: old.seal('a verifier', PLACES.verifier('a-hash')) })
    .execute();
  for (const [id, retired_at] of [
    ['in-use', null],
    ['retired', NOW],
  ] as const)
    await db
      .insertInto('signing_keys')
      .values({ id, public_key: 'pem', private_key: old.seal('private', PLACES.signingKey(id)), made_at: NOW, retired_at })
      .execute();
  await db
    .insertInto('settings')
    .values([
      { name: 'lookup-key', value: old.seal('look', PLACES.lookupKey('lookup-key')) },
      { name: 'mode', value: 'live' },
    ])
    .execute();
  await putEnvelope(db, account, [ADA, BEN]);
  await db.transaction().execute(async (tx) => {
    for (let number = 2; number < people; number++) await sealPersonal(tx, old, tenant, { name: 'Example', email: `p${number}@example.com` });
  });
  return account;
}

eachDatabase((_name, open) => {
  it('every sealed value can be sealed anew under the current key, batch by batch, and then the older key opens nothing', async () => {
    const { db } = await open();
    const { tenant } = await furnish(db, 25);
    const before = await countSealed(db);
    expect([...new Set(before.map(({ name }) => name))].sort()).toEqual(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort());
    expect(new Set(before.map(({ key }) => key))).toEqual(new Set([old.current]));

    const told: string[] = [];
    const result = await rewrap({ db, sealer: fresh, clock: systemClock }, { batch: 4, tell: ({ table }) => told.push(table) });
    expect(result).toEqual({ done: before.reduce((sum, { count }) => sum + count, 0), closed: 0 });
    expect(told.filter((table) => table === 'persons').length).toBeGreaterThan(4);
    expect(await countSealed(db)).toEqual(before.map((use) => ({ ...use, key: fresh.current })));
    expect(await findSealed(db, old.current)).toBeUndefined();
    expect(await rewrap({ db, sealer: fresh, clock: systemClock })).toEqual({ done: 0, closed: 0 });

    const rows = await db.selectFrom('recipients').select(['person', 'personal']).where('tenant', '=', tenant).orderBy('position').execute();
    expect(await openPersonal(db, alone, tenant, rows)).toEqual([ADA, BEN].map(({ name, email }) => ({ name, email })));
    const install = await db.selectFrom('installs').selectAll().where('tokens', 'is not', null).where('webhook_keys', 'is not', null).executeTakeFirstOrThrow();
    expect(alone.open(install.tokens ?? '', PLACES.tokens(tenant, install.id))).toBe('the tokens');
    expect(() => alone.open(install.tokens ?? '', PLACES.webhookKeys(tenant, install.id))).toThrow();
  });

  it('nobody becomes a second person by it', async () => {
    const { db } = await open();
    const { tenant } = await furnish(db, 3);
    const asked = (sealer: typeof old) => db.transaction().execute((tx) => ensurePerson(tx, sealer, tenant, ADA.email));
    const { id } = await asked(old);
    await rewrap({ db, sealer: fresh, clock: systemClock });
    expect((await asked(fresh)).id).toBe(id);
    expect((await asked(createSealer(Buffer.alloc(32, 9), { lookupKey: old.lookupKey }))).id).toBe(id);
  });

  it('what changes meanwhile is left as it was changed: a token that was refreshed, a person who was erased', async () => {
    const { db, peers } = await open();
    const account = await furnish(db, 80);
    const { tenant, crm } = account;
    const [, other = db] = peers(2);
    const working = rewrap({ db, sealer: fresh, clock: systemClock }, { batch: 3 });
    let last = '';
    for (let turn = 0; turn < 20; turn++) {
      last = (turn % 2 === 0 ? old : fresh).seal(`token ${turn}`, PLACES.tokens(tenant, crm.id));
      await other.updateTable('installs').set({ tokens: last }).where('id', '=', crm.id).execute();
    }
    await other.transaction().execute((tx) => erasePeople(tx, fresh, tenant, ADA.contact ?? '', NOW));
    expect((await working).closed).toBe(0);
    const kept = await db.selectFrom('installs').select('tokens').where('id', '=', crm.id).executeTakeFirstOrThrow();
    expect(fresh.open(kept.tokens ?? '', PLACES.tokens(tenant, crm.id))).toBe('token 19');
    const [erased] = await db.selectFrom('persons').select('key').where('erased_at', 'is not', null).execute();
    expect(erased).toEqual({ key: null });
  });

  it('a value that no key at hand opens is left and counted', async () => {
    const { db } = await open();
    const { tenant, crm } = await furnish(db, 3);
    const strange = createSealer(Buffer.alloc(32, 1)).seal('lost', PLACES.tokens(tenant, crm.id));
    await db.updateTable('installs').set({ tokens: strange }).where('id', '=', crm.id).execute();
    const column = SEALED_COLUMNS.find((one) => one.column === 'tokens');
    if (!column) throw new Error('Tokens are sealed.');
    expect(await rewrapBatch(db, fresh, column, null, 10)).toEqual({ after: null, done: 0, closed: 1 });
    expect((await rewrap({ db, sealer: fresh, clock: systemClock })).closed).toBe(1);
    expect(await findSealed(db, sealedUnder(strange))).toEqual({ name: 'installs.tokens', key: sealedUnder(strange) });
  });

  it('a signing key can be sealed anew, and nothing else of it can change', async () => {
    const { db } = await open();
    await furnish(db, 2);
    const change = (set: Record<string, unknown>, id = 'in-use') => db.updateTable('signing_keys').set(set).where('id', '=', id).execute();
    await change({ private_key: fresh.seal('private', PLACES.signingKey('in-use')) });
    for (const [set, id] of [
      [{ private_key: 'in plain' }],
      [{ public_key: 'other' }],
      [{ id: 'other' }],
      [{ retired_at: null }, 'retired'],
      [{ retired_at: NOW + 1 }, 'retired'],
    ] as const)
      await expect(change(set, id)).rejects.toThrow('only ever retired');
    await change({ retired_at: NOW });
  });
});
