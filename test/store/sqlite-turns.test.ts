import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from '#store/database';

test('work that goes from one query to the next does not keep the loop from everything else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-turns-'));
  const db = openDatabase(join(folder, 'turns.db'));
  let looks = 0;
  const timer = setInterval(() => void looks++, 1);
  try {
    const end = performance.now() + 200;
    while (performance.now() < end) await sql`select 1`.execute(db);
    expect(looks).toBeGreaterThan(1);
  } finally {
    clearInterval(timer);
    await db.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('whoever stands in line when the database is closed is told so, and nobody waits for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-turns-'));
  const db = openDatabase(join(folder, 'turns.db'));
  let end = (): void => undefined;
  const held = db.transaction().execute(() => new Promise<void>((resolve) => (end = resolve)));
  const line = Array.from({ length: 3 }, () => sql`select 1`.execute(db));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await db.destroy();
  end();
  const ends = await Promise.allSettled([held, ...line]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  rmSync(folder, { recursive: true, force: true });
}, 10_000);
