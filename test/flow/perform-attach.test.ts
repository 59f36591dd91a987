import { describe, expect, it } from 'vitest';
import { sha256 } from '#lib/hmac';
import { Problem } from '#core/problem';
import { eachDatabase } from '../store/databases.ts';
import { ADA, dump } from '../store/fixtures.ts';
import { lostReply, notNow, openStage, type Stage, type StageOptions } from './perform-stage.ts';
import type { TestDatabase } from '../store/databases.ts';

const BYTES = new TextEncoder().encode('%PDF the signed words of Ada');

/** A completed envelope whose document is to be kept with its deal. */
async function asked(database: TestDatabase, options: StageOptions = {}, remote: string | null = 'remote-1'): Promise<Stage & { id: `env_${string}` }> {
  const stage = await openStage(database, options);
  const id = await stage.envelope([ADA], remote);
  await stage.ask('document.attach', { record: { type: 'deal', id: 'deal-1' }, envelope: id }, id);
  return { ...stage, id };
}

eachDatabase((_name, open) => {
  it('is fetched from the provider and kept with the record; the receipt can prove which it was', async () => {
    const w = await asked(await open());
    await w.turn();
    expect(w.asked.documents).toEqual(['remote-1']);
    expect(w.asked.attached).toEqual([{ record: { type: 'deal', id: 'deal-1' }, name: 'Order form (signed).pdf', type: 'application/pdf', bytes: BYTES, key: `${w.id}|deal` }]);
    const [receipt] = await w.receipts();
    expect([await w.states(), receipt]).toMatchObject([['done'], { kind: 'document.attach', outcome: 'done', remote: 'file-1', envelope: w.id }]);
    expect(JSON.parse(receipt?.detail ?? '{}')).toMatchObject({ sha256: sha256(BYTES), bytes: BYTES.length });
  });

  it('passes through and stays nowhere here', async () => {
    const w = await asked(await open());
    await w.turn();
    const all = (await dump(w.db)).join('\n');
    expect(await w.states()).toEqual(['done']);
    for (const form of ['signed words', Buffer.from(BYTES).toString('base64'), Buffer.from(BYTES).toString('hex')]) expect(all).not.toContain(form);
  });

  it('whose answer got lost is sent again under the same key, by which the CRM finds what it has', async () => {
    const w = await asked(await open());
    w.does.attach = async () => Promise.reject(lostReply());
    await w.turn();
    expect(await w.states()).toEqual(['ready vendor.lost-reply']);
    w.does.attach = async () => ({ id: 'file-1' });
    await w.later();
    expect([await w.states(), w.asked.attached.map(({ key }) => key)]).toEqual([['done'], [`${w.id}|deal`, `${w.id}|deal`]]);
  });

  it('that is not what was sent, once it is kept there, is a dead letter', async () => {
    const w = await asked(await open());
    w.does.attach = async () => Promise.reject(new Problem('vendor.odd-answer'));
    await w.turn();
    expect(await w.states()).toEqual(['parked vendor.odd-answer']);
  });

  it.each([
    ['a CRM that keeps none', 'attach', 'a-crm keeps no documents'],
    ['a provider that gives out none', 'document', 'a-signer does not give out signed documents'],
  ] as const)('asked of %s is a dead letter that says what to change, and nothing is fetched for it', async (_what, slot, words) => {
    const w = await asked(await open(), { without: [slot] });
    await w.turn();
    expect([await w.states(), w.asked.documents, w.asked.attached]).toEqual([['parked feature.unsupported'], [], []]);
    expect((await w.effects())[0]?.error).toContain(words);
  });

  it('of an envelope that the provider never had is a dead letter too', async () => {
    const w = await asked(await open(), {}, null);
    await w.turn();
    expect([await w.states(), w.asked.documents]).toEqual([['parked feature.unsupported'], []]);
  });

  describe('that the provider does not give', () => {
    it('for the moment is asked for again, and the CRM is not called', async () => {
      const w = await asked(await open());
      w.does.document = async () => Promise.reject(notNow());
      await w.turn();
      expect([await w.states(), w.asked.attached]).toEqual([['ready vendor.unavailable'], []]);
      w.does.document = async () => BYTES;
      await w.later();
      expect(await w.states()).toEqual(['done']);
    });

    it('because its permission is gone flags the provider, and never the CRM, whose other work goes on', async () => {
      const w = await asked(await open());
      w.does.document = async () => Promise.reject(new Problem('install.unauthorized'));
      await w.ask('record.write', { record: { type: 'deal', id: 'deal-1' }, set: { status: 'completed' } }, null);
      await w.turn();
      expect(await w.installs()).toMatchObject({ 'a-crm': 'active', 'a-signer': 'reauthorize' });
      const [document, write] = await w.effects();
      expect([document?.state, write?.state]).toEqual(['ready', 'done']);
      // Once the provider is connected again it goes on by itself.
      await w.db.updateTable('installs').set({ state: 'active' }).where('vendor', '=', 'a-signer').execute();
      w.does.document = async () => BYTES;
      await w.later();
      expect(await w.states()).toEqual(['done', 'done']);
    });

    it("before a pause waits for it, and the CRM's lane stays open", async () => {
      const w = await asked(await open());
      w.does.document = async () => Promise.reject(new Problem('vendor.rate-limited', { retryAfterMs: 600_000 }));
      await w.turn();
      await w.ask('record.write', { record: { type: 'deal', id: 'deal-1' }, set: { status: 'completed' } }, null);
      await w.turn();
      const [document, write] = await w.effects();
      expect([document?.state, document?.run_at, write?.state]).toEqual(['ready', w.clock.now() + 600_000, 'done']);
    });
  });
});
