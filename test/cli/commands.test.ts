import { Command } from 'commander';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { projectFile } from '#lib/root';
import { backupCommands } from '#src/cli/backup';
import { doctorCommand } from '#src/cli/doctor';
import { ledgerCommands } from '#src/cli/ledger';
import { mappingCommands } from '#src/cli/mappings';
import { plantDeal } from '../flow/deals.ts';
import { openWorld, type TestWorld } from '../flow/world.ts';
import { dropGuards } from '../store/fixtures.ts';

let w: TestWorld;
let said = '';

/** Types a command beside a server that runs, and gives back what it wrote and its exit code. */
async function run(...words: string[]): Promise<{ code: number; text: string; json: () => unknown }> {
  said = '';
  const program = new Command().exitOverride();
  for (const add of [backupCommands, doctorCommand, ledgerCommands, mappingCommands]) add(program);
  await program.parseAsync(['node', 'countersign', ...words]);
  const [text, code] = [said, Number(process.exitCode ?? 0)];
  process.exitCode = 0;
  return { code, text, json: () => JSON.parse(text) as unknown };
}
const file = (name: string, text: string): string => {
  const path = join(w.folder, name);
  writeFileSync(path, text);
  return path;
};
const SEND = projectFile('mappings/hubspot/send.yaml');

beforeAll(async () => {
  w = await openWorld();
  vi.stubEnv('COUNTERSIGN_DATABASE', join(w.folder, 'test.db'));
  vi.stubEnv('PORT', new URL(w.address).port);
  vi.stubEnv('LOG_LEVEL', 'silent');
}, 60_000);
beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    said += String(chunk);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  vi.unstubAllEnvs();
  await w.stop();
});

describe('mappings', () => {
  test('that fit the account have no faults', async () => {
    expect(await run('mappings', 'check')).toMatchObject({ code: 0, text: 'No faults.\n' });
    expect((await run('mappings', 'check', '--json')).json()).toEqual([]);
  });

  test('that do not are told with every fault, its place and what was perhaps meant', async () => {
    const names = SEND.replace('stage: Contract sent', 'stage: Contract snt').replace('deal.dealname\n', 'deal.dealnam\n').replace('template: NDA', 'template: NDDA');
    const path = file('faulty.yaml', names.replace('expire: 30', 'expire: soon').replace('backward: void', 'backwrd: void'));
    const { code, text } = await run('mappings', 'check', path, '--tenant', w.tenant);
    expect(code).toBe(1);
    for (const words of [
      'rules[0].when.stage',
      'Did you mean Contract sent?',
      'rules[0].fields.DealName',
      'Did you mean dealname?',
      'rules[1].template',
      'Did you mean NDA?',
      'rules[0].policies.expire',
      'Did you mean backward?',
    ])
      expect(text).toContain(words);
    expect(text).toMatch(/\n5 errors, 0 warnings\.\n$/);
  });

  test('of which a file is not there, or two are of one kind, are refused in words', async () => {
    const alone = await run('mappings', 'check', file('mine.yaml', SEND.replace('stage:', 'stge:')));
    expect(alone.text).toMatch(/mine\.yaml:\d+:\d+ {2}error/);
    expect(alone.text).toContain('With --tenant they are checked against the fields');
    await expect(run('mappings', 'check', 'nowhere.yaml')).rejects.toThrow('The file nowhere.yaml cannot be read.');
    await expect(run('mappings', 'diff', 'send', '1', 'nowhere.yaml')).rejects.toThrow('The file nowhere.yaml cannot be read.');
    const journey = projectFile('mappings/hubspot/journey.yaml');
    await expect(run('mappings', 'check', file('notes.md', '# Notes'))).rejects.toThrow('notes.md does not say what it is. A mapping begins with a line such as "kind: send"');
    await expect(run('mappings', 'diff', 'send', '1', file('journey.yaml', journey))).rejects.toThrow('journey.yaml is a journey mapping');
    const [one, other] = [file('one.yaml', SEND), file('other.yaml', SEND)];
    await expect(run('mappings', 'check', one, other)).rejects.toThrow(`${one} and ${other} are both a send mapping.`);
  });

  test('are tried on a deal: who would sign what, and what would be written back; nothing is sent', async () => {
    const deal = plantDeal(w, { properties: { dealstage: 'contractsent' } });
    const { code, text } = await run('mappings', 'dry-run', deal.id);
    expect(code).toBe(0);
    for (const words of [
      'Would send "Order form"',
      'Ada Example',
      '1,000.00',
      'esign_status        completed',
      'emptied: esign_waiting_for',
      'partially signed: deal',
      'joins the list "Countersign: signed"',
    ])
      expect(text).toContain(words);
    const nobody = plantDeal(w, { person: { email: '' }, properties: { dealstage: 'contractsent' } });
    expect(await run('mappings', 'dry-run', nobody.id)).toMatchObject({ code: 1, text: expect.stringContaining('has no e-mail address') as string });
    const early = plantDeal(w);
    expect(await run('mappings', 'dry-run', early.id)).toMatchObject({ code: 1, text: expect.stringContaining('the same command with --request') as string });
    expect(await run('mappings', 'dry-run', early.id, '--request')).toMatchObject({ code: 0, text: expect.stringContaining('Would send "Order form"') as string });
    await expect(run('mappings', 'dry-run', '1')).rejects.toThrow('There is no such deal in the account.');
    expect([...deal.remote(), ...nobody.remote()]).toEqual([]);
  });

  test('of a CRM that is not connected are not looked for', async () => {
    for (const words of [['check'], ['versions'], ['dry-run', '1'], ['diff', 'send', '1', '1']])
      await expect(run('mappings', ...words, '--crm', 'pipedrive')).rejects.toThrow('"pipedrive" is not a CRM that is connected. Connected: hubspot.');
  });

  test('have versions, and what differs between them is told', async () => {
    expect((await run('mappings', 'versions')).text).toMatch(/hubspot {2}send +1 +active/);
    const path = file('later.yaml', SEND.replace('expire: 30', 'expire: 14'));
    expect(await run('mappings', 'diff', 'send', '1', path)).toMatchObject({ code: 0, text: expect.stringContaining('14') as string });
    expect((await run('mappings', 'diff', 'send', '1', '1')).text).toBe('No difference.\n');
  });
});

describe('ledger verify', () => {
  test('finds an entry that was changed, and its exit code says so', async () => {
    const sound = await run('ledger', 'verify');
    expect(sound.code).toBe(0);
    expect(sound.text).toMatch(new RegExp(`^northwind-software.example.com \\(${w.tenant}\\)\n {2}ok +facts +`));
    expect(sound.text).toMatch(/ok +audit +\d+ entr(y|ies), head [0-9a-f]{64}\n/);
    expect(sound.text).toContain('Every entry is as it was written');
    await dropGuards(w.db, 'audit');
    const held = await w.db.selectFrom('audit').select('seq').orderBy('seq').executeTakeFirstOrThrow();
    await w.db.updateTable('audit').set({ actor: 'nobody' }).where('seq', '=', held.seq).execute();
    const told = await run('ledger', 'verify');
    expect(told.code).toBe(1);
    expect(told.text).toMatch(/FAIL +audit +Entry \d+ was changed after it was written\./);
    expect(told.text).toContain('docs/runbooks/ledger-verify-failed.md');
    const broken = (await run('ledger', 'verify', '--json')).json() as { ledger: string; ok: boolean }[];
    expect(broken.filter(({ ok }) => !ok).map(({ ledger }) => ledger)).toEqual(['audit']);
  });
});

describe('doctor', () => {
  test('says what is right, what is not, and what to do', async () => {
    const { code, text } = await run('doctor');
    // DocuSign's clock hurries with the story, and is told as off.
    for (const words of ['hubspot northwind-software.example.com is connected', `The server answers at ${w.address}`, 'The clock agrees with that of hubspot'])
      expect(text).toContain(words);
    // The test before this one has made it so.
    for (const words of ['triggers missing: audit_no_update, audit_no_delete', 'Alarm ledger-verify-failed', 'docs/runbooks/ledger-verify-failed.md'])
      expect(text).toContain(words);
    expect(code).toBe(1);
  });

  test('finds a clock that is off, by what the vendors’ answers say', async () => {
    const real = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => real() - 10 * 60_000);
    const { code, text } = await run('doctor');
    expect(text).toContain('FAIL  The clock here is 10 minutes behind that of hubspot');
    expect(code).toBe(1);
  });

  test('finds that Redis, of which it was told, does not answer', async () => {
    vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1');
    const { code, text } = await run('doctor');
    vi.stubEnv('REDIS_URL', '');
    expect(text).toContain('FAIL  Redis does not answer, and without it no vendor is called');
    expect(code).toBe(1);
  });

  test('says which account needs a person', async () => {
    await w.db.updateTable('installs').set({ state: 'reauthorize', reason: 'The grant was taken back.' }).where('id', '=', w.sign.id).execute();
    expect((await run('doctor')).text).toMatch(/FAIL {2}.*docusign .* has to be authorised again\n +The grant was taken back\. Open Installs in the console and press Reconnect\./);
  });
});

test('a backup into a folder that is not there is refused in words', () => expect(run('backup', join(w.folder, 'nope', 'a.db'))).rejects.toThrow('There is no folder'));
