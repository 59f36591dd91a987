import { describe, expect, it } from 'vitest';
import { decide } from '#core/decide/decide';
import type { Situation } from '#core/decide/situation';
import { PRIORITY } from '#core/effect';
import { ENVELOPE_STATUSES, type EnvelopeStatus } from '#core/envelope';
import type { Fact } from '#core/fact';
import type { EnvelopeState, RecipientState } from '#core/state';
import { createStory, DAY, NO_POLICIES, NOW, recipient, rules, sent, SIGN, status } from './story.ts';

const OUT = sent().envelope;
const AT = NOW + 9;
const people = (...over: Partial<RecipientState>[]): RecipientState[] => OUT.recipients.map((one, place) => ({ ...one, ...over[place] }));
/** What is decided on one fact about an envelope that is out, with what is other than usual. */
function on(fact: Fact, envelope: Partial<EnvelopeState> | null = {}, over: Partial<Situation> = {}) {
  return decide(fact, { ...createStory().situate(fact), envelope: envelope && { ...OUT, ...envelope }, ...over });
}
const heard = (said: EnvelopeStatus, more: Parameters<typeof status>[1] = {}) => status(said, { at: AT, ...more });
const setOf = (decision: ReturnType<typeof on>) => decision.changes[0]?.set;
const recipientsOf = (decision: ReturnType<typeof on>) => Object.fromEntries(decision.changes[0]?.recipients ?? []);

describe('news of an envelope', () => {
  it('that is not ours, or known, moves nothing', () => {
    expect(on(heard('completed'), null)).toMatchObject({ outcome: 'noted', why: 'This envelope was not sent from here.' });
    expect(on(heard('sent'))).toMatchObject({ outcome: 'noted', why: 'Known already: the envelope is sent.', changes: [] });
  });

  it('that is of ids and times alone says so', () => {
    const decision = on(heard('sent', { times: { sent: NOW - 5, viewed: null } }));
    expect(decision).toMatchObject({ outcome: 'moved', why: "The provider's ids and times of it are known now." });
    expect(setOf(decision)).toEqual({ sentAt: NOW - 5 });
  });

  it('sets what has come about with it, and nothing else', () => {
    const sets = Object.fromEntries(ENVELOPE_STATUSES.map((one) => [one, setOf(on(heard(one, { reason: 'Because.' })))]));
    const closed = { closedAt: AT, reason: 'Because.' };
    expect(sets).toEqual({
      requested: undefined,
      failed: undefined,
      sent: undefined,
      viewed: { status: 'viewed', viewedAt: AT },
      partially_signed: { status: 'partially_signed', viewedAt: AT },
      completed: { status: 'completed', viewedAt: AT, completedAt: AT, ...closed },
      declined: { status: 'declined', ...closed },
      voided: { status: 'voided', ...closed },
      expired: { status: 'expired', ...closed },
    });
    expect(setOf(on(heard('declined', { reason: 'Because.' }), { reason: 'Ours.' }))).toEqual({ status: 'declined', closedAt: AT });
    expect(setOf(on(heard('declined')))).toEqual({ status: 'declined', closedAt: AT });
  });

  it('keeps the first id at the provider', () => {
    const requested = { status: 'requested', remote: null, sentAt: null } as const;
    expect(setOf(on(heard('requested'), requested))).toEqual({ remote: 'remote-1' });
    expect(setOf(on(heard('sent'), requested))).toEqual({ status: 'sent', remote: 'remote-1', sentAt: AT });
    expect(setOf(on(heard('viewed', { remote: 'remote-2' })))).toEqual({ status: 'viewed', viewedAt: AT });
    expect(setOf(on(heard('voided', { remote: null }), requested))).toEqual({ status: 'voided', closedAt: AT });
  });

  it('of one that failed lifts it, unless it says no more than that it was asked for', () => {
    const failed = { status: 'failed', closedAt: NOW, reason: 'The template is gone.', sentAt: null } as const;
    expect(setOf(on(heard('sent'), failed))).toEqual({ status: 'sent', closedAt: null, reason: null, sentAt: AT });
    const still = on(heard('requested', { recipients: [recipient('A', 'viewed', AT)] }), failed);
    expect([setOf(still), still.why]).toEqual([{}, 'A: viewed.']);
    const draft = on(heard('requested', { recipients: [recipient('A', 'sent', AT)] }), { status: 'requested', sentAt: null });
    expect(setOf(draft)).toEqual({});
  });

  it('has the provider’s times where it gives them, else those of the first message', () => {
    const times = { sent: NOW - 8, viewed: NOW - 7 };
    expect(setOf(on(heard('viewed', { times })))).toEqual({ status: 'viewed', sentAt: NOW - 8, viewedAt: NOW - 7 });
    expect(setOf(on(heard('completed', { times: { sent: null, viewed: null } }), { viewedAt: 5 }))).toEqual({ status: 'completed', completedAt: AT, closedAt: AT });
    const days = { policies: { ...NO_POLICIES, expiresAfterDays: 3 } };
    expect(setOf(on(heard('sent', { times }), days))).toEqual({ sentAt: NOW - 8, expiresAt: NOW - 8 + 3 * DAY, viewedAt: NOW - 7 });
    expect(setOf(on(heard('sent', { times }), { policies: null }))).toEqual({ sentAt: NOW - 8, viewedAt: NOW - 7 });
  });

  it('of a void that we asked for is a void, by whatever name', () => {
    expect(setOf(on(heard('expired'), { voidBy: 'console' }))?.status).toBe('voided');
    expect(setOf(on(heard('declined'), { voidBy: 'console' }))?.status).toBe('declined');
  });
});

describe('news of a recipient', () => {
  it('is of whoever has the role, else the id at the provider, else of nobody', () => {
    const known = { recipients: people({ remote: 'remote-A' }) };
    const unnamed = (remote: string) => ({ role: null, remote, status: 'sent' as const, at: null });
    expect(recipientsOf(on(heard('sent', { recipients: [recipient('B', 'sent')] }), known))).toEqual({ sgn_B: { status: 'sent', remote: 'remote-B' } });
    expect(recipientsOf(on(heard('sent', { recipients: [unnamed('remote-A')] }), known))).toEqual({ sgn_A: { status: 'sent' } });
    expect(on(heard('sent', { recipients: [unnamed('remote-X')] }), known).outcome).toBe('noted');
  });

  it('has its time once, of what it was heard of', () => {
    const of = (now: Partial<RecipientState>, said: RecipientState['status'], at: number | null = AT) =>
      recipientsOf(on(heard('sent', { recipients: [recipient('A', said, at)] }), { recipients: people({ remote: 'remote-A', ...now }) }))['sgn_A'];
    expect(of({}, 'viewed')).toEqual({ status: 'viewed', viewedAt: AT });
    expect(of({}, 'signed')).toEqual({ status: 'signed', signedAt: AT });
    expect(of({}, 'declined')).toEqual({ status: 'declined' });
    expect([of({}, 'viewed', null), of({}, 'signed', null)]).toEqual([{ status: 'viewed' }, { status: 'signed' }]);
    expect([of({ viewedAt: 5 }, 'viewed'), of({ signedAt: 5 }, 'signed')]).toEqual([{ status: 'viewed' }, { status: 'signed' }]);
    expect([of({ status: 'viewed' }, 'viewed'), of({ status: 'signed' }, 'signed')]).toEqual([{ viewedAt: AT }, { signedAt: AT }]);
  });

  it('that comes late does not date what came after it', () => {
    const late = (now: RecipientState['status'], said: RecipientState['status']) =>
      on(heard('partially_signed', { recipients: [recipient('A', said, AT)] }), {
        status: 'partially_signed',
        viewedAt: 1,
        recipients: people({ remote: 'remote-A', status: now }),
      });
    expect([late('signed', 'viewed'), late('viewed', 'sent'), late('declined', 'signed')].map(({ outcome }) => outcome)).toEqual(['noted', 'noted', 'noted']);
  });

  it('moves the envelope as far as all that is known of them says', () => {
    const decision = on(heard('sent', { recipients: [recipient('A', 'sent', AT)] }), { recipients: people({}, { status: 'signed' }) });
    expect(decision.why).toBe('The envelope went from sent to partially signed. A: sent.');
    expect(setOf(decision)?.status).toBe('partially_signed');
  });
});

describe('what follows', () => {
  const telling = rules({
    steps: (_view, moment) => [{ kind: 'task', subject: JSON.stringify(moment), body: '', rule: 'tell', consent: 'none' }],
    waits: (at) => [{ rule: `wait-${at}`, afterMs: 5 }],
    attachments: () => [{ record: { type: 'deal', id: 'deal-1' } }],
  });
  const kinds = (fact: Fact, envelope: Partial<EnvelopeState> = {}) => on(fact, envelope, { rules: telling }).effects.map(({ kind }) => kind);
  const subjects = (decision: ReturnType<typeof on>) => decision.effects.flatMap((effect) => (effect.kind === 'task.create' ? effect.data.subject : []));

  it('is a write at any news, and steps, waits and the document at a new status', () => {
    expect(kinds(heard('viewed'))).toEqual(['record.write', 'task.create', 'envelope.wait']);
    expect(kinds(heard('completed'))).toEqual(['record.write', 'document.attach', 'task.create']);
    expect(kinds(heard('sent', { times: { sent: 5, viewed: null } }))).toEqual(['record.write']);
    expect(kinds(heard('completed', { recipients: [recipient('A', 'signed', AT)] }), { status: 'completed', viewedAt: 1 })).toEqual(['record.write']);
    expect(kinds(heard('completed'), { consents: [{ role: 'A' }] as never })).toEqual(['record.write', 'document.attach', 'task.create', 'answers.read']);
    const viewed = on(heard('viewed'), {}, { rules: telling }).effects;
    expect(viewed[0]).toMatchObject({ priority: PRIORITY.event, envelope: 'env_1' });
    expect(viewed[2]).toMatchObject({ key: 'wait|env_1|viewed|wait-viewed', notBefore: NOW + 5 });
  });

  it('of mail that comes back is told once for each recipient, while there is something to sign', () => {
    const bounced = [recipient('A', 'bounced', AT), recipient('B', 'bounced', AT)];
    const decision = on(heard('sent', { recipients: bounced }), { recipients: people({ status: 'bounced' }) }, { rules: telling });
    expect(subjects(decision)).toEqual(['{"bounced":"B"}']);
    expect(decision.effects.map(({ kind }) => kind)).toEqual(['record.write', 'task.create']);
    expect(subjects(on(heard('declined', { recipients: bounced }), {}, { rules: telling }))).toEqual(['"declined"']);
    expect(subjects(on(heard('viewed', { recipients: bounced }), {}, { rules: telling }))).toEqual(['"viewed"', '{"bounced":"A"}', '{"bounced":"B"}']);
  });

  it('of an expiry is one more attempt, as often as the rule says, of a send that a stage began', () => {
    const retrying = { policies: { ...NO_POLICIES, retries: 2 } };
    const reads = (envelope: Partial<EnvelopeState>, fact = heard('expired')) => on(fact, envelope).effects.filter(({ kind }) => kind === 'deal.read');
    expect(reads({ ...retrying, attempt: 1 })).toMatchObject([
      { key: 'read|ins_crm|retry|env_1', priority: PRIORITY.event, data: { deal: 'deal-1', purpose: { kind: 'retry', envelope: 'env_1' } } },
    ]);
    expect(reads({ ...retrying, attempt: 2 })).toEqual([]);
    expect(reads({ ...retrying, intent: 'request|deal-1|stage|' })).toEqual([]);
    expect(reads({ policies: null })).toEqual([]);
    expect(reads(retrying, heard('voided'))).toEqual([]);
    expect(reads({ ...retrying, status: 'expired' }, heard('expired', { recipients: [recipient('A', 'sent', AT)] }))).toEqual([]);
  });

  it('is left out for want of consent, and said', () => {
    const asking = rules({ steps: () => [{ kind: 'list', contact: 'contact-a', list: 'News', rule: 'news', consent: { channel: 'email', purpose: 'newsletter' } }] });
    expect(on(heard('viewed'), {}, { rules: asking }).why).toBe(
      'The envelope went from sent to viewed. Without the consent that it asks for, the journey rule "news" was left out.',
    );
    expect(on(heard('viewed'), {}, { rules: asking })).not.toHaveProperty('suppressed');
  });
});

describe('what is asked for', () => {
  const failed: Fact = { type: 'envelope.create-failed', at: AT, data: { envelope: 'env_1', code: 'vendor.rejected', say: 'The template is gone.' } };
  const voidAsked: Fact = { type: 'envelope.void-requested', at: AT, data: { envelope: 'env_1', by: 'console' } };
  const remind: Fact = { type: 'envelope.remind-requested', at: AT, data: { envelope: 'env_1', by: 'console' } };

  it.each([failed, voidAsked, remind])('of an envelope that is not there is noted ($type)', (fact) => {
    if (fact.type !== 'envelope.remind-requested') expect(on(fact, null)).toMatchObject({ outcome: 'noted', why: 'There is no such envelope.' });
    else expect(on(fact, null)).toMatchObject({ outcome: 'noted' });
  });

  it('a create that failed ends what was only asked for', () => {
    const decision = on(failed, { status: 'requested' });
    expect(decision).toMatchObject({
      outcome: 'moved',
      why: 'The provider did not take it. The vendor refused the request. Read its message, correct the record or the mapping, then replay.',
    });
    expect(decision.changes).toEqual([{ envelope: 'env_1', set: { status: 'failed', reason: 'The template is gone.', closedAt: AT }, recipients: new Map() }]);
    for (const one of ENVELOPE_STATUSES.filter((status) => status !== 'requested')) expect(on(failed, { status: one }).outcome).toBe('noted');
  });

  it('a void is asked once of what is open', () => {
    expect(on(voidAsked).effects).toMatchObject([{ kind: 'envelope.void', priority: PRIORITY.click, data: { reason: '' } }]);
    expect(on(voidAsked, { voidBy: 'rule' }).why).toBe('A void was asked for already.');
    for (const one of ['failed', 'completed'] as const) expect(on(voidAsked, { status: one }).why).toBe(`It is ${one} already.`);
  });

  it('a reminder goes to whoever has to sign', () => {
    expect(on(remind)).toMatchObject({
      outcome: 'moved',
      effects: [{ kind: 'envelope.remind', key: `remind|env_1|${AT}`, install: SIGN.id, priority: PRIORITY.click, notBefore: NOW, data: { envelope: 'env_1' } }],
    });
    expect([on(remind, { remote: null }).outcome, on(remind, { status: 'declined' }).outcome]).toEqual(['noted', 'noted']);
  });
});
