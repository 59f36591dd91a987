import { describe, expect, it } from 'vitest';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import { chainUntil, type KnownTouch } from '#core/frozen-attribution';
import { buildReport, spreadOf, type ReportedEnvelope } from '#core/report';
import { lastDay, readAsk, sayDuration, writeDay } from '#core/report-ask';
import { stopOf, storyOf, type StatusFact } from '#core/report-story';

const NOW = 1_760_000_000_000;
const DAY = 86_400_000;
const fact = (at: number, status: EnvelopeStatus, ...recipients: RecipientStatus[]): StatusFact => ({
  at,
  data: { remote: 'r', envelope: null, status, seenBy: 'webhook', recipients: recipients.map((one, index) => ({ role: `role ${index}`, remote: String(index), status: one, at })) },
});

describe('how far an envelope came', () => {
  const facts = [fact(1, 'sent', 'sent', 'waiting'), fact(2, 'viewed', 'viewed'), fact(3, 'partially_signed', 'signed', 'sent')];
  it('is told by its facts, repeated or not, and whatever comes late', () => {
    expect(storyOf([...facts, ...facts, facts[0] as StatusFact])).toEqual({ status: 'partially_signed', viewedAt: 2, signed: 1 });
    expect(storyOf([fact(5, 'sent', 'signed')])).toEqual({ status: 'partially_signed', viewedAt: 5, signed: 1 });
    const timed = { ...fact(9, 'viewed', 'viewed'), data: { ...fact(9, 'viewed', 'viewed').data, times: { sent: 1, viewed: 4 } } };
    expect(storyOf([fact(1, 'sent'), timed]).viewedAt).toBe(4);
  });

  it.each([
    [[fact(1, 'sent', 'sent')], { stop: 'not-viewed', ending: 'open' }],
    [[fact(1, 'sent', 'sent'), fact(2, 'expired')], { stop: 'not-viewed', ending: 'ended' }],
    [[fact(1, 'viewed', 'viewed')], { stop: 'not-signed', ending: 'open' }],
    [[fact(1, 'declined', 'declined')], { stop: 'not-signed', ending: 'declined' }],
    [[fact(1, 'viewed', 'signed', 'sent')], { stop: 'partly-signed', ending: 'open' }],
    [[fact(1, 'viewed', 'signed', 'sent'), fact(2, 'voided')], { stop: 'partly-signed', ending: 'ended' }],
    [[fact(1, 'completed', 'signed', 'signed')], null],
  ] as const)('stops at %#', (some, stop) => expect(stopOf(storyOf(some))).toEqual(stop));
});

describe('times', () => {
  it('are a median and what nine of ten did not exceed', () => {
    expect(spreadOf([])).toEqual({ count: 0, medianMs: null, p90Ms: null });
    expect(spreadOf([5])).toEqual({ count: 1, medianMs: 5, p90Ms: 5 });
    expect(spreadOf([10, 1, 3, 2])).toEqual({ count: 4, medianMs: 3, p90Ms: 10 });
    expect(spreadOf(Array.from({ length: 100 }, (_, index) => index + 1))).toEqual({ count: 100, medianMs: 51, p90Ms: 90 });
  });
  it.each([
    [0, '< 1 s'],
    [1000, '1 s'],
    [61_000, '1 min 1 s'],
    [DAY * 3 + 4 * 3_600_000 + 5000, '3 d 4 h'],
    [3_600_000, '1 h'],
    [null, '–'],
  ])('%s ms: %s', (ms, said) => expect(sayDuration(ms)).toBe(said));
});

describe('a report', () => {
  const touches: KnownTouch[] = ['fair', 'mail', 'search', 'mail'].map((source, place) => ({ id: `tch_${place}`, place, via: 'capture', at: NOW - (10 - place) * DAY, source }));
  const data = { names: {}, deal: '9', rule: 'r', template: 'Contract', owner: '7', recipients: 1 };
  const one: ReportedEnvelope = {
    envelope: 'env_a',
    sentAt: NOW,
    sent: { ...data, ...chainUntil(touches.slice(0, 2), NOW), value: { minor: 1001, currency: 'EUR' } },
    signed: { at: NOW + 5000, data: { ...data, ...chainUntil(touches, NOW), value: { minor: 1001, currency: 'EUR' } } },
    story: { status: 'completed', viewedAt: NOW + 2000, signed: 1 },
  };
  const valueBy = (model: Parameters<typeof buildReport>[0]['model']) =>
    Object.fromEntries(buildReport({ by: 'source', model }, [one], touches).rows.map(({ key, value }) => [key, value[0]?.minor ?? 0]));
  it('shares the value among the touchpoints before the signature', () => {
    expect(valueBy('first')).toEqual({ fair: 1001 });
    expect(valueBy('last')).toEqual({ fair: 0, mail: 1001 });
    expect(valueBy('linear')).toEqual({ fair: 251, mail: 500, search: 250 });
    expect(valueBy('position')).toEqual({ fair: 401, mail: 500, search: 100 });
  });
  it('tells times from the first touch on, and drops what a clock made impossible', () => {
    const { total } = buildReport({ by: 'template', model: 'first' }, [one, { ...one, signed: null, story: { status: 'viewed', viewedAt: NOW - DAY, signed: 0 } }], touches);
    expect([total.touchToSend, total.sendToView, total.viewToSign].map(({ count, medianMs }) => [count, medianMs])).toEqual([
      [2, 10 * DAY],
      [1, 2000],
      [1, 3000],
    ]);
  });
});

describe('a period', () => {
  it('is whole days in UTC, the last one included; ninety of them where nobody says', () => {
    const ask = readAsk({}, Date.UTC(2026, 2, 31, 15));
    expect([writeDay(ask.from), lastDay(ask), ask.to - ask.from, ask.by, ask.model]).toEqual(['2026-01-01', '2026-03-31', 90 * DAY, 'source', 'first']);
    expect(readAsk({ from: '2026-02-01', to: '2026-02-01' }, NOW)).toMatchObject({ from: Date.UTC(2026, 1, 1), to: Date.UTC(2026, 1, 2) });
  });
  it.each([{ by: 'colour' }, { model: 'shapley' }, { from: '1.2.2026' }, { from: '2026-02-30' }, { from: '2026-03-01', to: '2026-02-01' }])(
    '%j is refused with what to say instead',
    (asked) => expect(() => readAsk(asked, NOW)).toThrow(/./),
  );
});
