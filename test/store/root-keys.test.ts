import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { manualClock, systemClock } from '#lib/clock';
import { createSealer, derivedLookupKey, keyIdOf } from '#lib/seal';
import { rewrap } from '#flow/rewrap';
import { ensurePerson } from '#store/people';
import { listRootKeys, PLACES } from '#store/sealed';
import { ConfigError } from '#src/config';
import { fromFile } from '#src/key-sources';
import { findInFiles, openSealer, type RootKey } from '#src/root-keys';
import { eachDatabase } from './databases.ts';
import { ADA, NOW, putAccount } from './fixtures.ts';

const [FIRST, SECOND, THIRD] = ['first', 'second', 'third'].map((where, index): RootKey => ((key) => ({ id: keyIdOf(key), key, where }))(Buffer.alloc(32, 20 + index))) as [
  RootKey,
  RootKey,
  RootKey,
];
const started = { fresh: false, now: NOW };

eachDatabase((_name, open) => {
  it('a wrong key, or a missing one, is told at the start, with the names of both', async () => {
    const { db } = await open();
    await openSealer(db, [FIRST], { fresh: true, now: NOW });
    await expect(openSealer(db, [SECOND], started)).rejects.toThrow(ConfigError);
    await expect(openSealer(db, [SECOND], started)).rejects.toThrow(`sealed under the root key ${FIRST.id} (in settings.value), and the server was started with ${SECOND.id}`);
    expect(await listRootKeys(db)).toEqual([{ id: FIRST.id, first_used_at: NOW }]);
    await openSealer(db, [FIRST], started);
  });

  it('of a database from before keys were written down, too', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    const tokens = createSealer(FIRST.key).seal('the tokens', PLACES.tokens(tenant, crm.id));
    await db.updateTable('installs').set({ tokens }).where('id', '=', crm.id).execute();
    await expect(openSealer(db, [SECOND], started)).rejects.toThrow(FIRST.id);
    expect((await openSealer(db, [SECOND, FIRST], started)).open(tokens, PLACES.tokens(tenant, crm.id))).toBe('the tokens');
  });

  it('an old key can be taken away once it holds nothing, and not before', async () => {
    const { db } = await open();
    await openSealer(db, [FIRST], { fresh: true, now: NOW });
    const sealer = await openSealer(db, [SECOND, FIRST], started);
    await expect(openSealer(db, [SECOND], started)).rejects.toThrow(FIRST.id);
    await rewrap({ db, sealer, clock: systemClock });
    await openSealer(db, [SECOND], started);
    expect((await listRootKeys(db)).map(({ id }) => id)).toEqual([SECOND.id]);
    await expect(openSealer(db, [FIRST], started)).rejects.toThrow(SECOND.id);
  });

  it('people are found again under every key that comes later: in a fresh database, and in one that looked them up by what its root key gave', async () => {
    const fresh = await open();
    const old = await open();
    const { tenant } = await putAccount(old.db);
    const before = await old.db.transaction().execute((tx) => ensurePerson(tx, createSealer(FIRST.key), tenant, ADA.email));
    for (const { db } of [fresh, old]) {
      const first = await openSealer(db, [FIRST], { fresh: db === fresh.db, now: NOW });
      expect(first.lookupKey.equals(derivedLookupKey(FIRST.key))).toBe(db === old.db);
      const second = await openSealer(db, [SECOND, FIRST], started);
      await rewrap({ db, sealer: second, clock: systemClock });
      const third = await openSealer(db, [THIRD, SECOND], started);
      expect([second.lookupKey, third.lookupKey]).toEqual([first.lookupKey, first.lookupKey]);
      if (db === old.db) expect((await db.transaction().execute((tx) => ensurePerson(tx, third, tenant, ADA.email))).id).toBe(before.id);
    }
  });

  it('servers that start at once agree on what people are looked up by', async () => {
    const { db } = await open();
    const sealers = await Promise.all([1, 2, 3].map(() => openSealer(db, [FIRST], { fresh: true, now: NOW })));
    expect(new Set(sealers.map(({ lookupKey }) => lookupKey.toString('hex'))).size).toBe(1);
  });

  it('a server that runs finds a key that was put into its key file since, and one that is nowhere is not looked for all the time', async () => {
    const { db } = await open();
    const folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
    const path = join(folder, 'root.key');
    writeFileSync(path, FIRST.key.toString('base64'));
    const clock = manualClock(NOW);
    const sealer = await openSealer(db, [FIRST], { fresh: true, now: NOW, find: findInFiles([fromFile(path)], clock) });
    const sealed = createSealer(SECOND.key).seal('the text', 'place');
    expect(() => sealer.open(sealed, 'place')).toThrow('another key');
    writeFileSync(path, `${SECOND.key.toString('base64')}\n${FIRST.key.toString('base64')}\n`);
    expect(() => sealer.open(sealed, 'place')).toThrow('another key');
    clock.advance(1001);
    expect(sealer.open(sealed, 'place')).toBe('the text');
    expect(sealer.current).toBe(FIRST.id);
    rmSync(folder, { recursive: true });
    expect(sealer.open(sealed, 'place')).toBe('the text');
  });
});
