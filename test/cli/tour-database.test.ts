import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createTenant, listTenants } from '#store/installs';
import { asServer } from '#store/scope';
import { tour } from '#src/cli/tour';
import { loadConfig } from '#src/config';
import { createWorld } from '#src/world';

const folder = mkdtempSync(join(tmpdir(), 'countersign-tour-database-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the tour leaves a database that somebody works with alone, and says what it needs', async () => {
  const database = join(folder, 'mine.db');
  const mine = await createWorld(loadConfig({}, { mode: 'sandbox', port: 0, database, logLevel: 'silent' }));
  await asServer(() => createTenant(mine.db, 'northwind.example.com', Date.now()));
  await expect(tour({ chaos: false, json: true, seed: 1, database })).rejects.toThrow(
    `${database} is in use already. The tour plays in an empty database: name another one, or none.`,
  );
  expect(await asServer(() => listTenants(mine.db))).toMatchObject([{ name: 'northwind.example.com' }]);
  await mine.stop();
});
