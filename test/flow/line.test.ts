import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { newId } from '#lib/ids';
import { storyLines } from '#src/cli/tour-timeline';
import { readStory } from '#store/view';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { app } from '#connectors/hubspot/sandbox/account';
import { envelopeOf, plantDeal, WORKFLOW, type TestDeal } from './deals.ts';
import { interceptSign, isSend, postCrm, postSign, stageEvent } from './wire.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

describe.each(['SQLite', 'PostgreSQL'] as const)('on %s', (name) => {
  let database: TestDatabase;
  let w: TestWorld;
  beforeAll(async () => {
    database = await openTestDatabase(name);
    w = await openWorld({ database: database.address, variables: { COUNTERSIGN_KEY: TEST_KEY } });
  });
  afterAll(async () => {
    await w.stop();
    await database.close();
  });

  const why = async (deal: TestDeal): Promise<string[]> =>
    (await w.db.selectFrom('facts').select('why').where('tenant', '=', w.tenant).where('deal', '=', deal.id).orderBy('seq').execute()).map((row) => row.why);

  /** Sends the deal's contract and waits until the deal says so. */
  async function sendContract(deal: TestDeal) {
    deal.move('contractsent');
    const remote = await deal.sent();
    await deal.becomes('sent');
    return remote;
  }

  test('a deal moves, everybody signs, the deal and its contact know', async () => {
    const deal = plantDeal(w);
    const { envelopeId } = await sendContract(deal);
    w.sandbox.docusign.sign(envelopeId, 'Customer');
    w.sandbox.docusign.sign(envelopeId, 'Countersigner');
    await deal.becomes('completed');
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    expect(deal.says('esign_signed_count')).toBe('2');
    expect(w.sandbox.hubspot.contact(deal.contact)?.properties['esign_journey']).toBe('signed');
    expect(w.sandbox.hubspot.listMembers('Countersign: signed')).toContain(deal.contact);
  });

  test('a webhook that comes before the answer of the call that caused it is understood', async () => {
    const deal = plantDeal(w);
    const restore = interceptSign(w, async (request, go) => {
      const reply = await go();
      if (isSend(request)) await w.until('the webhook', async () => (await deal.envelopes())[0]?.envelope.status === 'sent');
      return reply;
    });
    await sendContract(deal);
    await w.settled();
    restore();
    expect(deal.remote()).toHaveLength(1);
    expect((await deal.envelopes()).map(({ envelope }) => [envelope.status, envelope.remote])).toEqual([['sent', deal.remote()[0]?.envelopeId]]);
  });

  test('webhooks told twice, late and out of order end in the same state', async () => {
    w.misbehave({ duplicate: 1, reorder: 0.5, delay: 0.5, maxPauseMs: 2000 });
    const deal = plantDeal(w);
    const { envelopeId } = await sendContract(deal);
    w.sandbox.docusign.sign(envelopeId, 'Customer');
    w.sandbox.docusign.sign(envelopeId, 'Countersigner');
    await deal.becomes('completed');
    await w.settled();
    w.behave();
    const [found] = await deal.envelopes();
    expect(found?.envelope.status).toBe('completed');
    expect(found?.recipients.map(({ status }) => status)).toEqual(['signed', 'signed']);
    expect(deal.remote()).toHaveLength(1);
    expect(deal.says('esign_status')).toBe('completed');
  });

  test('whatever the order in which an envelope is heard of, it ends alike', async () => {
    const told = await messagesOfOne();
    const orders = fc.sample(fc.shuffledSubarray(told, { minLength: told.length }), { numRuns: 4, seed: 11 });
    for (const order of orders) {
      w.misbehave({ drop: 1 });
      const deal = plantDeal(w);
      await postCrm(w, [moved(deal)]);
      await deal.becomes('sent');
      const [found] = await deal.envelopes();
      for (const message of order)
        expect((await postSign(w, message.replaceAll('{remote}', found?.envelope.remote ?? '').replaceAll('{envelope}', found?.envelope.id ?? ''))).status).toBe(200);
      await w.settled();
      w.behave();
      const [after] = await deal.envelopes();
      expect(after?.envelope.status).toBe('completed');
      expect(after?.recipients.map(({ status }) => status)).toEqual(['signed', 'signed']);
      expect([deal.says('esign_status'), deal.says('esign_signed_count')]).toEqual(['completed', '2']);
    }
  });

  /** Moves the deal without a word of the sandbox, and gives back the event that tells of it. */
  function moved(deal: TestDeal): Record<string, unknown> {
    deal.move('contractsent', WORKFLOW);
    return stageEvent(w, deal.id, 'contractsent');
  }

  /** What the provider says of one envelope from its beginning to its end, with places for the ids of another. */
  async function messagesOfOne(): Promise<string[]> {
    const deal = plantDeal(w);
    const { envelopeId } = await sendContract(deal);
    w.sandbox.docusign.sign(envelopeId, 'Customer');
    w.sandbox.docusign.sign(envelopeId, 'Countersigner');
    await deal.becomes('completed');
    await w.settled();
    const deliveries = await w.db.selectFrom('deliveries').select('body').where('vendor', '=', 'docusign').execute();
    const texts = deliveries.map(({ body }) => Buffer.from(body ?? []).toString()).filter((text) => text.includes(envelopeId));
    expect(texts.length).toBeGreaterThan(6);
    return texts.map((text) => text.replaceAll(envelopeId, '{remote}').replaceAll(envelopeOf(deal), '{envelope}'));
  }

  test('our own write that comes back starts nothing', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent', app('1160452'));
    await w.until('the notice', async () => (await why(deal)).length > 0);
    await w.settled();
    expect(await why(deal)).toEqual(['This is our own write coming back.']);
    expect(deal.remote()).toEqual([]);
  });

  test('a stage that the deal has left again before it is read sends nothing', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent');
    deal.move('closedwon');
    await w.until('the read', async () => (await why(deal)).length >= 3);
    await w.settled();
    expect(deal.remote()).toEqual([]);
    expect(await deal.envelopes()).toEqual([]);
  });

  test('entering the stage again is a new intent, hearing of the old entry again is not', async () => {
    const deal = plantDeal(w);
    const first = stageEvent(w, deal.id, 'contractsent');
    await sendContract(deal);
    deal.move('proposal');
    await deal.becomes('voided');
    expect(deal.remote().map(({ status }) => status)).toEqual(['voided']);
    await sendContract(deal);
    await postCrm(w, [first]);
    await w.settled();
    expect(deal.remote().map(({ status }) => status)).toEqual(['voided', 'sent']);
    const intents = (await deal.envelopes()).map(({ envelope }) => envelope.intent);
    expect(new Set(intents).size).toBe(2);
  });

  test('a deal that goes back takes its envelope with it, and the story of the envelope tells why', async () => {
    const deal = plantDeal(w);
    await sendContract(deal);
    deal.move('proposal');
    await deal.becomes('voided');
    await w.settled();
    const [one] = await deal.envelopes();
    if (!one) throw new Error('The deal has an envelope.');
    const { facts, effects, receipts } = await readStory(w.db, w.tenant, { correlation: one.envelope.correlation, envelope: one.envelope.id });
    const told = facts.map((fact) => fact.why);
    const back = told.indexOf('The deal went back; the rule says to void the envelope that is out.');
    expect(told[back - 1]).toBe('An envelope of this deal is out, so the deal is read to see whether it went back.');
    expect(told.indexOf('The envelope went from sent to voided.')).toBeGreaterThan(back);
    expect(effects.filter(({ kind }) => kind === 'envelope.void')).toHaveLength(1);
    expect(receipts.filter(({ kind }) => kind === 'envelope.void').map(({ outcome }) => outcome)).toEqual(['done']);
    const lines = (await storyLines(w.world, w.tenant, one.envelope.id)).map(({ label, what }) => `${label}: ${what}`);
    expect(lines).toEqual(
      expect.arrayContaining(['Heard: A person moved the deal to “Proposal” in HubSpot', 'Decided: Void the envelope at DocuSign', 'Done: DocuSign voided the envelope']),
    );
    // Words, never the names that machines know.
    expect(lines.join('\n')).not.toMatch(/[a-z][._][a-z]/);
  });

  test('two automations and a click at once send one envelope', async () => {
    const deal = plantDeal(w);
    w.misbehave({ drop: 1 });
    const told = [
      moved(deal),
      stageEvent(w, deal.id, 'contractsent', { sourceId: 'enrollmentId:2' }),
      stageEvent(w, deal.id, 'contractsent', { changeSource: 'IMPORT', occurredAt: w.clock.now() + 1 }),
    ];
    await Promise.all([...told.map((event) => postCrm(w, [event])), w.world.desk.send(w.tenant, deal.id, { key: newId('cor'), by: 'a test' })]);
    await deal.sent();
    w.behave();
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    expect(await deal.envelopes()).toHaveLength(1);
  });

  test('the same click twice is one request', async () => {
    const deal = plantDeal(w);
    const request = { key: newId('cor'), by: 'a test' };
    await Promise.all([w.world.desk.send(w.tenant, deal.id, request), w.world.desk.send(w.tenant, deal.id, request)]);
    await deal.sent();
    await w.world.desk.send(w.tenant, deal.id, request);
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    expect((await why(deal)).filter((line) => line.startsWith('A person asked'))).toHaveLength(1);
  });

  test('an envelope that is out blocks another of the same template, and the deal still tells of the one that is out', async () => {
    const deal = plantDeal(w);
    await sendContract(deal);
    const out = envelopeOf(deal);
    await w.world.desk.send(w.tenant, deal.id, { key: newId('cor'), by: 'a test' });
    await w.until('the reason', () => deal.says('esign_reason')?.includes('already out'));
    await w.settled();
    expect(deal.remote()).toHaveLength(1);
    expect([deal.says('esign_status'), deal.says('esign_envelope_id')]).toEqual(['sent', out]);
    expect(deal.says('esign_sent_at')).not.toBeNull();

    await w.world.desk.void(w.tenant, out, 'Sent too early.', 'a test');
    await deal.becomes('voided');
    await w.world.desk.send(w.tenant, deal.id, { key: newId('cor'), by: 'a test' });
    await deal.becomes('sent');
    expect(deal.remote().map(({ status }) => status)).toEqual(['voided', 'sent']);
  });
});
