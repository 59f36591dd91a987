import { describe, expect, it } from 'vitest';
import { planJourney } from '#core/mapping/journey';
import { parseMapping } from '#core/mapping/parse';
import type { EnvelopeView } from '#core/plan';
import { view } from './ground.ts';
import { parsed } from './reading.ts';

const textOf = (steps: string, rule = 'on: any') => `kind: journey\nrules:\n  - { id: one, title: One, ${rule}, steps: [${steps}] }\n`;
const planned = (steps: string, of: EnvelopeView = view, rule?: string): unknown[] => planJourney(parsed('journey', textOf(steps, rule)), of, 'completed').steps;
const both: EnvelopeView = { ...view, recipients: view.recipients.map((one, i) => ({ ...one, contact: String(i + 1) })) };

describe('an event step', () => {
  it('tells of each contact, with what the mapping says of them, where it says', () => {
    expect(planned('{ event: Signed, data: { Role: recipient.role, Count: size(recipients) }, in: marketing-cloud, consent: none }', both)).toEqual([
      { kind: 'event', event: 'Signed', data: { Role: 'Customer', Count: 2 }, in: 'marketing-cloud', contact: '1', rule: 'one', consent: 'none' },
      { kind: 'event', event: 'Signed', data: { Role: 'Countersigner', Count: 2 }, in: 'marketing-cloud', contact: '2', rule: 'one', consent: 'none' },
    ]);
  });
  it('may tell nothing but that it happened, through the CRM itself', () =>
    expect(planned('{ event: Signed, consent: none }')).toEqual([{ kind: 'event', event: 'Signed', data: {}, contact: '32', rule: 'one', consent: 'none' }]));
  it('heeds its condition and the roles of its rule', () => {
    expect(planned('{ event: Signed, consent: none, if: recipient.order == 2 }', both)).toMatchObject([{ contact: '2' }]);
    expect(planned('{ event: Signed, consent: none }', both, 'on: any, roles: [Customer]')).toMatchObject([{ contact: '1' }]);
    expect(planned('{ event: Signed, consent: none }', both, 'on: [sent]')).toEqual([]);
  });
  it('says the consent that it needs', () => expect(planned('{ event: News, consent: not-opted-out }')).toMatchObject([{ consent: 'not-opted-out' }]));
  it('of one who signs in two roles is one, as long as it tells the same', () => {
    const same = { ...view, recipients: view.recipients.map((one) => ({ ...one, contact: '5' })) };
    expect(planned('{ event: Signed, consent: none }', same)).toHaveLength(1);
    expect(planned('{ event: Signed, data: { Role: recipient.role }, consent: none }', same)).toHaveLength(2);
  });
});

describe('a list step', () => {
  it('gives members a status of their own, where the mapping says so', () => {
    const step = "{ list: Contracts, status: \"recipient.status == 'signed' ? 'Responded' : 'Sent'\", in: salesforce, consent: none }";
    const recipients = both.recipients.map((one, i) => ({ ...one, status: i === 0 ? ('signed' as const) : ('sent' as const) }));
    expect(planned(step, { ...both, recipients })).toEqual([
      { kind: 'list', list: 'Contracts', status: 'Responded', in: 'salesforce', contact: '1', rule: 'one', consent: 'none' },
      { kind: 'list', list: 'Contracts', status: 'Sent', in: 'salesforce', contact: '2', rule: 'one', consent: 'none' },
    ]);
  });
  it('has neither status nor other account unless it says so', () =>
    expect(planned('{ list: Contracts, consent: none }')).toEqual([{ kind: 'list', list: 'Contracts', contact: '32', rule: 'one', consent: 'none' }]));
});

it.each([
  ['the status of a member', '{ list: L, status: recipient.statsu, consent: none }', 'rules[0].steps[0].status', 'status'],
  ['what an event tells', '{ event: E, data: { Role: recipient.roel }, consent: none }', 'rules[0].steps[0].data.Role', 'role'],
  ['the condition of an event', '{ event: E, consent: none, if: recipient.laed == "" }', 'rules[0].steps[0].if', 'lead'],
])('%s is an expression that is checked, with its place and what was perhaps meant', (_what, step, path, suggestion) => {
  const result = parseMapping('journey', textOf(step));
  expect(result.ok ? [] : result.faults).toMatchObject([{ level: 'error', path, suggestion }]);
});

describe('a step that is none', () => {
  it.each([
    ['an event without a word on consent', '{ event: Signed }'],
    ['a list without a word on consent', '{ list: L, in: marketing-cloud }'],
    ['an account that no connector is called', '{ event: Signed, in: "Marketing Cloud!", consent: none }'],
    ['an event with the status of a list', '{ event: Signed, status: "\'Sent\'", consent: none }'],
    ['a property in another account', '{ set: { a: 1 }, in: marketing-cloud }'],
    ['an event without a name', '{ event: "", consent: none }'],
  ])('%s is a fault', (_what, step) => expect(parseMapping('journey', textOf(step)).ok).toBe(false));
});
