import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { projectRoot } from '#lib/root';
import { loadConfig } from '#src/config';
import { move } from '#src/move';
import { prepareDatabase } from '#src/prepare';
import { digestTable } from '#store/copy/digest';
import { readMark, removeMark } from '#store/copy/mark';
import { openSide } from '#store/copy/open';
import { openDatabase, type Db } from '#store/database';
import { append, verifyLedger } from '#store/ledger';
import { openTestDatabase, type DatabaseName, type TestDatabase } from './databases.ts';
import { attributionEntry, auditEntry, consentEntry, fact, notice, NOW, putAccount, receipt, touchEntry, type Account } from './fixtures.ts';
import { fillTables } from './filler.ts';

/** For what starts processes. */
const PATIENCE_MS = 90_000;
const opened: TestDatabase[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});
async function place(name: DatabaseName, empty = false): Promise<TestDatabase> {
  const one = await openTestDatabase(name, { empty });
  opened.push(one);
  return one;
}

/** Lets go of the connection: a move wants the database for itself. */
async function furnished(name: DatabaseName, work: (db: Db, account: Account) => Promise<unknown> = async () => undefined): Promise<{ address: string; account: Account }> {
  const { db, address } = await place(name);
  const account = await putAccount(db);
  await db.transaction().execute(async (tx) => {
    await append(tx, account.tenant, 'facts', [fact(), fact({ data: '{"say":"Grüße, 你好 👋"}' })]);
    await append(tx, account.tenant, 'receipts', [receipt('eff_1')]);
    await append(tx, account.tenant, 'audit', [auditEntry()]);
    await append(tx, account.tenant, 'consents', [consentEntry()]);
    await append(tx, account.tenant, 'touches', [touchEntry()]);
    await append(tx, account.tenant, 'attributions', [attributionEntry()]);
  });
  await work(db, account);
  await db.destroy();
  return { address, account };
}

async function digests(address: string): Promise<Record<string, unknown>> {
  const side = await openSide(address);
  try {
    const found: Record<string, unknown> = {};
    for (const shape of await side.tables()) if (shape.name !== 'migrations' && shape.name !== 'settings') found[shape.name] = await digestTable(side, shape, () => false);
    return found;
  } finally {
    await side.close();
  }
}

describe.each([
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'SQLite'],
] as const)('from %s to %s', (one, other) => {
  it('every row arrives as it was, the ledgers hold, and servers start on the target alone', async () => {
    const { address, account } = await furnished(one);
    const filled = one === 'SQLite' ? await fillTables(address, account.tenant, 4, 7) : [];
    const before = await digests(address);
    if (one === 'SQLite') expect(filled.filter((name) => (before[name] as { rows: number }).rows < 2)).toEqual([]);
    const target = await place(other);
    await target.db.destroy();

    const { tables, ledgers } = await move(address, target.address);

    expect(await digests(target.address)).toEqual(before);
    expect(tables.find(({ table }) => table === 'facts')?.rows).toBe(2);
    expect(ledgers.filter(({ ok }) => !ok)).toEqual([]);
    const to = openDatabase(target.address);
    expect(await verifyLedger(to, account.tenant, 'facts')).toMatchObject({ ok: true, entries: 2 });
    // The chain goes on where it was.
    await to.transaction().execute((tx) => append(tx, account.tenant, 'facts', [fact()]));
    expect(await verifyLedger(to, account.tenant, 'facts')).toMatchObject({ ok: true, entries: 3 });
    await expect(to.updateTable('facts').set({ why: 'other' }).execute()).rejects.toThrow(/append-only/);
    await prepareDatabase(to, 'sandbox');
    await to.destroy();
    const from = openDatabase(address);
    await expect(prepareDatabase(from, 'sandbox')).rejects.toThrow(/was moved to/);
    await from.destroy();
  });
});

it('values at the edges of what a column holds go over and back unchanged', async () => {
  const seeds = [1, 2];
  const { address, account } = await furnished('SQLite');
  for (const seed of seeds) await fillTables(address, account.tenant, 5, seed);
  const before = await digests(address);
  const [over, back] = [await place('PostgreSQL'), await place('SQLite')];
  await Promise.all([over.db.destroy(), back.db.destroy()]);
  await move(address, over.address);
  await move(over.address, back.address);
  expect(await digests(back.address)).toEqual(before);
});

describe('a move does not begin', () => {
  it('while a server, or anybody else, has the source open, and leaves no lock behind', async () => {
    for (const name of ['SQLite', 'PostgreSQL'] as const) {
      const { address } = await furnished(name);
      const server = openDatabase(address);
      await server.selectFrom('tenants').selectAll().execute();
      const target = await place('SQLite');
      await expect(move(address, target.address)).rejects.toThrow(name === 'SQLite' ? /open in another process/ : /other connections/);
      await server.destroy();
      await target.db.destroy();
      expect((await move(address, target.address)).tables.length).toBeGreaterThan(30);
    }
  });

  it('into a database that holds something, be it ours or not', async () => {
    const { address } = await furnished('SQLite');
    const full = await furnished('SQLite');
    await expect(move(address, full.address)).rejects.toThrow(/not empty: there are rows in tenants/);
    const other = await place('SQLite', true);
    await other.db.schema.createTable('songs').addColumn('id', 'text').execute();
    await other.db.destroy();
    await expect(move(address, other.address)).rejects.toThrow(/holds tables of something else/);
    const source = openDatabase(address);
    await prepareDatabase(source, 'sandbox');
    await source.destroy();
  });

  it('twice: a source that was moved has to be let go of first', async () => {
    const { address } = await furnished('SQLite');
    const [first, second] = [await place('SQLite'), await place('SQLite')];
    await Promise.all([first.db.destroy(), second.db.destroy()]);
    await move(address, first.address);
    await expect(move(address, second.address)).rejects.toThrow(/was moved before/);
    const side = await openSide(address);
    expect(await readMark(side)).toMatchObject({ to: first.address, whole: true });
    await removeMark(side);
    await side.close();
    expect((await move(address, second.address)).ledgers.length).toBeGreaterThan(0);
  });
});

it('a text that PostgreSQL cannot hold is named, and the move goes on once it is mended', async () => {
  const { address, account } = await furnished('SQLite', (db, { crm }) =>
    db
      .insertInto('inbox')
      .values(notice(crm, 'odd', { payload: '["a\0b"]' }))
      .execute(),
  );
  const target = await place('PostgreSQL');
  await target.db.destroy();
  await expect(move(address, target.address)).rejects.toThrow(/inbox.payload of the row ten_.*U\+0000/);
  const to = openDatabase(target.address);
  await expect(prepareDatabase(to, 'sandbox')).rejects.toThrow(/has not come to its end/);
  await to.destroy();
  const from = openDatabase(address);
  await from.updateTable('inbox').set({ payload: '[]' }).where('tenant', '=', account.tenant).execute();
  await from.destroy();
  expect((await move(address, target.address)).tables.find(({ table }) => table === 'inbox')?.rows).toBe(1);
});

it('a row that changed on the way is found, and no server starts on either side', async () => {
  const { address, account } = await furnished('SQLite', (db, { crm }) =>
    db
      .insertInto('inbox')
      .values(notice(crm, 'z', { payload: 'ab\0' }))
      .execute(),
  );
  const target = await place('PostgreSQL');
  await target.db.destroy();
  await expect(move(address, target.address)).rejects.toThrow(/U\+0000/);
  const from = openDatabase(address);
  await from.updateTable('inbox').set({ payload: null }).execute();
  // Copied already: tenants come first.
  await from.updateTable('tenants').set({ name: 'Changed' }).where('id', '=', account.tenant).execute();
  await expect(prepareDatabase(from, 'sandbox')).rejects.toThrow(/is being moved to/);
  await from.destroy();
  await expect(move(address, target.address)).rejects.toThrow(/tenants differs: 1 rows in the source, 1 in the target/);
  const to = openDatabase(target.address);
  await expect(prepareDatabase(to, 'sandbox')).rejects.toThrow(/has not come to its end/);
  await to.destroy();
});

it('a broken ledger is not carried over as a good one', async () => {
  const { address } = await furnished('SQLite', async (db) => {
    await db.executeQuery(CompiledQuery.raw('drop trigger facts_no_update'));
    await db.updateTable('facts').set({ why: 'Another reason.' }).where('seq', '=', 1).execute();
  });
  const target = await place('SQLite');
  await target.db.destroy();
  await expect(move(address, target.address)).rejects.toThrow(/ledger facts of ten_.* does not hold: Entry 1 was changed/);
});

it(
  'a move that is killed goes on where it was',
  async () => {
    const rows = 5000;
    const { address, account } = await furnished('SQLite', async (db, { crm }) => {
      for (let from = 0; from < rows; from += 1000)
        await db
          .insertInto('inbox')
          .values(Array.from({ length: 1000 }, (_, at) => notice(crm, `key ${from + at}`, { payload: 'x'.repeat(300) })))
          .execute();
    });
    const target = await place('PostgreSQL');
    await target.db.destroy();
    const seen = [await killedAfter(mover(address, target.address), 1000)];
    const { tables } = await move(address, target.address, (what, done) => void (what === 'copying inbox' && seen.push(done)));
    // It went on from what had been committed, and did not begin again.
    expect(seen[1]).toBeGreaterThan(1000);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(tables.find(({ table }) => table === 'inbox')).toMatchObject({ rows });
    const to = openDatabase(target.address);
    expect(await verifyLedger(to, account.tenant, 'facts')).toMatchObject({ ok: true, entries: 2 });
    await to.destroy();
  },
  PATIENCE_MS,
);

function mover(from: string, to: string): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(projectRoot, 'test/store/mover.ts'), from, to], { cwd: projectRoot });
}

/** Ends a process, by a signal that it cannot hear, once it has copied so many rows of the inbox. Returns how many those were. */
function killedAfter(child: ChildProcess, enough: number): Promise<number> {
  let [seen, said] = [0, ''];
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    child.stdout?.on('data', (data: Buffer) => {
      for (const [, rows] of data.toString().matchAll(/copying inbox (\d+)/g)) seen = Number(rows);
      if (seen >= enough) child.kill('SIGKILL');
    });
    child.on('close', (_, signal) => (signal === 'SIGKILL' ? resolve(seen) : reject(new Error(`It ended by itself: ${said}`))));
  });
}

it('the configured database is meant where only its engine is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-place-'));
  const file = join(folder, 'a.db');
  const { placeOf, shown } = await import('#src/places');
  expect([placeOf(file), placeOf('postgres://u:secret@127.0.0.1:1/x')]).toEqual([file, 'postgres://u:secret@127.0.0.1:1/x']);
  expect(shown('postgres://u:secret@127.0.0.1:1/x?sslmode=off')).toBe('postgres://u@127.0.0.1:1/x');
  expect(placeOf('sqlite')).toBe(loadConfig({}).database);
  expect(NOW).toBeGreaterThan(0);
  rmSync(folder, { recursive: true, force: true });
});
