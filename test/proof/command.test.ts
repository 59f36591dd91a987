import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { projectFile } from '#lib/root';
import type { PersonId } from '#core/ids';
import { readTexts, shipTexts } from '#flow/proof/text-file';
import { consentCommands } from '#src/cli/consent';
import { listTexts } from '#store/consent-texts';
import { createTenant } from '#store/installs';
import { consentGiven } from '../store/fixtures.ts';
import { openWorld, type TestWorld } from '../flow/world.ts';

const EMAIL = 'ines@example.com';
let w: TestWorld;
let person: PersonId;
let said: string;

/** Types a command, and gives back what it wrote and its exit code. */
async function run(...words: string[]): Promise<{ code: number; json: () => unknown; text: string }> {
  said = '';
  process.exitCode = 0;
  const program = new Command().exitOverride();
  consentCommands(program);
  await program.parseAsync(['node', 'countersign', 'consent', ...words]);
  const code = Number(process.exitCode);
  process.exitCode = 0;
  const text = said;
  return { code, text, json: () => JSON.parse(text) as unknown };
}
const out = (name: string) => join(w.folder, name);

beforeAll(async () => {
  w = await openWorld();
  const [text] = (await listTexts(w.db, w.tenant)).filter(({ name, locale }) => name === 'newsletter' && locale === 'en');
  if (!text) throw new Error('The sandbox begins with a newsletter.');
  const identity = { name: 'Ines Example', email: EMAIL, method: 'mail-link', ip: null, userAgent: null };
  const report = { key: 'one', email: EMAIL, acts: [consentGiven({ text, locale: 'en' })], identity, contact: { install: w.crm.id, contact: '501' } };
  ({ person } = await w.world.desk.reportConsent(w.tenant, report, 'test'));
  await w.until('the act', async () => (await w.db.selectFrom('consents').select('id').execute()).length > 0);
  vi.stubEnv('COUNTERSIGN_DATABASE', join(w.folder, 'test.db'));
  vi.stubEnv('LOG_LEVEL', 'silent');
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    said += String(chunk);
    return true;
  });
}, 60_000);
beforeEach(() => {
  said = '';
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await w.stop();
});

describe('a sandbox', () => {
  it('begins with texts in two languages; a live tenant begins with none, and nobody’s own are added to', async () => {
    const texts = await listTexts(w.db, w.tenant);
    expect(texts.map(({ name, locale, version }) => `${name} ${locale} ${version}`)).toEqual(
      ['electronic-records', 'newsletter', 'privacy-notice'].flatMap((name) => [`${name} de 1`, `${name} en 1`]),
    );
    const tenant = await createTenant(w.db, 'Live Ltd', 0);
    const { sandboxTexts: _none, ...live } = w.world.flow;
    await w.db.transaction().execute((tx) => shipTexts(live, tx, tenant));
    expect(await listTexts(w.db, tenant)).toEqual([]);
    await w.db.transaction().execute((tx) => shipTexts(w.world.flow, tx, w.tenant));
    expect(await listTexts(w.db, w.tenant)).toHaveLength(6);
    await w.db.deleteFrom('tenants').where('id', '=', tenant).execute();
  });
  it('publishes its public keys to everybody, by address and by id', async () => {
    const pem = await (await fetch(`${w.address}/.well-known/countersign-signing-key.pem`)).text();
    const { keys } = (await (await fetch(`${w.address}/.well-known/countersign-signing-keys.json`)).json()) as { keys: { id: string; pem: string; retiredAt: null }[] };
    expect(keys).toEqual([expect.objectContaining({ pem, retiredAt: null })]);
    expect(await (await fetch(`${w.address}/.well-known/countersign-signing-keys/${keys[0]?.id ?? ''}.pem`)).text()).toBe(pem);
    expect((await fetch(`${w.address}/.well-known/countersign-signing-keys/${'0'.repeat(64)}.pem`)).status).toBe(404);
    expect(JSON.stringify(keys)).not.toContain('private');
  });
});

describe('countersign consent', () => {
  it('texts and publish: equal words change nothing, other words are the next version', async () => {
    writeFileSync(out('texts.yaml'), projectFile('mappings/consent/texts.yaml').replace('once a month', 'once a week'));
    const published = (await run('publish', out('texts.yaml'), '--json')).json() as { name: string; locale: string; version: number; fresh: boolean }[];
    expect(published.filter(({ fresh }) => fresh).map(({ name, locale, version }) => [name, locale, version])).toEqual([['newsletter', 'en', 2]]);
    expect((await run('texts')).text).toMatch(/newsletter +en +2 +marketing newsletter email/);
  });
  it.each([
    ['texts: [', 'The file is no YAML'],
    ['texts: []', 'texts'],
    ['texts: [{name: a, type: marketing, locale: en, title: T, wording: W}]', 'texts.0.purpose: Marketing needs a purpose.'],
    ['texts: [{name: a, type: terms, locale: en, title: T, wording: W, validFrom: 2027-01-01}]', 'texts.0.validFrom: Write a time with its offset'],
    ['texts: [{name: a, type: terms, locale: en, title: T, wording: W, words: X}]', 'words'],
  ])('publish refuses %j and says why', (source, say) => {
    expect(() => readTexts(source, 0)).toThrow(say);
  });
  it('show: by id, by address, by contact', async () => {
    for (const whom of [
      ['--person', person],
      ['--email', EMAIL],
      ['--contact', '501'],
    ])
      expect((await run('show', ...whom, '--json')).json()).toMatchObject({ person, state: [{ type: 'marketing', purpose: 'newsletter', status: 'granted' }] });
    expect((await run('show', '--person', person)).text).toMatch(/marketing newsletter email +granted/);
    await expect(run('show', '--email', 'nobody@example.com')).rejects.toThrow(/Nobody of that name/);
    await expect(run('show')).rejects.toThrow(/--person, --email and --contact/);
  });
  it('export and verify: a folder or an archive, which hold and are checked by the script that ships', async () => {
    await run('export', '--person', person, '--out', out('proof'));
    const checked = await run('verify', out('proof'), '--key', out('proof/key.pem'), '--json');
    expect([checked.code, checked.json()]).toMatchObject([0, { ok: true, faults: [], proven: { length: 3 } }]);
    await expect(run('export', '--person', person, '--out', out('proof'))).rejects.toThrow(/is not empty/);
    writeFileSync(out('proof/summary.pdf'), 'forged');
    expect((await run('verify', out('proof'), '--json')).json()).toMatchObject({ ok: false, faults: ['summary.pdf was changed.'] });
    expect((await run('verify', out('proof'))).code).toBe(1);
    await run('export', '--email', EMAIL, '--out', out('proof.tar.gz'));
    execFileSync('tar', ['xzf', out('proof.tar.gz'), '--warning=no-timestamp', '-C', w.folder]);
    expect((await run('verify', out(`proof-${person}`))).code).toBe(0);
    expect(statSync(out(`proof-${person}/verify.sh`)).mode & 0o100).toBe(0o100);
  });
  it('verify runs no script of the bundle', async () => {
    await run('export', '--person', person, '--out', out('hostile'));
    writeFileSync(out('hostile/verify.sh'), `touch ${out('owned')}\n`);
    expect((await run('verify', out('hostile'))).code).toBe(1);
    expect(existsSync(out('owned'))).toBe(false);
  });
  it('withdraw: puts it on the line for the server, which records it', async () => {
    await run('withdraw', '--person', person, '--purpose', 'newsletter', '--source', 'letter of 3 March');
    await w.until(
      'the withdrawal',
      async () => (await w.db.selectFrom('consents').select('id').where('status', '=', 'withdrawn').where('source', '=', 'letter of 3 March').execute()).length > 0,
    );
    await expect(run('withdraw', '--person', person, '--channel', 'pigeon')).rejects.toThrow(/no channel "pigeon"/);
  });
  it('rotate-key: a fresh key, which the next proof is signed with', async () => {
    const { id, publicKey } = (await run('rotate-key', '--json')).json() as { id: string; publicKey: string };
    rmSync(out('proof'), { recursive: true });
    await run('export', '--person', person, '--out', out('proof'));
    expect(readFileSync(out('proof/key.pem'), 'utf8')).toBe(publicKey);
    expect(readFileSync(out('proof/head.txt'), 'utf8')).toContain(`key=${id}`);
    expect((await run('verify', out('proof'))).code).toBe(0);
  });
});
