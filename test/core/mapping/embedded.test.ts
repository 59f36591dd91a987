import { describe, expect, it } from 'vitest';
import { planSend } from '#core/mapping/send';
import type { SendRequest } from '#core/fact';
import { schema, snapshot, templates } from './ground.ts';
import { shipped } from './reading.ts';

/** Roles in routing order, with whether they sign at once. */
function planned(request: Partial<SendRequest>): [string, boolean][] {
  const decision = planSend(shipped('send'), { snapshot, schema, templates, trigger: { kind: 'request', request: { key: 'k', by: 'sam', rule: 'contract-sent', ...request } } });
  if (!decision.send) throw new Error(JSON.stringify(decision.reasons));
  return decision.plan.recipients.map(({ role, embedded }) => [role, embedded === true]);
}
const recipients = [
  { role: 'Customer', name: 'Vera Kowalski', email: 'Vera.Kowalski@example.com' },
  { role: 'Countersigner', name: 'Sam Field', email: 'sam.field@example.com' },
];

describe('whoever is here', () => {
  it('signs at once, whatever the case of their address', () =>
    expect(planned({ recipients, embedded: 'vera.kowalski@EXAMPLE.com' })).toEqual([
      ['Customer', true],
      ['Countersigner', false],
    ]));
  it('is mailed if others sign before them, because nobody would call them back', () =>
    expect(planned({ recipients, embedded: 'sam.field@example.com' })).toEqual([
      ['Customer', false],
      ['Countersigner', false],
    ]));
  it('changes nothing where they are no recipient, or where nobody is here', () => {
    for (const embedded of [{ embedded: 'else@example.com' }, { embedded: '' }, {}])
      expect(planned({ recipients, ...embedded })).toEqual([
        ['Customer', false],
        ['Countersigner', false],
      ]);
  });
});
