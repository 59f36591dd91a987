import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectFile } from '#lib/root';
import type { PersonId } from '#core/ids';
import { listConsents, openIdentity, type Consent } from '#store/consents';
import { listAlarms } from '#store/alarms';
import { askingFor, CONSENT_TEXTS, NEWSLETTER_LIST, promoting } from '#src/cli/tour-consent-mappings';
import { envelopeOf, plantDeal, type TestDeal } from './deals.ts';
import { openWorld, type TestWorld } from './world.ts';

let test_: TestWorld;
const sendText = askingFor(projectFile('mappings/hubspot/send.yaml'), 'hubspot');

beforeAll(async () => {
  test_ = await openWorld();
  const { desk } = test_.world;
  const before = await desk.checkMappings(test_.tenant, { send: sendText });
  expect(before.filter(({ level }) => level === 'error').map(({ path }) => path)).toEqual(['rules[0].consents[0].text', 'rules[0].consents[1].text']);
  for (const text of CONSENT_TEXTS) await desk.publishText(test_.tenant, { ...text, validFrom: test_.clock.now() - 1000 }, 'test');
  expect(await desk.saveMapping(test_.tenant, 'send', sendText, 'asks for consent', 'test')).toMatchObject({ saved: true });
  expect(await desk.saveMapping(test_.tenant, 'journey', promoting(projectFile('mappings/hubspot/journey.yaml')), 'promotes', 'test')).toMatchObject({ saved: true });
}, 60_000);
afterAll(() => test_.stop());

async function sendTo(deal: TestDeal) {
  deal.move('contractsent');
  const remote = await deal.sent();
  await deal.becomes('sent');
  return remote;
}

async function signed(deal: TestDeal, ticked: string[], tamper?: (remote: string) => void) {
  const { envelopeId } = await sendTo(deal);
  tamper?.(envelopeId);
  test_.sandbox.docusign.sign(envelopeId, 'Customer', undefined, ticked);
  test_.sandbox.docusign.sign(envelopeId, 'Countersigner');
  await deal.becomes('completed');
  await test_.until('the answers to be read', async () => (await factsOf(deal)).some(({ type }) => type === 'envelope.answered'));
  await test_.settled();
  return envelopeId;
}

const factsOf = (deal: TestDeal) =>
  test_.db.selectFrom('facts').select(['type', 'why', 'data', 'outcome']).where('tenant', '=', test_.tenant).where('envelope', '=', envelopeOf(deal)).orderBy('seq').execute();

async function personOf(deal: TestDeal): Promise<PersonId> {
  const [found] = await deal.envelopes();
  const customer = found?.recipients.find(({ role }) => role === 'Customer');
  if (!customer) throw new Error('There is no customer.');
  return customer.person;
}
const rowsOf = async (deal: TestDeal): Promise<Consent[]> => listConsents(test_.db, test_.tenant, await personOf(deal));
const isMember = (deal: TestDeal) => test_.sandbox.hubspot.listMembers(NEWSLETTER_LIST)?.includes(deal.contact) ?? false;
const saidOf = (rows: readonly Consent[]) => rows.map(({ type, purpose, channel, status }) => [type, purpose, channel, status]);

describe('consent through an envelope', () => {
  test('a ticked box is granted for its own wording, with everything that proves it, and the journey that needs it begins', async () => {
    const deal = plantDeal(test_);
    const remote = await signed(deal, ['Newsletter', 'Terms']);
    const rows = await rowsOf(deal);
    expect(saidOf(rows)).toEqual([
      ['terms', null, null, 'granted'],
      ['marketing', 'newsletter', 'email', 'granted'],
    ]);
    const [, newsletter] = rows;
    if (!newsletter) throw new Error('There is no row.');
    const text = await test_.db.selectFrom('consent_texts').selectAll().where('name', '=', 'order-newsletter').executeTakeFirstOrThrow();
    expect(newsletter).toMatchObject({
      text: text.id,
      text_version: 1,
      text_hash: text.hash,
      how: 'envelope',
      envelope: envelopeOf(deal),
      source: test_.sign.id,
      jurisdiction: 'EU',
      locale: 'en',
    });
    expect(newsletter.document_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(newsletter.evidence)).toEqual({
      checkbox: 'Newsletter',
      hashField: 'NewsletterHash',
      role: 'Customer',
      template: test_.sandbox.docusign.envelopes().find(({ envelopeId }) => envelopeId === remote)?.templateId,
      providerEnvelope: remote,
      identified: 'mail-link',
    });
    expect(await openIdentity(test_.db, test_.world.flow.sealer, test_.tenant, newsletter)).toMatchObject({ email: expect.stringMatching(/^ada\./), method: 'mail-link' });
    expect(isMember(deal)).toBe(true);
  });

  test('the envelope carries the exact wording and its hash', async () => {
    const deal = plantDeal(test_);
    const remote = await sendTo(deal);
    const text = await test_.db.selectFrom('consent_texts').selectAll().where('name', '=', 'order-newsletter').executeTakeFirstOrThrow();
    expect(remote.recipients.find(({ role }) => role === 'Customer')?.fields).toMatchObject({ NewsletterHash: text.hash, NewsletterWording: text.wording.trimEnd() });
  });

  test('a box left empty is declined: the deal is won all the same, and the promotional journey is left out and said so', async () => {
    const deal = plantDeal(test_);
    await signed(deal, ['Terms']);
    expect(saidOf(await rowsOf(deal))).toEqual([
      ['terms', null, null, 'granted'],
      ['marketing', 'newsletter', 'email', 'declined'],
    ]);
    expect(deal.says('esign_status')).toBe('completed');
    expect(isMember(deal)).toBe(false);
    const answered = (await factsOf(deal)).find(({ type }) => type === 'envelope.answered');
    expect(answered?.why).toContain('Without the consent that it asks for, the journey rule "newsletter" was left out.');
  });

  test('terms alone never begin a newsletter, and a newsletter alone never accepts terms', async () => {
    const deal = plantDeal(test_);
    await signed(deal, ['Newsletter']);
    expect(saidOf(await rowsOf(deal)).map(([type, , , status]) => [type, status])).toEqual([
      ['terms', 'declined'],
      ['marketing', 'granted'],
    ]);
  });

  test.each([
    ['another wording', '0'.repeat(64), '0'.repeat(64)],
    ['no hash', '', 'none'],
    ['words instead of a hash', 'Ada Example was here', 'none'],
  ])('a signed form with %s is granted nothing, alarms and says so on the timeline without repeating what was typed', async (_, typed, shown) => {
    const deal = plantDeal(test_);
    await signed(deal, ['Newsletter', 'Terms'], (remote) => test_.sandbox.docusign.correct(remote, 'Customer', 'NewsletterHash', typed));
    expect(saidOf(await rowsOf(deal))).toEqual([['terms', null, null, 'granted']]);
    expect(isMember(deal)).toBe(false);
    const refused = (await factsOf(deal)).find(({ type }) => type === 'consent.refused');
    expect(refused?.why).toContain('"Newsletter" of Customer');
    expect(refused?.why).toContain(`signed ${shown})`);
    expect(JSON.stringify(refused)).not.toContain('Ada');
    expect(await listAlarms(test_.db)).toContainEqual(expect.objectContaining({ code: 'consent-wording-differs', subject: envelopeOf(deal) }));
  });

  test('other words under the hash that was sent are refused as well', async () => {
    const deal = plantDeal(test_);
    await signed(deal, ['Newsletter', 'Terms'], (remote) => test_.sandbox.docusign.correct(remote, 'Customer', 'TermsWording', 'Nothing applies.'));
    expect(saidOf(await rowsOf(deal))).toEqual([['marketing', 'newsletter', 'email', 'granted']]);
    const refused = (await factsOf(deal)).find(({ type }) => type === 'consent.refused');
    expect(refused?.why).toContain('the signed form shows other words than those that were sent');
  });

  test('a wording that is published later changes nothing of an envelope that is out', async () => {
    const deal = plantDeal(test_);
    const { envelopeId } = await sendTo(deal);
    const [text] = CONSENT_TEXTS.filter(({ name }) => name === 'order-terms');
    if (!text) throw new Error('There is no text.');
    const first = await test_.db.selectFrom('consent_texts').selectAll().where('name', '=', text.name).executeTakeFirstOrThrow();
    await test_.world.desk.publishText(test_.tenant, { ...text, wording: 'Other terms apply from today.', validFrom: test_.clock.now() }, 'test');
    test_.sandbox.docusign.sign(envelopeId, 'Customer', undefined, ['Terms']);
    test_.sandbox.docusign.sign(envelopeId, 'Countersigner');
    await deal.becomes('completed');
    await test_.until('the ledger', async () => (await rowsOf(deal)).length === 2);
    expect((await rowsOf(deal))[0]).toMatchObject({ text_version: 1, text_hash: first.hash });
  });

  test('what the provider passed on to somebody else is nobody’s consent', async () => {
    const deal = plantDeal(test_);
    await signed(deal, ['Newsletter', 'Terms'], (remote) => {
      const customer = test_.sandbox.docusign
        .envelopes()
        .find(({ envelopeId }) => envelopeId === remote)
        ?.recipients.find(({ role }) => role === 'Customer');
      if (customer) customer.email = 'somebody.else@example.com';
    });
    expect(await rowsOf(deal)).toEqual([]);
    const refused = (await factsOf(deal)).find(({ type }) => type === 'consent.refused');
    expect(refused?.why).toContain('somebody else signed in that role than was asked');
  });

  test('answers that cannot be read at once are read later, and recorded once', async () => {
    const deal = plantDeal(test_);
    const { envelopeId } = await sendTo(deal);
    test_.misbehave({ duplicate: 1, unavailable: 0.5, rateLimited: 0.2, lostReply: 0.2, maxPauseMs: 100 });
    test_.sandbox.docusign.sign(envelopeId, 'Customer', undefined, ['Newsletter', 'Terms']);
    test_.sandbox.docusign.sign(envelopeId, 'Countersigner');
    await test_.until('the ledger', async () => (await rowsOf(deal)).length > 0);
    test_.behave();
    await test_.settled();
    expect(await rowsOf(deal)).toHaveLength(2);
  });
});

describe('a send that cannot prove consent', () => {
  test('is blocked while no version of the wording is valid, with the reason on the deal', async () => {
    const { desk } = test_.world;
    const [text] = CONSENT_TEXTS;
    if (!text) throw new Error('There is no text.');
    await desk.publishText(test_.tenant, { ...text, name: 'later-terms', validFrom: test_.clock.now() + 86_400_000 * 365 }, 'test');
    await desk.saveMapping(test_.tenant, 'send', sendText.replace('text: order-terms', 'text: later-terms'), 'too early', 'test');
    const deal = plantDeal(test_);
    deal.move('contractsent');
    await deal.becomes('blocked');
    expect(deal.says('esign_reason')).toBe('No version of the consent text "later-terms" is valid now. Publish it, or correct its name in the mapping.');
    expect(deal.remote()).toEqual([]);
  });

  test('is refused as a mapping where the template lacks the checkbox or the hash', async () => {
    const faults = await test_.world.desk.checkMappings(test_.tenant, { send: sendText.replace('template: Order form with consent', 'template: Order form') });
    const errors = faults.filter(({ level, kind }) => level === 'error' && kind === 'send').map(({ path }) => path);
    expect(errors).toEqual(['checkbox', 'wording', 'hash', 'checkbox', 'wording', 'hash'].map((key, index) => `rules[0].consents[${index < 3 ? 0 : 1}].${key}`));
  });
});
