import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '#lib/hmac';
import { createProofDesk } from '#flow/proof/desk';
import { proofOf } from '#flow/proof/bundle';
import { rotateSigningKey, signHead, signMovedHeads } from '#flow/proof/signing';
import { keepRendering } from '#store/capture-pages';
import { publishText } from '#store/consent-texts';
import { listSignedHeads, listSigningKeys } from '#store/heads';
import { createTenant } from '#store/installs';
import { verifyLedger } from '#store/ledger';
import { erasePeople } from '#store/people';
import { createUpkeep } from '#work/upkeep';
import { eachDatabase } from '../store/databases.ts';
import { ADA, putAccount, putEnvelope, sealer } from '../store/fixtures.ts';
import { fewPrograms, NEWSLETTER, openProofStage, unpack, verify, type Stage } from './stage.ts';

let few: ReturnType<typeof fewPrograms>;
const undo: (() => void)[] = [];
beforeAll(() => {
  few = fewPrograms();
});
afterAll(() => {
  few.remove();
  undo.forEach((remove) => remove());
});

async function bundleOf(stage: Stage, person: `per_${string}`) {
  const { folder, remove } = unpack(await proofOf(stage.flow, stage.tenant, person));
  undo.push(remove);
  return folder;
}
const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8');

eachDatabase((_name, open) => {
  let stage: Stage;
  const begin = async () => {
    stage = await openProofStage((await open()).db);
    return stage;
  };

  it('a bundle proves the acts of one person with standard tools alone, and shows of others nothing but hashes', async () => {
    const { person, act } = await begin();
    const [ines, other] = [await person(), await person('other@example.com')];
    const theirs = [
      await act(other),
      await act(ines),
      await act(other),
      await act(ines, { status: 'withdrawn', text: null }),
      await act(ines, { purpose: 'offers', text: null }),
      await act(other),
    ];
    const folder = await bundleOf(stage, ines);
    const { code, said } = verify(folder, few.path);
    expect(said).toMatch(/marketing, newsletter, email: granted\n.*entry 2, in the chain\n[^]*marketing, newsletter, email: withdrawn\n.*entry 4, in the chain/);
    expect(said).toContain('Not proven: what was shown, for 1 of the records.');
    expect(said).toContain('no wording is tied to it: taking back needs none');
    expect(said).toContain('5 entries follow from one another and end in the signed head');
    expect([code, said.includes('FAULT')]).toEqual([0, false]);
    const whole = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'))
      .join('\n');
    expect(whole).not.toContain(other);
    expect(whole).not.toContain('other@example.com');
    for (const row of theirs.filter((one) => one.person === other)) expect(whole).not.toContain(row.id);
  });

  it('what a signer saw can be rebuilt from the bundle alone, and is what was published', async () => {
    const { person, act } = await begin();
    const ines = await person();
    const shown = '<section><h2>News by e-mail</h2><p>As the page had it.</p></section>';
    await keepRendering(stage.db, stage.tenant, { hash: sha256(shown), slug: 'news', version: 1, locale: 'en', texts: [stage.text.id], html: shown }, stage.clock.now());
    await act(ines, { evidence: { rendering: sha256(shown), page: 'news' } });
    const folder = await bundleOf(stage, ines);
    // From here on nothing of ours: a folder, JSON and SHA-256.
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const [file = ''] = readdirSync(join(folder, 'records'));
    const record = JSON.parse(read(folder, `records/${file}`)) as Record<'text_hash' | 'evidence' | 'personal_hash' | 'captured_at' | 'id', string>;
    const findBy = (part: string, hash: string) => readdirSync(join(folder, part)).find((name) => digest(readFileSync(join(folder, part, name))) === hash) ?? 'nothing';
    const wording = read(folder, `texts/${findBy('texts', record.text_hash)}`);
    const about = JSON.parse(read(folder, `texts/${findBy('texts', record.text_hash).replace(/txt$/, 'json')}`)) as { title: string; locale: string };
    const page = read(folder, `rendering/${findBy('rendering', (JSON.parse(record.evidence) as { rendering: string }).rendering)}`);
    const who = JSON.parse(read(folder, `identity/${findBy('identity', record.personal_hash)}`)) as { name: string; method: string };
    // And what it should be.
    expect(wording).toBe(`${NEWSLETTER.wording}\n`);
    expect([about.title, about.locale]).toEqual([NEWSLETTER.title, 'en']);
    expect(page).toBe(shown);
    expect(who).toMatchObject({ name: 'Ines Exámple', method: 'mail-link' });
    expect(read(folder, 'rendering/newsletter-en-v1.html')).toContain('about &lt;our&gt; products by e-mail.</p>');
    expect(verify(folder, few.path)).toMatchObject({ code: 0, said: expect.stringContaining('the page as it was rendered: rendering/') as string });
  });

  it('of an erased person, chain and wording still verify, and the bundle says that the name is gone', async () => {
    const { act, db, flow } = await begin();
    const account = await putAccount(db);
    const { tenant } = account;
    const envelope = await putEnvelope(db, account, [ADA]);
    const ada = await stage.person(ADA.email, tenant);
    const text = await db.transaction().execute((tx) => publishText(tx, tenant, NEWSLETTER, 'operator', 0));
    await act(ada, { text, envelope }, undefined, tenant);
    await db.transaction().execute((tx) => erasePeople(tx, sealer, tenant, 'contact-ada', 0));
    await act(ada, { text, status: 'withdrawn' }, undefined, tenant);
    const { folder, remove } = unpack(await proofOf(flow, tenant, ada));
    undo.push(remove);
    const { code, said } = verify(folder, few.path);
    expect(code).toBe(0);
    expect(said).toContain('who it was by has been erased; the hash of it stays in the record');
    expect(said).toContain('Not proven: who acted, for 2 of the records.');
    expect(readdirSync(folder)).not.toContain('identity');
    expect(JSON.parse(read(folder, `envelopes/${envelope}.json`))).toMatchObject({ envelope, provider: 'a-signer', document_sha256: [] });
    expect(await verifyLedger(db, tenant, 'consents')).toMatchObject({ ok: true });
  });

  it('is about one tenant alone: another has no such person and other heads', async () => {
    const { person, act, db, flow, tenant } = await begin();
    const ines = await person();
    await act(ines);
    const other = await createTenant(db, 'Another', 0);
    await expect(proofOf(flow, other, ines)).rejects.toMatchObject({ code: 'request.not-found' });
    expect(await signHead(flow, other, 'consents')).toBeUndefined();
    await signHead(flow, tenant, 'consents');
    expect(await listSignedHeads(db, other, 'consents', 10)).toEqual([]);
  });

  it('whoever takes a proof away is in the audit', async () => {
    const { person, act, db, flow, tenant } = await begin();
    const ines = await person();
    await act(ines);
    await createProofDesk(flow).exportProof(tenant, ines, 'operator');
    expect(await db.selectFrom('audit').select(['actor', 'action', 'subject']).execute()).toEqual([{ actor: 'operator', action: 'consent.exported', subject: ines }]);
  });

  describe('signed heads', () => {
    it('are signed as they move, at most once an hour, and never change', async () => {
      const { person, act, db, flow, tenant, clock } = await begin();
      const ines = await person();
      await act(ines);
      expect([await signMovedHeads(flow), await signMovedHeads(flow)]).toEqual([1, 0]);
      await act(ines, { status: 'withdrawn' });
      expect(await signMovedHeads(flow)).toBe(0);
      clock.advance(3_600_000);
      expect([await signMovedHeads(flow), await signMovedHeads(flow)]).toEqual([1, 0]);
      expect((await listSignedHeads(db, tenant, 'consents', 10)).map(({ seq }) => seq)).toEqual([2, 1]);
      await expect(db.updateTable('signed_heads').set({ hash: 'x' }).execute()).rejects.toThrow(/append-only/);
    });

    it('are signed by the upkeep, without anybody asking', async () => {
      const { person, act, db, flow, tenant, clock } = await begin();
      await act(await person());
      const upkeep = createUpkeep(flow);
      clock.advance(60_000);
      await upkeep.turn();
      expect((await listSignedHeads(db, tenant, 'consents', 10)).map(({ seq }) => seq)).toEqual([1]);
    });

    it('go on with a new key; the old one still verifies what it signed, and signs no more', async () => {
      const { person, act, db, flow } = await begin();
      const ines = await person();
      await act(ines);
      const before = await bundleOf(stage, ines);
      const fresh = await rotateSigningKey(flow);
      const after = await bundleOf(stage, ines);
      const keys = await listSigningKeys(db);
      expect(keys.map(({ retired_at }) => retired_at === null).sort()).toEqual([false, true]);
      expect([verify(before, few.path).code, verify(after, few.path).code]).toEqual([0, 0]);
      expect(read(after, 'key.pem')).toBe(fresh.public_key);
      const trusted = join(few.path, `${fresh.id}.pem`);
      writeFileSync(trusted, fresh.public_key);
      expect(verify(after, few.path, ['--key', trusted])).toMatchObject({ code: 0, said: expect.stringContaining('Proven: it was signed with the key that you trust.') as string });
      expect(verify(before, few.path, ['--key', trusted]).code).toBe(1);
      await expect(db.deleteFrom('signing_keys').execute()).rejects.toThrow(/only ever retired/);
      await expect(db.updateTable('signing_keys').set({ retired_at: null }).where('id', '!=', fresh.id).execute()).rejects.toThrow(/only ever retired/);
    });

    it('are signed with one key by processes that begin at once', async () => {
      const database = await open();
      const stages = await openProofStage(database.db);
      const ines = await stages.person();
      await stages.act(ines);
      const peers = database.peers(3).map((db) => ({ ...stages.flow, db }));
      await Promise.all(peers.map((flow) => signHead(flow, stages.tenant, 'consents')));
      expect(await listSigningKeys(database.db)).toHaveLength(1);
      expect(await listSignedHeads(database.db, stages.tenant, 'consents', 10)).toHaveLength(1);
    });
  });
});
