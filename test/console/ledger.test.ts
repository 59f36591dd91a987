import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sayAction } from '#http/console/audit-words';
import { projectRoot } from '#lib/root';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let seeded: Seeded;
let cookie: string;
beforeEach(async () => {
  world = await openWorld();
  seeded = await seed(world, 'Juniper');
  cookie = await world.signIn(seeded.tenant);
});
afterEach(() => world.close());
const page = async (query = '') => (await world.ask(`/t/${seeded.tenant}/ledger${query}`, { cookie })).text();

test('what people did stands in words, with the page of what it was done to', async () => {
  const text = await page();
  expect(text).toContain('<strong>Asked for a reminder</strong>');
  expect(text).toContain(`<a href="/t/${seeded.tenant}/envelopes/${seeded.ids.envelope}">an envelope</a>`);
  expect(text).toContain('<code>envelope.remind-requested</code>');
});

test('it is found by its words, its name and whom it was done by', async () => {
  for (const found of ['REMINDER', 'envelope.rem', 'operator']) expect(await page(`?q=${found}`)).toContain('Asked for a reminder');
  expect(await page('?q=reminder')).not.toContain('Saved a mapping');
  expect(await page('?q=nothing+of+that+kind')).toContain('Nothing matches');
});

/** Lines of the sources that name what the audit ledger is told. */
const TELLS = /action: |doing\(tenant, by|audit\(tenant, by|auditRow\(|note\(tx, tenant|await change\(tenant, id, by|=> change\(tenant, id, by/;

test('every action that the server writes has words', () => {
  const files = ['src/flow', 'src/store'].flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(projectRoot, folder, file)),
  );
  const lines = files.filter((file) => file.endsWith('.ts')).flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const actions = lines.filter((line) => TELLS.test(line)).flatMap((line) => line.match(/'[a-z-]+\.[a-z-]+'/g) ?? []);
  const names = [
    ...new Set([...actions.map((name) => name.slice(1, -1)), 'send.requested', 'envelope.void-requested', 'envelope.remind-requested', 'hold.released', 'hold.discarded']),
  ];
  expect(names.length).toBeGreaterThan(35);
  expect(names.filter((name) => sayAction(name) === name)).toEqual([]);
});
