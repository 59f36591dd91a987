import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decisive } from '#core/consent';
import { consentSeenInCrm } from '#core/crm-consent';
import type { PersonState } from '#core/decide/situation';
import type { ConsentGiven, Fact } from '#core/fact';
import { Problem } from '#core/problem';
import { consentGiven } from '../../store/fixtures.ts';
import { createStory, CRM, NOW } from './story.ts';

const ANOTHER = 'ins_another';
const TOPIC = { type: 'marketing', purpose: 'newsletter', channel: 'email' } as const;

function person(given: readonly ConsentGiven[] = [], writes: PersonState['records'][number]['writes'] = ({ status }) => ({ consent: status })): PersonState {
  const both = [CRM.id, ANOTHER] as const;
  const contacts = both.map((install) => ({ install, contact: `contact-in-${install}` }));
  return {
    id: 'per_1',
    acts: given.map((act, seq) => ({ ...act, id: `cns_${seq}` as const, seq: seq + 1, textHash: act.text?.hash ?? null })),
    known: contacts,
    records: contacts.map((one) => ({ ...one, writes })),
    page: (id) => `https://connector.example.com/${id}`,
  };
}
const acted = (...acts: ConsentGiven[]): Fact<'consent.acted'> => ({ type: 'consent.acted', at: NOW, data: { person: 'per_1', contact: null, acts } });
const hear = (fact: Fact, known: PersonState) => createStory({ person: known }).hear(fact);
const told = (decision: ReturnType<typeof hear>, kind: string) => decision.effects.filter((effect) => effect.kind === kind).map(({ install }) => install);

describe('an act of consent', () => {
  test('is told to every account that keeps consent, and written to every CRM by its own mapping', () => {
    const decision = hear(acted(consentGiven({ capturedAt: NOW })), person());
    expect([told(decision, 'consent.tell'), told(decision, 'record.write')]).toEqual([
      [CRM.id, ANOTHER],
      [CRM.id, ANOTHER],
    ]);
  });
  test('goes at once where it is a withdrawal', () => {
    const decision = hear(acted(consentGiven({ status: 'withdrawn', capturedAt: NOW })), person());
    expect(decision.effects.map(({ notBefore, priority }) => [notBefore, priority])).toEqual(decision.effects.map(() => [NOW, 2]));
  });
  test('enters the ledger and is told although a mapping fails, of which the tenant hears', () => {
    const failing = person([], () => {
      throw new Problem('mapping.failed', { say: 'A field fails.' });
    });
    const decision = hear(acted(consentGiven({ capturedAt: NOW })), failing);
    expect([decision.consents?.acts.length, told(decision, 'consent.tell').length, told(decision, 'record.write').length, decision.alarm]).toEqual([1, 2, 0, 'A field fails.']);
  });
  test('that a withdrawal of the same report overtakes is neither told nor written', () => {
    const decision = hear(acted(consentGiven({ capturedAt: NOW - 1 }), consentGiven({ status: 'withdrawn', capturedAt: NOW })), person());
    expect(decision.consents?.acts.length).toBe(2);
    expect(decision.effects.flatMap((effect) => (effect.kind === 'record.write' ? [effect.data.set] : []))).toEqual([{ consent: 'withdrawn' }, { consent: 'withdrawn' }]);
  });
});

describe('what is seen in a CRM', () => {
  const seen = (status: ConsentGiven['status'], at = NOW) => consentSeenInCrm('contact', at, TOPIC, status, {});

  test('has the account as its source, which is not told of it and has its fields written', () => {
    const decision = hear(seen('withdrawn'), person([consentGiven({ capturedAt: NOW - 1 })]));
    expect(decision.consents?.acts).toMatchObject([{ act: { how: 'crm', source: CRM.id, status: 'withdrawn' } }]);
    expect([told(decision, 'consent.tell'), told(decision, 'record.write')]).toEqual([[ANOTHER], [CRM.id, ANOTHER]]);
  });
  test('means nothing where the person has said so already: it may be our own word coming back', () => {
    for (const status of ['granted', 'withdrawn'] as const) {
      const decision = hear(seen(status), person([consentGiven({ status, capturedAt: NOW - 5 })]));
      expect([decision.outcome, decision.effects, decision.consents]).toEqual(['noted', [], undefined]);
    }
  });
  test('never lifts a withdrawal of the person', () => {
    const acts = [consentGiven({ status: 'withdrawn', capturedAt: NOW - 5 })];
    const decision = hear(seen('granted'), person(acts));
    expect(decision.effects).toEqual([]);
  });
  test('leaves out who is not known here', () => {
    expect(createStory().hear(seen('withdrawn'))).toMatchObject({ outcome: 'noted', effects: [] });
  });
});

test('whatever was said before, systems are told of what counts now and of nothing else', () => {
  const act = fc.record({
    status: fc.constantFrom('granted' as const, 'declined' as const, 'withdrawn' as const),
    how: fc.constantFrom('capture' as const, 'import' as const, 'crm' as const),
    purpose: fc.constantFrom('newsletter', 'events', null),
    capturedAt: fc.integer({ min: NOW - 4, max: NOW }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 6 }), fc.array(act, { minLength: 1, maxLength: 3 }), (before, now) => {
      const known = person(before.map((one, index) => consentGiven({ ...one, source: `before-${index}` })));
      const given = now.map((one, index) => consentGiven({ ...one, source: `now-${index}` }));
      const decision = hear(acted(...given), known);
      const fresh = decision.consents?.acts ?? [];
      const all = [...known.acts, ...fresh.map(({ id, act: one }, index) => ({ ...one, id, seq: 100 + index }))];
      for (const effect of decision.effects) {
        if (effect.kind !== 'consent.tell') continue;
        const { topic, consent, status } = effect.data;
        expect(decisive(all, topic)).toMatchObject({ id: consent, status });
      }
    }),
  );
});
