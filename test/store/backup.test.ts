import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from '#lib/root';
import { backUp, declareRestored, restore } from '#src/backup';
import { prepareDatabase } from '#src/prepare';
import { inspectBackup } from '#store/backup';
import { openDatabase, openReadOnly, type Db } from '#store/database';
import { append, verifyLedger } from '#store/ledger';
import { putEffects } from '#store/outbox';
import { findRestored } from '#store/restored';
import { asServer } from '#store/scope';
import { openSession } from '#store/sessions';
import type { Effect } from '#core/effect';
import { openTestDatabase } from './databases.ts';
import { fact, NOW, put, putAccount, write, type Account } from './fixtures.ts';

let folder: string;
let database: string;
let db: Db;
let account: Account;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-backup-'));
  database = join(folder, 'live.db');
  db = openDatabase(database);
  await prepareDatabase(db, 'sandbox');
  account = await putAccount(db);
  await db.transaction().execute((tx) => append(tx, account.tenant, 'facts', [fact({ recorded_at: NOW }), fact({ recorded_at: NOW + 5 })]));
});
afterEach(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string) => join(folder, name);

describe('a backup', () => {
  it('is one file, verified, that says up to when everything is in it', async () => {
    const { inspected } = await backUp(database, at('a.backup'), NOW + 100);
    expect(inspected).toMatchObject({ mode: 'sandbox', behind: [], ahead: [], entries: 2, recovery: { takenAt: NOW + 100, lastFactAt: NOW + 5, lastReceiptAt: null } });
    expect(inspected.ledgers.find(({ ledger }) => ledger === 'facts')).toMatchObject({ tenant: account.tenant, ok: true, entries: 2 });
    expect(['-wal', '-shm', '.part'].filter((end) => existsSync(at(`a.backup${end}`)))).toEqual([]);
    await expect(backUp(database, at('a.backup'), NOW)).rejects.toThrow(/exists already/);
  });

  it('made while another process writes without a pause holds one moment of it', async () => {
    const writer = spawn(
      process.execPath,
      ['--import', 'tsx', join(projectRoot, 'test/store/process.ts'), 'append', database, JSON.stringify({ tenant: account.tenant, times: 100_000 })],
      { cwd: projectRoot },
    );
    const grown = async (than: number) => {
      for (;;) {
        const { seq } = await db.selectFrom('ledger_heads').select('seq').where('ledger', '=', 'facts').executeTakeFirstOrThrow();
        if (seq > than) return seq;
      }
    };
    try {
      const before = await grown(500);
      const { inspected } = await backUp(database, at('a.backup'), NOW);
      const after = await grown(inspected.entries);
      expect(inspected.entries).toBeGreaterThanOrEqual(before);
      expect(inspected.entries).toBeLessThan(after);
    } finally {
      writer.kill('SIGKILL');
    }
  });

  it('that is torn, changed or something else is told, and never given a name', async () => {
    await backUp(database, at('a.backup'), NOW);
    const bytes = readFileSync(at('a.backup'));
    writeFileSync(at('torn'), bytes.subarray(0, bytes.length / 2));
    writeFileSync(at('other'), 'no database at all');
    for (const name of ['torn', 'other']) await expect(inspectBackup(at(name))).rejects.toThrow(/no whole database of ours/);
    await db.schema.createTable('dummy').addColumn('id', 'text').execute();
    await openDatabase(at('changed')).destroy();
    copyFileSync(at('a.backup'), at('changed'));
    const changed = openDatabase(at('changed'));
    await changed
      .updateTable('ledger_heads')
      .set({ hash: 'f'.repeat(64) })
      .where('ledger', '=', 'facts')
      .execute();
    await changed.destroy();
    await expect(asServer(() => inspectBackup(at('changed')))).rejects.toThrow(/ledger facts of ten_.* does not hold/);
    await db.updateTable('ledger_heads').set({ seq: 7 }).where('ledger', '=', 'facts').execute();
    await expect(backUp(database, at('b.backup'), NOW)).rejects.toThrow(/does not hold/);
    expect([existsSync(at('b.backup')), existsSync(at('b.backup.part'))]).toEqual([false, false]);
  });

  it('is not changed by being looked at', async () => {
    await backUp(database, at('a.backup'), NOW);
    const before = readFileSync(at('a.backup'));
    await asServer(() => inspectBackup(at('a.backup')));
    const copy = openReadOnly(at('a.backup'));
    await expect(copy.insertInto('settings').values({ name: 'entered', value: 'yes' }).execute()).rejects.toThrow(/readonly/);
    await copy.destroy();
    expect(readFileSync(at('a.backup')).equals(before)).toBe(true);
  });
});

describe('a restore', () => {
  const restored = (how: Partial<Parameters<typeof restore>[2]> = {}) => restore(at('a.backup'), database, { force: true, hold: true, now: NOW + 1000, ...how });
  const remind = (envelope: `env_${string}`): Effect => ({ ...write(account.sign, 'x'), kind: 'envelope.remind', data: { envelope } });

  it('does not begin over a database that is there or in use, nor from a file that does not hold', async () => {
    await backUp(database, at('a.backup'), NOW);
    await expect(restored()).rejects.toThrow(/open in another process/);
    await db.destroy();
    await expect(restored({ force: false })).rejects.toThrow(/Nothing was changed. --force/);
    writeFileSync(at('bad'), 'nothing');
    await expect(restore(at('bad'), database, { force: true, hold: true, now: NOW })).rejects.toThrow(/no whole database/);
    await expect(restore(at('absent'), database, { force: true, hold: true, now: NOW })).rejects.toThrow(/There is no file/);
    expect(existsSync(`${database}.restoring`)).toBe(false);
  });

  it('brings the moment back, keeps what was there, ends sessions and leases, and is written down', async () => {
    await openSession(db, null, NOW);
    await backUp(database, at('a.backup'), NOW + 100);
    await db.transaction().execute((tx) => append(tx, account.tenant, 'facts', [fact()]));
    await db.destroy();
    const done = await restored();
    expect(done.aftermath).toMatchObject({ tenants: 1, held: 0 });
    db = openDatabase(database);
    await prepareDatabase(db, 'sandbox');
    expect(await verifyLedger(db, account.tenant, 'facts')).toMatchObject({ ok: true, entries: 2 });
    expect(await verifyLedger(db, account.tenant, 'audit')).toMatchObject({ ok: true, entries: 1 });
    expect(await db.selectFrom('sessions').selectAll().execute()).toEqual([]);
    const settings = await db.selectFrom('settings').select(['name', 'value']).where('name', 'in', ['restored', 'backup']).execute();
    expect(settings).toEqual([{ name: 'restored', value: JSON.stringify({ from: NOW + 100, at: NOW + 1000, hold: true }) }]);
    const kept = openDatabase(done.kept ?? '');
    expect(await verifyLedger(kept, account.tenant, 'facts')).toMatchObject({ ok: true, entries: 3 });
    await kept.destroy();
  });

  it('of a database that cannot be read any more puts it aside as it is', async () => {
    await backUp(database, at('a.backup'), NOW);
    await db.destroy();
    writeFileSync(database, 'overwritten by something else');
    const { kept } = await restored();
    expect(readFileSync(kept ?? '', 'utf8')).toBe('overwritten by something else');
    db = openDatabase(database);
    expect(await verifyLedger(db, account.tenant, 'facts')).toMatchObject({ ok: true });
  });

  it('lets what waits look before it is done, and holds what cannot', async () => {
    await put(db, account, 1, write(account.crm, '1'), remind('env_1'), { ...write(account.sign, '2'), kind: 'envelope.create', data: { envelope: 'env_1' } });
    await backUp(database, at('a.backup'), NOW);
    await db.destroy();
    expect((await restored()).aftermath).toMatchObject({ looking: 2, held: 1 });
    db = openDatabase(database);
    const rows = await db.selectFrom('outbox').select(['kind', 'state', 'attempts', 'error']).orderBy('kind').execute();
    expect(rows.map(({ kind, state, attempts }) => [kind, state, attempts])).toEqual([
      ['envelope.create', 'ready', 1],
      ['envelope.remind', 'parked', 0],
      ['record.write', 'ready', 1],
    ]);
    expect(rows[1]?.error).toContain('restore.doubtful');
  });

  it('by other means is declared, on either engine, and not while a server runs', async () => {
    for (const name of ['SQLite', 'PostgreSQL'] as const) {
      const one = await openTestDatabase(name);
      const there = await putAccount(one.db);
      await put(one.db, there, 1, write(there.crm, '1'));
      await expect(declareRestored(one.address, { from: NOW, at: NOW + 5, hold: true })).rejects.toThrow(/open in another process|other connections/);
      await one.db.destroy();
      expect(await declareRestored(one.address, { from: NOW, at: NOW + 5, hold: true })).toMatchObject({ looking: 1, held: 0, tenants: 1 });
      const again = openDatabase(one.address);
      expect(await asServer(() => findRestored(again))).toEqual({ from: NOW, at: NOW + 5, hold: true });
      await again.destroy();
      await one.close();
    }
  });

  it('lays aside what a fact of before it would do a second time, and nothing of what comes after', async () => {
    const restored = { from: NOW, at: NOW + 100, hold: true };
    const task = (name: string): Effect => ({ ...write(account.crm, name, { key: name }), kind: 'task.create', data: { deal: '1', owner: null, subject: '', body: '' } });
    const putAt = (at: number, effects: Effect[], how = restored) =>
      db.transaction().execute((tx) => putEffects(tx, account.tenant, effects, { ordinal: 1, correlation: 'cor_test', at, restored: how }, NOW + 200));
    await putAt(NOW + 50, [task('heard again'), write(account.crm, '1', { key: 'write heard again' })]);
    await putAt(NOW + 150, [task('new')]);
    await putAt(NOW + 50, [task('not held')], { ...restored, hold: false });
    const rows = await db.selectFrom('outbox').select(['key', 'state']).orderBy('key').execute();
    expect(Object.fromEntries(rows.map(({ key, state }) => [key, state]))).toEqual({ 'heard again': 'parked', new: 'ready', 'not held': 'ready', 'write heard again': 'ready' });
  });

  it('holds nothing where it is told so', async () => {
    await put(db, account, 1, remind('env_1'));
    await backUp(database, at('a.backup'), NOW);
    await db.destroy();
    expect((await restored({ hold: false })).aftermath).toMatchObject({ held: 0 });
  });
});
