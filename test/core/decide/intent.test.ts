import { describe, expect, it } from 'vitest';
import { intentOf, requestIntent } from '#core/decide/intent';
import { isClosed, isFinal, isSettled, ENVELOPE_STATUSES, RECIPIENT_STATUSES } from '#core/envelope';
import { waitingFor, viewOf, type EnvelopeState, type RecipientState } from '#core/state';
import { NO_POLICIES, NOW, snapshot } from './story.ts';

describe('what makes two sends the same send', () => {
  const deal = snapshot({ pipeline: 'sales', stage: 'contract', enteredAt: 17 });

  it('is this entry into the stage, however it was heard', () => {
    expect(intentOf({ kind: 'stage', seenBy: 'webhook' }, deal, null)).toBe('stage|deal-1|sales|contract|17');
    expect(intentOf({ kind: 'stage', seenBy: 'reconcile' }, deal, null)).toBe('stage|deal-1|sales|contract|17');
    for (const other of [{ id: 'deal-2' }, { pipeline: 'other' }, { stage: 'won' }, { enteredAt: 18 }])
      expect(intentOf({ kind: 'stage', seenBy: 'webhook' }, snapshot({ ...deal.deal, ...other }), null)).not.toBe('stage|deal-1|sales|contract|17');
  });

  it('is the stage, once, where the CRM does not tell the time of entry', () =>
    expect(intentOf({ kind: 'stage', seenBy: 'webhook' }, snapshot({ enteredAt: null }), null)).toBe('stage|deal-1|sales|contract|once'));

  it("is a person's request by its key", () => {
    expect(intentOf({ kind: 'request', key: 'click' }, deal, null)).toBe('request|deal-1|click');
    expect(requestIntent('deal-1', 'click')).toBe('request|deal-1|click');
  });

  it('is the attempt after the one that expired', () => {
    expect(intentOf({ kind: 'retry', envelope: 'env_1' }, deal, { intent: 'stage|a', attempt: 1 })).toBe('stage|a|again-2');
    expect(intentOf({ kind: 'retry', envelope: 'env_1' }, deal, null)).toBe('|again-1');
  });
});

it('which states are final, closed and settled', () => {
  expect(ENVELOPE_STATUSES.filter(isFinal)).toEqual(['completed', 'declined', 'voided', 'expired']);
  expect(ENVELOPE_STATUSES.filter(isClosed)).toEqual(['failed', 'completed', 'declined', 'voided', 'expired']);
  expect(RECIPIENT_STATUSES.filter(isSettled)).toEqual(['signed', 'declined']);
});

describe('whose turn it is', () => {
  const recipient = (role: string, order: number, status: RecipientState['status']): RecipientState => ({
    id: `sgn_${role}`,
    role,
    order,
    status,
    contact: null,
    lead: null,
    remote: null,
    viewedAt: null,
    signedAt: null,
  });
  const state = (over: Partial<EnvelopeState>): EnvelopeState => ({
    id: 'env_1',
    sign: 'ins_sign',
    intent: 'stage|a',
    deal: 'deal-1',
    company: null,
    rule: 'contract',
    template: { id: 't', name: 'Contract' },
    provider: 'A provider',
    remote: 'r',
    status: 'sent',
    pipeline: 'sales',
    stage: 'contract',
    attempt: 0,
    voidBy: null,
    reason: null,
    policies: NO_POLICIES,
    attribution: {},
    requestedAt: NOW,
    sentAt: null,
    viewedAt: null,
    completedAt: null,
    closedAt: null,
    expiresAt: null,
    recipients: [recipient('A', 1, 'sent')],
    owner: null,
    url: '',
    ...over,
  });

  const out = (recipients: RecipientState[]) => waitingFor({ status: 'partially_signed', recipients });

  it('is of all at the lowest order where somebody is still to sign', () => {
    expect(out([recipient('A', 1, 'signed'), recipient('B', 2, 'declined'), recipient('C', 3, 'viewed'), recipient('D', 3, 'waiting'), recipient('E', 4, 'waiting')])).toEqual([
      'C',
      'D',
    ]);
    expect(out([recipient('A', 1, 'declined'), recipient('B', 1, 'signed')])).toEqual([]);
  });

  it('is of nobody before it goes out and after its end', () =>
    expect(ENVELOPE_STATUSES.filter((status) => viewOf(state({ status })).waitingFor.length > 0)).toEqual(['sent', 'viewed', 'partially_signed']));

  it('an envelope without a reason shows an empty text, and times that are not known are null', () => {
    expect(viewOf(state({}))).toMatchObject({ reason: '', sentAt: null, requestedAt: '2025-10-09T08:53:20.000Z' });
    expect(viewOf(state({ reason: 'Another price.' })).reason).toBe('Another price.');
  });
});
