import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLICK_IDS, keyOfTouch, readTime, readTouches, TOUCH_LIMITS, type Touchpoint } from '#core/touch';

const NOW = 1_760_000_000_000;
const BEFORE = NOW - 1000;

function read(one: object): { touch: Touchpoint; notes: string[] } {
  const reading = readTouches([{ at: BEFORE, ...one }], NOW);
  if (!reading.ok) throw new Error(`${reading.path}: ${reading.say}`);
  const [touch] = reading.touches;
  if (!touch) throw new Error('One touchpoint was given.');
  return { touch, notes: reading.notes };
}

describe('what a touchpoint may say', () => {
  it('keeps click ids and drops what a query may tell of a person', () => {
    const { touch } = read({
      source: 'google',
      landingPage: 'https://user:secret@example.com/offer?email=ada@example.com#top',
      referrer: 'https://search.example.com/?q=ada+example',
      clickIds: { gclid: 'Cj0KCQ', ttclid: 'E.C.P' },
    });
    expect(touch).toEqual({
      at: BEFORE,
      source: 'google',
      landingPage: 'https://example.com/offer',
      referrer: 'https://search.example.com/',
      clickIds: { gclid: 'Cj0KCQ', ttclid: 'E.C.P' },
    });
  });

  it.each([
    ['an address in a value', { content: 'for ada@example.com today' }, { content: 'for (address) today' }],
    ['an address in a path', { landingPage: 'https://example.com/u/ada%40example.com/x' }, { landingPage: 'https://example.com/u/(address)/x' }],
    ['control characters', { source: 'new\u0000s\u001b[31mletter' }, { source: 'new s [31mletter' }],
    ['marks that turn the text', { source: 'a\u202Egnp.exe' }, { source: 'a gnp.exe' }],
    ['half a character', { source: 'a\uD83D' }, { source: 'a' }],
    ['a script as a page', { landingPage: 'javascript:alert(1)' }, {}],
    ['a number', { campaignId: 42 }, { campaignId: '42' }],
    ['nothing', { term: '', medium: null }, {}],
  ])('%s', (_what, given, kept) => expect(read(given).touch).toEqual({ at: BEFORE, ...kept }));

  it('markup stays text', () => expect(read({ source: '<script>alert(1)</script>' }).touch.source).toBe('<script>alert(1)</script>'));

  it('whatever comes: no value is longer than the limit, holds a control character or an address, and the ledger text can be read back', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 1200 }), fc.emailAddress(), fc.webUrl({ withQueryParameters: true, withFragments: true }));
    const given = fc.record({
      source: text,
      medium: text,
      campaign: text,
      content: text,
      landingPage: text,
      referrer: text,
      clickIds: fc.dictionary(fc.constantFrom(...CLICK_IDS), text),
    });
    fc.assert(
      fc.property(given, (one) => {
        const { touch } = read(one);
        const { at, clickIds = {}, ...values } = touch;
        expect(at).toBe(BEFORE);
        for (const value of [...Object.values(values), ...Object.values(clickIds)]) {
          expect([...String(value)].length).toBeLessThanOrEqual(TOUCH_LIMITS.valueChars);
          expect(String(value)).not.toMatch(/[\p{Cc}\p{Cs}]|[\w.+-]+@[\w-]+\.[a-z]{2,}/u);
        }
        for (const page of [touch.landingPage, touch.referrer]) if (page !== undefined) expect(page).toMatch(/^https?:\/\/[^?]*$/);
        expect(JSON.parse(JSON.stringify(touch))).toEqual(touch);
      }),
    );
  });

  it('says what it cut', () => {
    const { touch, notes } = read({ term: 'x'.repeat(TOUCH_LIMITS.valueChars + 1) });
    expect(touch.term).toHaveLength(TOUCH_LIMITS.valueChars);
    expect(notes).toEqual([`Touchpoint 1: term was longer than ${TOUCH_LIMITS.valueChars} characters and was cut.`]);
  });

  it('takes two hundred in one go and not one more', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => ({ at: BEFORE - index }));
    expect(readTouches(many(TOUCH_LIMITS.atOnce), NOW)).toMatchObject({ ok: true });
    expect(readTouches(many(TOUCH_LIMITS.atOnce + 1), NOW)).toMatchObject({ ok: false, say: expect.stringContaining('At most 200') as string });
  });

  it.each([[null], ['text'], [{}], [[null]], [[{}]], [[{ at: BEFORE, source: { a: 1 } }]], [[{ at: BEFORE, source: 'x'.repeat(TOUCH_LIMITS.rawChars + 1) }]]])(
    '%j is refused with a place',
    (given) => expect(readTouches(given, NOW)).toMatchObject({ ok: false }),
  );
});

describe('time', () => {
  it.each([
    ['2026-03-01T09:30:00Z', Date.UTC(2026, 2, 1, 9, 30)],
    ['2026-03-01T09:30:00.250+01:00', Date.UTC(2026, 2, 1, 8, 30, 0, 250)],
    ['2026-03-01T09:30:00.000+0000', Date.UTC(2026, 2, 1, 9, 30)],
    ['2026-03-01T09:30-11:00', Date.UTC(2026, 2, 1, 20, 30)],
    ['1760000000000', 1_760_000_000_000],
    [1_760_000_000_000, 1_760_000_000_000],
  ])('%s', (text, time) => expect(readTime(text)).toBe(time));

  it.each([
    '2026-03-01T09:30:00',
    '2026-03-01',
    '01/03/2026 09:30',
    '2026-02-30T09:30:00Z',
    '2026-03-01T25:30:00Z',
    'yesterday',
    '1760000000',
    1_760_000_000,
    Number.NaN,
    null,
    {},
  ])('%j names no moment', (value) => expect(readTime(value)).toBeNull());

  it('one moment told in two zones is one touchpoint', () => {
    const keys = ['2026-03-01T09:30:00+01:00', '2026-03-01T08:30:00Z', '2026-02-28T21:30:00-11:00'].map((at) => keyOfTouch('per_a', read({ at, source: 'x' }).touch));
    expect(new Set(keys).size).toBe(1);
    expect(keyOfTouch('per_b', read({ at: '2026-03-01T08:30:00Z', source: 'x' }).touch)).not.toBe(keys[0]);
  });

  it('the future is taken as now, said so, and told again it is the same touchpoint', () => {
    const later = NOW + 86_400_000;
    const { touch, notes } = read({ at: later, source: 'x' });
    expect([touch.at, touch.claimedAt, notes]).toEqual([NOW, later, ['Touchpoint 1: its time lies in the future; now was taken instead.']]);
    const again = readTouches([{ at: later, source: 'x' }], NOW + 5000);
    expect(again.ok && again.touches.map((one) => keyOfTouch('per_a', one))).toEqual([keyOfTouch('per_a', touch)]);
  });
});
