import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSENT_CHANNELS, covers, decisive, isAllowed, presentState, type ConsentAct } from '#core/consent';

const NOW = 1_760_000_000_000;
const NEWS = { type: 'marketing', purpose: 'newsletter', channel: 'email' } as const;
const act = (over: Partial<ConsentAct> = {}): ConsentAct => ({ ...NEWS, status: 'granted', how: 'capture', capturedAt: NOW - 1000, seq: 1, expiresAt: null, ...over });

const anyAct = fc.record({
  type: fc.constantFrom('marketing' as const, 'terms' as const),
  purpose: fc.constantFrom('newsletter', 'events', null),
  channel: fc.constantFrom('email' as const, 'phone' as const, null),
  status: fc.constantFrom('granted' as const, 'declined' as const, 'withdrawn' as const),
  how: fc.constantFrom('envelope' as const, 'capture' as const, 'api' as const, 'import' as const, 'crm' as const),
  capturedAt: fc.integer({ min: NOW - 5, max: NOW }),
  expiresAt: fc.constantFrom(null, NOW - 1, NOW + 1),
});
const histories = fc.array(anyAct, { maxLength: 12 }).map((acts) => acts.map((one, seq): ConsentAct => ({ ...one, seq })));

describe('the present state', () => {
  it('is not there where nobody said anything, and nothing is allowed that asks for a grant', () => {
    expect(presentState([], NOW)).toEqual([]);
    expect(isAllowed({ channel: 'email', purpose: 'newsletter' }, [], NOW)).toBe(false);
    expect([isAllowed('not-opted-out', [], NOW), isAllowed('none', [], NOW)]).toEqual([true, true]);
  });
  it('a withdrawal wins over every act captured before it or in the same moment, in whatever order they are heard', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 0, max: 20 }), (acts, seq) => {
        const withdrawal = act({ status: 'withdrawn', capturedAt: NOW, seq });
        expect(decisive([...acts, withdrawal], NEWS)?.status).toBe('withdrawn');
        expect(isAllowed({ channel: 'email', purpose: 'newsletter' }, [...acts, withdrawal], NOW)).toBe(false);
        expect(isAllowed('not-opted-out', [...acts, withdrawal], NOW)).toBe(false);
      }),
    );
  });
  it('is lifted by a new act of the person alone, never by what others say of them', () => {
    const withdrawn = act({ status: 'withdrawn' });
    const after = (how: ConsentAct['how']) => isAllowed({ channel: 'email', purpose: 'newsletter' }, [withdrawn, act({ how, capturedAt: NOW, seq: 2 })], NOW);
    expect([after('envelope'), after('capture'), after('api'), after('import'), after('crm')]).toEqual([true, true, true, false, false]);
  });
  it('rests on the set of acts, not on the order in which they are given', () => {
    fc.assert(
      fc.property(histories, (acts) => {
        const sorted = (some: ConsentAct[]) =>
          presentState(some, NOW)
            .map((one) => JSON.stringify([one.topic, one.status]))
            .sort();
        expect(sorted([...acts].reverse())).toEqual(sorted(acts));
      }),
    );
  });
  it('never allows more than was granted: the deciding act is a grant about that very topic, in force, with no withdrawal after it', () => {
    fc.assert(
      fc.property(histories, fc.constantFrom(...CONSENT_CHANNELS), fc.constantFrom('newsletter', 'events'), (acts, channel, purpose) => {
        if (!isAllowed({ channel, purpose }, acts, NOW)) return;
        const topic = { type: 'marketing', purpose, channel } as const;
        const found = decisive(acts, topic);
        expect(found && covers(found, topic) && found.status === 'granted' && (found.expiresAt === null || found.expiresAt > NOW)).toBe(true);
        expect(acts.some((one) => covers(one, topic) && one.status === 'withdrawn' && one.capturedAt >= (found?.capturedAt ?? 0))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('types', () => {
  it('never imply each other', () => {
    for (const type of ['contract', 'electronic-records', 'privacy-notice', 'terms'] as const)
      expect(isAllowed({ channel: 'email', purpose: 'newsletter' }, [act({ type, purpose: null, channel: null })], NOW)).toBe(false);
  });
  it('a withdrawal from everything reaches every purpose and channel; a later grant lifts it for its own alone', () => {
    const all = act({ purpose: null, channel: null, status: 'withdrawn' });
    const again = act({ capturedAt: NOW, seq: 2 });
    expect(isAllowed({ channel: 'email', purpose: 'newsletter' }, [all, again], NOW)).toBe(true);
    expect(isAllowed({ channel: 'phone', purpose: 'newsletter' }, [act({ channel: 'phone', capturedAt: NOW - 2000 }), all, again], NOW)).toBe(false);
  });
  it('an expired grant allows nothing', () => {
    expect(isAllowed({ channel: 'email', purpose: 'newsletter' }, [act({ expiresAt: NOW })], NOW)).toBe(false);
    expect(presentState([act({ expiresAt: NOW })], NOW)).toMatchObject([{ status: 'expired' }]);
  });
});
