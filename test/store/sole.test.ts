import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { describe, expect, test } from 'vitest';
import { isWeather, type Db } from '#store/database';
import { claimLane, LANE_LEASE_MS } from '#store/outbox';
import { claimSole, endLeases } from '#store/sole';
import { eachDatabase, openTestDatabase } from './databases.ts';
import { NOW, put, putAccount, write } from './fixtures.ts';

describe('the place of the one server on a file', () => {
  test('is taken once, and free again when it is given back', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-sole-'));
    const path = join(folder, 'product.db');
    const first = claimSole(path);
    expect(first).not.toBeNull();
    expect(claimSole(path)).toBeNull();
    first?.release();
    const next = claimSole(path);
    expect(next).not.toBeNull();
    next?.release();
    rmSync(folder, { recursive: true });
  });
});

eachDatabase((_name, open) => {
  test('what a killed process had in hand waits for no lease once leases are ended', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1'));
    expect((await claimLane(db, NOW, 10))?.effects).toHaveLength(1);
    expect(await claimLane(db, NOW + LANE_LEASE_MS - 1, 10)).toBeNull();
    await db
      .updateTable('installs')
      .set({ refresh_until: NOW + 30_000 })
      .execute();
    await endLeases(db, NOW + 1);
    const again = await claimLane(db, NOW + 1, 10);
    expect(again?.effects).toMatchObject([{ attempts: 2 }]);
    expect(await db.selectFrom('installs').select('id').where('refresh_until', '>', 0).execute()).toEqual([]);
  });
});

test('a database that is full says so, and no rollback hides it', async () => {
  const { db, close } = await openTestDatabase('SQLite');
  const { page_count: pages } = (await raw(db, 'pragma page_count'))[0] ?? {};
  await raw(db, `pragma max_page_count = ${String(pages)}`);
  const filling = db.transaction().execute(async (tx) => {
    await tx
      .insertInto('settings')
      .values({ name: 'backup', value: 'x'.repeat(10_000_000) })
      .execute();
  });
  const error = await filling.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'SQLITE_FULL' });
  expect(isWeather(error)).toBe(true);
  await close();
});

async function raw(db: Db, text: string): Promise<Record<string, unknown>[]> {
  return (await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text))).rows;
}
