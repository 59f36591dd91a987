import { describe, expect, it } from 'vitest';
import { checkMapping, type Ground } from '#core/mapping/check';
import { preflight } from '#core/mapping/preflight';
import type { CrmSchema, FieldType } from '#core/records';
import { schema, templates } from './ground.ts';
import { parsed, sendText, shipped } from './reading.ts';

const ground: Ground = { schema, templates };
const check = (text: string, on = ground): string[] =>
  checkMapping({ send: parsed('send', text) }, on).map((fault) => `${fault.level} ${fault.line} ${fault.path}${fault.suggestion ? ` → ${fault.suggestion}` : ''}`);
const writes = (rule: string) => parsed('writeback', `kind: writeback\nrules:\n  - { id: a, title: A, ${rule} }\n`);
const field = (name: string, type: FieldType = 'text', options?: string[]) => ({ name, label: name, type, writable: true, ...(options ? { options } : {}) });
const checkWrite = (rule: string): string[] => checkMapping({ writeback: writes(rule) }, ground).map(({ say, suggestion }) => `${say}${suggestion ? ` → ${suggestion}` : ''}`);

describe('checkMapping', () => {
  it('finds nothing in the shipped mappings', () => {
    const set = { send: shipped('send'), writeback: shipped('writeback'), journey: shipped('journey') };
    expect(checkMapping(set, ground)).toEqual([]);
    expect(checkMapping(set, { schema: null, templates: null })).toEqual([]);
  });

  it('says nothing of what it does not know', () => {
    const text = sendText('    fields: { Nothing: deal.nothing }\n', 'template: Nowhere').replaceAll('Contract sent', 'Nowhere');
    expect(check(text, { schema: null, templates: null })).toEqual([]);
  });

  it('finds names that no account has, with their places', () => {
    const text = sendText('    if: deal.amonut > 0\n    fields: { DealNmae: deal.dealname }\n')
      .replace('stage: Contract sent', 'stage: Contract snet')
      .replace('role: Countersigner', 'role: Countersinger')
      .replace('contact: Signer', 'contact: Singer');
    expect(check(text)).toEqual([
      'error 6 rules[0].when.stage → Contract sent',
      'error 7 rules[0].template',
      'error 11 rules[0].recipients[0].from.contact → Signer',
      'error 12 rules[0].recipients[1].role → Countersigner',
      'error 14 rules[0].if → amount',
      'error 15 rules[0].fields.DealNmae → DealName',
    ]);
    expect(check(sendText('', 'template: Ordre form'))).toEqual(['error 7 rules[0].template → Order form']);
    expect(check(sendText().replace('pipeline: Sales pipeline', 'pipeline: Sale pipeline'))).toEqual(['error 6 rules[0].when.pipeline → Sales pipeline']);
  });

  it('takes ids for labels, and labels in any case', () => {
    expect(check(sendText('', 'template: tpl-order').replace('Contract sent', 'contractsent').replace('Sales pipeline', 'DEFAULT'.toLowerCase()))).toEqual([]);
    expect(check(sendText('', 'template: ORDER FORM').replace('Contract sent', 'CONTRACT SENT'))).toEqual([]);
  });

  it('wants every role of every template filled, and warns where that depends on a condition', () => {
    expect(check(sendText('', 'template: [{ if: deal.amount > 5, use: Master services agreement }, { use: Order form }]'))).toEqual(['error 7 rules[0].template[0].use']);
    expect(check(sendText().replace('from: owner', 'from: owner\n        if: deal.amount > 1'))).toEqual(['warning 7 rules[0].template']);
  });

  it('warns of a label that has a fallback, and of attribution that cannot be read', () => {
    expect(check(sendText().replace('{ contact: Signer }', '{ contact: Boss, else: primary }'))).toEqual(['warning 11 rules[0].recipients[0].from.contact']);
    expect(check(`${sendText()}attribution: { first_source: deal.utm_source }\n`)).toEqual(['warning 14 attribution.first_source']);
  });

  it('wants yes or no of a condition', () => {
    expect(check(sendText('    if: deal.amount\n'))).toEqual(['error 14 rules[0].if']);
    expect(check(sendText('    if: deal.is_renewal\n'))).toEqual([]);
  });

  it.each([
    ['record: deal, on: any, set: { esign_statsu: envelope.status }', 'A deal has no field "esign_statsu". → esign_status'],
    ['record: deal, on: any, set: { hs_analytics_source: envelope.status }', 'The deal field "hs_analytics_source" cannot be written: the CRM computes it or keeps it for itself.'],
    ['record: deal, on: any, set: { amount: envelope.status }', 'The field "amount" takes a number; this gives a text.'],
    ['record: deal, on: any, set: { esign_sent_at: size(recipients) }', 'The field "esign_sent_at" takes a date and time; this gives a number.'],
    ['record: deal, on: any, set: { esign_sent_at: "\'soon\'" }', 'The field "esign_sent_at" takes a date and time; "soon" is none.'],
    ['record: deal, on: any, set: { is_renewal: 1 }', 'The field "is_renewal" takes yes or no; this gives a number.'],
    ['record: deal, on: any, set: { deal_currency_code: "\'EURO\'" }', 'The field "deal_currency_code" has no option "EURO". → EUR'],
    ['record: contact, on: any, set: { esign_journey: envelope.status }', 'The field "esign_journey" has no option "requested".'],
    ['record: deal, on: any, set: { esign_reason: "\'a\'" }, once: { esign_reason: "\'b\'" }', '"esign_reason" is under set too. A field is written always or once, not both.'],
  ])('{ %s }', (rule, say) => expect(checkWrite(rule)).toEqual([say]));

  it.each([
    'record: contact, on: [sent, viewed], set: { esign_journey: envelope.status }',
    'record: deal, on: any, set: { dealstage: "\'closedwon\'", amount: 5, esign_reason: 5 }',
    'record: deal, on: any, set: { amount: "null" }',
  ])('accepts { %s }', (rule) => expect(checkWrite(rule)).toEqual([]));

  it('knows the attribution that the send mapping freezes, and its roles', () => {
    const send = parsed('send', `${sendText()}attribution: { first_source: deal.dealname }\n`);
    const writeback = writes('record: contact, roles: [Custmer], on: any, set: { firstname: attribution.frist_source }');
    expect(checkMapping({ send, writeback }, ground).map(({ path, suggestion, level }) => [path, suggestion, level])).toEqual([
      ['rules[0].roles[0]', 'Customer', 'warning'],
      ['rules[0].set.firstname', 'first_source', 'error'],
    ]);
  });
});

/** An account with a place for records of ours, and with leads apart from contacts. */
const roomy: CrmSchema = {
  ...schema,
  fields: {
    ...schema.fields,
    envelope: [field('Status__c'), field('Completed_At__c', 'datetime'), { ...field('Name'), writable: false }],
    recipient: [field('Role__c'), field('Signed_At__c', 'datetime')],
    lead: [field('Esign_Status__c', 'choice', ['sent', 'completed'])],
  },
};

describe('records that not every account has', () => {
  const say = (rule: string, on: CrmSchema) => checkMapping({ writeback: writes(rule) }, { schema: on, templates: null }).map((fault) => `${fault.path}: ${fault.say}`);

  it.each([
    'record: envelope, on: any, set: { Status__c: envelope.status, Completed_At__c: envelope.completedAt }',
    'record: recipient, on: any, set: { Role__c: recipient.role, Signed_At__c: recipient.signedAt }',
    'record: lead, on: [sent, completed], set: { Esign_Status__c: envelope.status }',
    'record: company, on: any, set: { name: envelope.company }',
  ])('are written where they are: { %s }', (rule) => expect(say(rule, roomy)).toEqual([]));

  it.each(['envelope', 'recipient', 'lead'])('are a fault where there is no %s: what to do is said, and the send is blocked rather than half told', (record) => {
    const rule = `record: ${record}, on: any, set: { a: "'x'" }`;
    const words = `rules[0].set.a: The account has no ${record} records that can be written. Correct the rule, or make them available to the connected user.`;
    expect(say(rule, schema)).toEqual([words]);
    expect(preflight(writes(rule), schema)).toMatchObject([{ code: 'writeback', path: 'rules[0].set.a' }]);
    expect(checkMapping({ writeback: writes(rule) }, { schema: null, templates: null })).toEqual([]);
  });

  it.each([
    ['record: envelope, on: any, set: { Statsu__c: envelope.status }', 'An envelope has no field "Statsu__c". → Status__c'],
    ['record: recipient, on: any, once: { Roel__c: recipient.role }', 'A recipient has no field "Roel__c". → Role__c'],
    ['record: envelope, on: any, set: { Name: envelope.id }', 'The envelope field "Name" cannot be written: the CRM computes it or keeps it for itself.'],
    ['record: lead, on: any, set: { Esign_Status__c: envelope.status }', 'The field "Esign_Status__c" has no option "requested".'],
    ['record: envelope, on: any, set: { Completed_At__c: size(recipients) }', 'The field "Completed_At__c" takes a date and time; this gives a number.'],
  ])('are checked like any other: { %s }', (rule, word) => {
    const [fault] = checkMapping({ writeback: writes(rule) }, { schema: roomy, templates: null });
    expect(`${fault?.say ?? ''}${fault?.suggestion ? ` → ${fault.suggestion}` : ''}`).toContain(word);
  });
});

describe('what a journey is told through', () => {
  const faults = (steps: string, targets?: string[]) =>
    checkMapping(
      { journey: parsed('journey', `kind: journey\nrules:\n  - { id: a, title: A, on: any, steps: [${steps}] }\n`) },
      { schema, templates, ...(targets ? { targets } : {}) },
    );

  it('has to be connected: the fault says which is not, and what was perhaps meant', () => {
    const steps = '{ list: L, consent: none }, { event: E, in: markting-cloud, consent: none }, { list: L, in: account-engagement, consent: none }';
    expect(faults(steps, ['hubspot', 'marketing-cloud']).map(({ level, path, line, say, suggestion }) => ({ level, path, line, say, suggestion }))).toEqual([
      {
        level: 'error',
        path: 'rules[0].steps[1].in',
        line: 3,
        say: 'No account of "markting-cloud" is connected. Connect one, or correct the name.',
        suggestion: 'marketing-cloud',
      },
      {
        level: 'error',
        path: 'rules[0].steps[2].in',
        line: 3,
        say: 'No account of "account-engagement" is connected. Connect one, or correct the name.',
        suggestion: undefined,
      },
    ]);
  });
  it('is well where it is, and nothing is said where it is not known', () => {
    const step = '{ event: E, in: marketing-cloud, consent: none }';
    expect(faults(step, ['marketing-cloud'])).toEqual([]);
    expect(faults(step)).toEqual([]);
    expect(faults(step, [])).toHaveLength(1);
  });
});

describe('preflight', () => {
  it('finds nothing where write-back will work', () => expect(preflight(shipped('writeback'), schema)).toEqual([]));

  it('gives a reason for each field that could not be written', () => {
    const bare: CrmSchema = { ...schema, fields: { ...schema.fields, deal: schema.fields.deal.filter(({ name }) => name !== 'esign_status') } };
    const reasons = preflight(shipped('writeback'), bare);
    expect(reasons).toMatchObject([{ code: 'writeback', path: 'rules[0].set.esign_status' }]);
    expect(reasons[0]?.say).toContain('A deal has no field "esign_status"');
  });
});
