import { describe, expect, it } from 'vitest';
import { ENVELOPE_STATUSES, isFinal } from '#core/envelope';
import type { Fact, FactData } from '#core/fact';
import { viewOf, waitingFor } from '#core/state';
import { createStory, DAY, dealRead, NO_POLICIES, NOW, plan, recipient, rules, sent, SIGN, status } from './story.ts';

const voidAsked = (by = 'console'): Fact => ({ type: 'envelope.void-requested', at: NOW, data: { envelope: 'env_1', by }, personal: { reason: 'Wrong price.' } });
const requested = () => {
  const story = createStory();
  story.hear(dealRead());
  return story;
};

describe('what a provider says', () => {
  it('of an envelope that was not sent from here is noted', () => expect(createStory().hear(status('completed', { envelope: null })).outcome).toBe('noted'));

  it('moves envelope and recipients, and tells CRM and journey once', () => {
    const story = sent();
    const { effects, why } = story.hear(status('completed', { at: NOW + 9, recipients: [recipient('A', 'signed', NOW + 7), recipient('B', 'signed', NOW + 8)] }));
    expect(story.envelope).toMatchObject({ status: 'completed', completedAt: NOW + 9, closedAt: NOW + 9, viewedAt: NOW + 9 });
    expect(effects.map(({ kind }) => kind)).toEqual(['record.write', 'journey.join']);
    expect(why).toBe('The envelope went from sent to completed. A: signed. B: signed.');
  });

  it('of the recipients alone moves the envelope as far as they say', () => {
    const story = sent();
    story.hear(status('sent', { recipients: [recipient('A', 'viewed', NOW + 2)] }));
    expect(story.envelope.status).toBe('viewed');
    const { why, effects } = story.hear(status('sent', { recipients: [recipient('A', 'signed', NOW + 3), recipient('B', 'sent', NOW + 3)] }));
    expect([why, ...effects.map((effect) => effect.why)].join(' ')).toMatch(/partially signed.*partially signed/);
    expect([why, ...effects.map((effect) => effect.why)].join(' ')).not.toContain('partially_signed');
    expect(story.envelope).toMatchObject({ status: 'partially_signed', recipients: [{ status: 'signed', signedAt: NOW + 3 }, { status: 'sent' }] });
    story.hear(status('sent', { recipients: [recipient('B', 'signed', NOW + 4)] }));
    expect(story.envelope.status).toBe('partially_signed');
  });

  it('of a recipient is matched by role, else by the id at the provider, else by nobody', () => {
    const story = sent();
    story.hear(status('sent', { recipients: [recipient('A', 'sent')] }));
    story.hear(
      status('sent', {
        recipients: [
          { role: null, remote: 'remote-A', status: 'viewed', at: NOW },
          { role: 'Nobody', remote: 'remote-X', status: 'signed', at: NOW },
        ],
      }),
    );
    expect(story.envelope.recipients.map((one) => one.status)).toEqual(['viewed', 'waiting']);
  });

  it('lets an envelope expire after the days of its rule, counted from when it went out', () => {
    const story = sent({ rules: rules({ plan: () => ({ send: true, plan: plan({ policies: { ...NO_POLICIES, expiresAfterDays: 3 } }) }) }) });
    expect(story.envelope).toMatchObject({ sentAt: NOW + 1, expiresAt: NOW + 1 + 3 * DAY });
  });

  it('in the words of a person is kept with the envelope, and not in the ledger', () => {
    const story = sent();
    const { why } = story.hear(status('declined', { reason: 'Ada Example will not pay that.' }));
    expect(story.envelope.reason).toBe('Ada Example will not pay that.');
    expect(why).not.toContain('Ada');
  });

  it.each(ENVELOPE_STATUSES.filter((one) => isFinal(one)))('after %s moves the envelope no more', (final) => {
    const story = sent();
    story.hear(status(final, { at: NOW + 5 }));
    const before = story.envelope;
    for (const heard of ENVELOPE_STATUSES) expect(story.hear(status(heard, { at: NOW + 6 }))).toMatchObject({ outcome: 'noted', effects: [] });
    expect(story.envelope).toEqual(before);
  });

  it('of a journey that asks for a consent which nobody gave makes no step, and says so', () => {
    const asking = rules({ steps: () => [{ kind: 'list', contact: 'contact-a', list: 'News', rule: 'news', consent: { channel: 'email', purpose: 'newsletter' } }] });
    expect(
      sent({ rules: asking })
        .effects()
        .filter(({ kind }) => kind.startsWith('journey.')),
    ).toEqual([]);
  });
});

describe('a void', () => {
  it('is asked of the provider once, ahead of other work', () => {
    const story = sent();
    expect(story.hear(voidAsked()).effects).toMatchObject([{ kind: 'envelope.void', install: SIGN.id, priority: 2, data: { envelope: 'env_1', reason: 'Wrong price.' } }]);
    expect(story.envelope).toMatchObject({ voidBy: 'console', status: 'sent' });
    expect(story.hear(voidAsked('another'))).toMatchObject({ outcome: 'noted', effects: [] });
  });

  it('before the envelope is out is asked of the provider as well, who may have it already, and only once', () => {
    const story = requested();
    expect(story.hear(voidAsked()).effects.map(({ kind }) => kind)).toEqual(['envelope.void']);
    expect(story.envelope).toMatchObject({ status: 'requested', voidBy: 'console' });
    expect(story.hear(status('sent', { seenBy: 'call' })).effects.map(({ kind }) => kind)).not.toContain('envelope.void');
  });

  it('before the envelope is out ends it where it never went out', () => {
    const story = requested();
    story.hear(voidAsked());
    story.hear(status('voided', { remote: null, seenBy: 'call' }));
    expect(story.envelope).toMatchObject({ status: 'voided', sentAt: null, reason: 'Wrong price.' });
  });

  it.each<['expired' | 'voided', boolean, string]>([
    ['expired', false, 'expired'],
    ['expired', true, 'voided'],
    ['voided', false, 'voided'],
    ['voided', true, 'voided'],
  ])('reported as %s, asked for by us: %s, is %s', (heard, asked, expected) => {
    const story = sent();
    if (asked) story.hear(voidAsked());
    story.hear(status(heard));
    expect(story.envelope).toMatchObject({ status: expected, voidBy: asked ? 'console' : null });
  });

  it('of what is final already is noted', () => {
    const story = sent();
    story.hear(status('completed'));
    expect(story.hear(voidAsked())).toMatchObject({ outcome: 'noted', effects: [] });
  });
});

describe('an envelope that the provider did not take', () => {
  const failed: Fact = { type: 'envelope.create-failed', at: NOW + 1, data: { envelope: 'env_1', code: 'vendor.rejected', say: 'The template is gone.' } };

  it('has failed, with the reason on the deal', () => {
    const story = requested();
    expect(story.hear(failed).effects).toMatchObject([{ kind: 'record.write', data: { set: { esign_status: 'failed', esign_reason: 'The template is gone.' } } }]);
    expect(story.envelope).toMatchObject({ status: 'failed', closedAt: NOW + 1 });
    expect(story.hear(failed).outcome).toBe('noted');
  });

  it('is not failed where it is known to be out', () => {
    const story = sent();
    expect(story.hear(failed)).toMatchObject({ outcome: 'noted', changes: [] });
  });
});

it('a reminder goes out while somebody has to sign, and each one that is asked for is one', () => {
  const remind = (at: number): Fact => ({ type: 'envelope.remind-requested', at, data: { envelope: 'env_1', by: 'console' } });
  const story = sent();
  expect([story.hear(remind(1)).fresh.length, story.hear(remind(1)).fresh.length, story.hear(remind(2)).fresh.length]).toEqual([1, 0, 1]);
  expect(requested().hear(remind(1)).outcome).toBe('noted');
  story.hear(status('completed'));
  expect(story.hear(remind(3)).outcome).toBe('noted');
});

it.each<Fact>([
  { type: 'deal.deleted', at: NOW, data: { deal: 'deal-1' } },
  { type: 'deal.read-failed', at: NOW, data: { deal: 'deal-1', code: 'vendor.not-found', effect: 'eff_1' } },
  { type: 'record.write-failed', at: NOW, data: { record: { type: 'deal', id: 'deal-1' }, fields: ['amount'], code: 'vendor.rejected', say: 'It is read-only.' } },
])('$type is noted and changes nothing', (fact) => expect(sent().hear(fact)).toMatchObject({ outcome: 'noted', effects: [], changes: [] }));

it("a CRM's erasure of a contact takes the personal data kept here", () => {
  expect(sent().hear({ type: 'person.erased', at: NOW, data: { contact: 'contact-a' } satisfies FactData['person.erased'] })).toMatchObject({
    outcome: 'moved',
    erase: 'contact-a',
    effects: [],
  });
});

describe('an envelope as expressions see it', () => {
  it('waits for those of the lowest order who have not signed, and for nobody once it is final', () => {
    const story = sent();
    expect(viewOf(story.envelope)).toMatchObject({ status: 'sent', waitingFor: ['A'], sentAt: new Date(NOW + 1).toISOString(), completedAt: null });
    story.hear(status('sent', { recipients: [recipient('A', 'signed', NOW)] }));
    expect(viewOf(story.envelope).waitingFor).toEqual(['B']);
    story.hear(status('completed'));
    expect(viewOf(story.envelope).waitingFor).toEqual([]);
    expect(waitingFor({ status: 'sent', recipients: [] })).toEqual([]);
  });
});
