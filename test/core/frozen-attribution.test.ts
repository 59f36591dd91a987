import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHAIN_IDS, chainUntil, corrected, creditedOf, fillNames, namesOf, touchesOfNames, withNames, type FrozenAttribution, type KnownTouch } from '#core/frozen-attribution';
import { readMoney, sayMoney, plainMoney } from '#core/money';
import { fieldsByRecord, isOverwritten } from '#core/overwrite';
import { snapshot } from './decide/story.ts';

const NOW = 1_760_000_000_000;
const DAY = 86_400_000;
const touch = (place: number, at: number, source = `source ${place}`): KnownTouch => ({ id: `tch_${place}`, place, via: 'capture', at, source });
const frozen = (...touches: KnownTouch[]): FrozenAttribution => ({
  ...chainUntil(touches, NOW),
  names: {},
  value: null,
  deal: '9',
  rule: 'contract',
  template: 'Contract',
  owner: null,
  recipients: 1,
});

describe('a chain', () => {
  it('holds what happened until the moment, in the order of time and then of the ledger, however it is given', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 30 }), fc.nat(), (times, by) => {
        const touches = times.map((minutes, place) => touch(place, NOW + minutes));
        const turned = [...touches.slice(by % (times.length || 1)), ...touches.slice(0, by % (times.length || 1))];
        const { first, last, chain } = chainUntil(turned, NOW);
        const expected = touches.filter(({ at }) => at <= NOW).sort((a, b) => a.at - b.at || a.place - b.place);
        expect(chain.ids).toEqual(expected.map(({ id }) => id));
        expect([first?.id, last?.id, chain.count]).toEqual([expected[0]?.id, expected.at(-1)?.id, expected.length]);
        expect(chain.hash).toBe(chainUntil(touches, NOW).chain.hash);
      }),
    ));

  it('has another hash once anything in it says something else', () => {
    const hash = (source: string) => chainUntil([touch(1, NOW - 5), touch(2, NOW - 3, source)], NOW).chain.hash;
    expect(hash('mail')).not.toBe(hash('mall'));
  });

  it('of a person with more than a row names keeps the first and the newest', () => {
    const many = Array.from({ length: CHAIN_IDS + 10 }, (_, place) => touch(place, NOW - 1_000_000 + place));
    const { chain } = chainUntil(many, NOW);
    expect([chain.count, chain.ids.length, chain.ids[0], chain.ids.at(-1)]).toEqual([CHAIN_IDS + 10, CHAIN_IDS, 'tch_0', `tch_${CHAIN_IDS + 9}`]);
  });
});

describe('names', () => {
  const known = namesOf(chainUntil([{ ...touch(1, NOW - DAY, 'fair'), medium: 'event', campaignId: 'c1' }, touch(2, NOW - 5, 'mail')], NOW));
  it('what the CRM says holds, touch by touch, and never half of one visit and half of another', () => {
    expect(fillNames({ first_source: 'PAID_SEARCH', last_at: '2026-01-01T00:00:00Z', value: '5' }, known)).toEqual({
      first_source: 'PAID_SEARCH',
      last_source: 'mail',
      last_at: new Date(NOW - 5).toISOString(),
      value: '5',
    });
    expect(fillNames({ first_at: '2020-01-01T00:00:00Z' }, known)).toMatchObject({
      first_source: 'fair',
      first_medium: 'event',
      first_campaign_id: 'c1',
      first_at: new Date(NOW - DAY).toISOString(),
    });
    expect(fillNames({ first_at: '2020-01-01T00:00:00Z', last_source: 'x' }, {})).toEqual({ first_at: '2020-01-01T00:00:00Z', last_source: 'x' });
  });

  it("a CRM's fields are touchpoints with their time; without one, dated when they were read", () => {
    expect(touchesOfNames({ first_source: 'A', first_at: '2026-01-02T03:04:05.000+0000', last_campaign: 'B', value: '1' }, Date.UTC(2026, 5, 1))).toEqual([
      { at: Date.UTC(2026, 0, 2, 3, 4, 5), source: 'A' },
      { at: Date.UTC(2026, 5, 1), dated: false, campaign: 'B' },
    ]);
    expect(touchesOfNames({ first_at: '2026-01-02T03:04:05Z' }, NOW)).toEqual([]);
  });

  it('tell the ends of a chain of which the ledger knows nothing', () => {
    const { first, last, chain } = withNames(chainUntil([], NOW), { last_source: 'REFERRALS', last_at: '2025-01-01T00:00:00Z' }, NOW);
    expect([first, last, chain.count]).toEqual([{ at: Date.UTC(2025, 0, 1), source: 'REFERRALS', id: null, via: 'crm' }, first, 0]);
    expect(withNames(chainUntil([], NOW), {}, NOW)).toMatchObject({ first: null, last: null });
  });
});

describe('a correction', () => {
  const three = [touch(1, NOW - 9), touch(2, NOW - 5), touch(3, NOW - 1)];
  const known = new Map(three.map((one) => [one.id, one] as const));
  const credited = (one: FrozenAttribution) => creditedOf(one, known).map(({ touch: { source } }) => source);
  it('replaces an end, and what lies between stays', () => {
    expect(credited(corrected(frozen(...three), { first: { at: NOW - 2, source: 'fair' } }))).toEqual(['fair', 'source 2', 'source 3']);
    expect(credited(corrected(frozen(...three), { last: { at: NOW - 8, source: 'fair' } }))).toEqual(['source 1', 'source 2', 'fair']);
  });
  it('of a single touchpoint corrects both ends, which are one', () => {
    const one = corrected(frozen(touch(1, NOW - 9)), { first: { at: NOW - 9, source: 'fair' } });
    expect([one.first?.source, one.last?.source, credited(one)]).toEqual(['fair', 'fair', ['fair']]);
    expect(credited(corrected(frozen(), { last: { at: NOW, source: 'fair' } }))).toEqual(['fair']);
  });
  it('changes no order: the first touch stays the first whatever its time', () => {
    const times = creditedOf(corrected(frozen(...three), { first: { at: NOW + DAY, source: 'late' } }), known).map(({ at, place }) => [at, place]);
    expect(times).toEqual(times.toSorted(([a = 0, x = 0], [b = 0, y = 0]) => a - b || x - y));
  });
});

describe('money', () => {
  it.each([
    ['48000', 'EUR', 4_800_000, 'EUR 48,000.00'],
    ['0.125', 'usd', 13, 'USD 0.13'],
    ['1234.5', 'JPY', 1235, 'JPY 1,235'],
    ['1.2345', 'KWD', 1235, 'KWD 1.235'],
    ['-12.3', 'EUR', -1230, 'EUR −12.30'],
    ['7', undefined, 700, '7.00'],
    ['7', 'no code', 700, '7.00'],
    ['0', 'EUR', 0, 'EUR 0.00'],
  ])('%s %s', (amount, currency, minor, said) => {
    const money = readMoney(amount, currency);
    expect([money?.minor, money && sayMoney(money)]).toEqual([minor, said]);
  });
  it.each(['', undefined, '1e21', 'NaN', '12,5', '1'.repeat(16), '99999999999999999'])('%j is no amount', (amount) => expect(readMoney(amount, 'EUR')).toBeNull());
  it('written and read again is the same', () =>
    fc.assert(
      fc.property(
        fc.maxSafeInteger().map((minor) => Math.trunc(minor / 1e4) || 0),
        fc.constantFrom('EUR', 'JPY', 'KWD', ''),
        (minor, currency) => {
          expect(readMoney(plainMoney({ minor, currency }), currency)).toEqual({ minor, currency });
        },
      ),
    ));
});

describe('an overwritten field', () => {
  it.each([
    ['PAID_SEARCH', 'PAID_SEARCH', false],
    ['PAID_SEARCH', 'OFFLINE', true],
    ['PAID_SEARCH', '', false],
    ['PAID_SEARCH', null, false],
    ['PAID_SEARCH', undefined, false],
    ['1000', 1000, false],
    ['1000', '1000.0', false],
    ['1000', '1001', true],
    ['2026-01-05T08:00:00Z', '2026-01-05T08:00:00.000Z', false],
    ['2026-01-05T08:00:00.123Z', '2026-01-05T08:00:00Z', false],
    ['2026-01-05T08:00:00Z', '2026-01-05T09:00:00.000+0100', false],
    ['2026-01-05T08:00:00Z', '1767600000000', false],
    ['2026-01-05T08:00:00Z', '2026-01-05T08:01:00Z', true],
    ['2026', 'spring', true],
  ])('%j now %j: %s', (before, now, yes) => expect(isOverwritten(before, now)).toBe(yes));

  it('is looked for in the deal, its contacts and its company', () => {
    const of = { ...snapshot(), contacts: [{ id: '5', fields: { a: 1 }, labels: [], primary: true }], company: { id: '7', fields: {} } };
    expect([...fieldsByRecord(of).keys()]).toEqual(['deal:deal-1', 'contact:5', 'company:7']);
  });
});
