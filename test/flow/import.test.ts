import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readImportFile } from '#core/capture-import';
import { importConsents, type ImportOptions } from '#flow/capture/import';
import { listTexts } from '#store/consent-texts';
import { findPersonByEmail } from '#store/people';
import { openWorld, type TestWorld } from './world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const HEAD = 'email,text,version,locale,status,captured_at,source,time_zone,wording_file';
const GOOD = 'ann@example.com,newsletter,1,en,granted,2026-07-01T09:30:00+02:00,"Old CRM, export",Europe/Berlin,';

async function bring(lines: string[], more: Partial<ImportOptions> = {}) {
  const read = readImportFile([HEAD, ...lines].join('\r\n'), 'csv');
  if (!read.ok) throw new Error(read.say);
  const options = { file: 'old.csv', wording: () => null, dryRun: false, partial: false, by: 'test', progress: () => undefined, ...more };
  const done = await importConsents(world.world.flow, world.tenant, read.rows, options);
  await world.settled();
  return done;
}
const count = async () => (await world.db.selectFrom('consents').select('seq').where('tenant', '=', world.tenant).execute()).length;

describe('an import', () => {
  test('takes rows with their evidence, and the same rows again add nothing', async () => {
    expect(await bring([GOOD])).toEqual({ rows: 1, good: 1, taken: 1, faults: [] });
    expect(await count()).toBe(1);
    await bring([GOOD]);
    expect(await count()).toBe(1);
    const row = await world.db.selectFrom('consents').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ how: 'import', status: 'granted', text_name: 'newsletter', captured_at: Date.parse('2026-07-01T07:30:00Z') });
    expect(JSON.parse(row.evidence)).toMatchObject({ source: 'Old CRM, export', file: 'old.csv', line: 2 });
    expect(await findPersonByEmail(world.db, world.world.flow.sealer, world.tenant, 'ann@example.com')).toBe(row.person);
  });

  test.each([
    ['no source', 'ann@example.com,newsletter,1,en,granted,2026-07-01T09:30:00+02:00,,,', /source/],
    ['no time', 'ann@example.com,newsletter,1,en,granted,,Old,,', /captured_at/],
    ['a time without an offset', 'ann@example.com,newsletter,1,en,granted,2026-07-01T09:30:00,Old,,', /offset/],
    ['no wording', 'ann@example.com,,,,granted,2026-07-01T09:30:00+02:00,Old,,', /wording/],
    ['a version that never was', 'ann@example.com,newsletter,7,en,granted,2026-07-01T09:30:00+02:00,Old,,', /no version 7/],
    ['a zone that says another time', 'ann@example.com,newsletter,1,en,granted,2026-07-01T09:30:00+01:00,Old,Europe/Berlin,', /time zone/],
    ['a zone that is none', 'ann@example.com,newsletter,1,en,granted,2026-07-01T09:30:00+01:00,Old,Mars/Base,', /time zone/],
    ['no address', 'ann,newsletter,1,en,granted,2026-07-01T09:30:00+02:00,Old,,', /e-mail/],
    ['a wording file with other words', 'ann@example.com,,,,granted,2026-07-01T09:30:00+02:00,Old,,words.txt', /no version of a published text/],
  ])('%s: the row is refused with its line, and then none enters', async (_, line, say) => {
    const before = await count();
    const done = await bring([GOOD.replace('ann@', 'new@'), line], { wording: () => 'Other words.' });
    expect(done.taken).toBe(0);
    expect(done.faults.every((fault) => fault.line === 3)).toBe(true);
    expect(done.faults.map((fault) => fault.say).join('\n')).toMatch(say);
    expect(await count()).toBe(before);
  });

  test('only what is good where that is asked for, nothing at all in a dry run', async () => {
    const before = await count();
    const lines = [GOOD.replace('ann@', 'part@'), 'broken,,,,,,,,'];
    expect(await bring(lines, { dryRun: true })).toMatchObject({ good: 1, taken: 0 });
    expect(await count()).toBe(before);
    expect(await bring(lines, { partial: true })).toMatchObject({ good: 1, taken: 1 });
    expect(await count()).toBe(before + 1);
  });

  test('a file with the exact words is as good as the version’s number', async () => {
    const text = (await listTexts(world.db, world.tenant)).find(({ name, locale }) => name === 'newsletter' && locale === 'de');
    const done = await bring(['file@example.com,,,,granted,2026-07-01T09:30:00+02:00,Old,,words.txt'], { wording: () => (text?.wording ?? '').replaceAll('\n', '\r\n') });
    expect(done).toMatchObject({ taken: 1, faults: [] });
    expect(await world.db.selectFrom('consents').select('text').orderBy('seq', 'desc').executeTakeFirst()).toEqual({ text: text?.id });
  });

  test('a column that nobody knows is refused: it may be a misspelt one', () => {
    expect(readImportFile('email,captured\nx@example.com,1', 'csv')).toMatchObject({ ok: false });
    expect(readImportFile('[{"email":"x@example.com","Captured at":"2026-01-01T00:00:00Z"}]', 'json')).toMatchObject({ ok: true });
  });
});
