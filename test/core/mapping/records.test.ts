import { describe, expect, it } from 'vitest';
import { planAttachments, planWrites } from '#core/mapping/writeback';
import { parseMapping } from '#core/mapping/parse';
import type { EnvelopeView } from '#core/plan';
import { view } from './ground.ts';
import { parsed } from './reading.ts';

const textOf = (...rules: string[]) => `kind: writeback\nrules:\n${rules.map((rule, i) => `  - { id: r${i}, title: R, ${rule} }\n`).join('')}`;
const writeback = (...rules: string[]) => parsed('writeback', textOf(...rules));
/** The first signer has an open lead, the second is no contact and has none. */
const withLead: EnvelopeView = { ...view, recipients: view.recipients.map((one, i) => ({ ...one, lead: i === 0 ? '00Q1' : null })) };
const blocked: EnvelopeView = { ...view, id: '', status: 'blocked', recipients: [], url: '', reason: 'No signer.' };

describe('records of our own', () => {
  it('are the envelope by its id, and each recipient by envelope and role, whether a contact or not', () => {
    const writes = planWrites(
      writeback('record: envelope, on: any, set: { Status: envelope.status }', 'record: recipient, on: any, set: { Role: recipient.role, Email_sent: recipient.order }'),
      view,
    );
    expect(writes).toEqual([
      { record: { type: 'envelope', id: 'env_1' }, set: { Status: 'completed' }, once: [] },
      { record: { type: 'recipient', id: 'env_1|Customer' }, set: { Role: 'Customer', Email_sent: 1 }, once: [] },
      { record: { type: 'recipient', id: 'env_1|Countersigner' }, set: { Role: 'Countersigner', Email_sent: 2 }, once: [] },
    ]);
  });

  it('do not exist for a send that was blocked: nothing is written to them, and the deal is told all the same', () => {
    const rules = ['record: envelope, on: any, set: { a: 1 }', 'record: recipient, on: any, set: { a: 1 }', 'record: deal, on: any, set: { a: envelope.reason }'];
    const anybody = { ...blocked, recipients: view.recipients };
    for (const of of [blocked, anybody]) expect(planWrites(writeback(...rules), of)).toEqual([{ record: { type: 'deal', id: '9001' }, set: { a: 'No signer.' }, once: [] }]);
  });

  it('heed the roles of a rule', () =>
    expect(planWrites(writeback('record: recipient, roles: [countersigner], on: any, set: { a: 1 }'), view).map(({ record }) => record.id)).toEqual(['env_1|Countersigner']));
});

describe('the company of a deal', () => {
  it('is written where the deal has one, once an envelope, whatever the number of signers', () => {
    const rule = writeback('record: company, on: any, set: { Last: envelope.id }, once: { First: envelope.id }');
    expect(planWrites(rule, view)).toEqual([{ record: { type: 'company', id: '51' }, set: { Last: 'env_1', First: 'env_1' }, once: ['First'] }]);
    expect(planWrites(rule, { ...view, company: null })).toEqual([]);
  });
});

describe('leads', () => {
  it('are those of the recipients who have one, and see their recipient', () => {
    const rule = writeback('record: lead, on: any, set: { Stage: recipient.status, Of: recipient.contact }');
    expect(planWrites(rule, withLead)).toEqual([{ record: { type: 'lead', id: '00Q1' }, set: { Stage: 'signed', Of: '32' }, once: [] }]);
    expect(planWrites(rule, view)).toEqual([]);
    expect(planWrites(writeback('record: lead, roles: [Countersigner], on: any, set: { a: 1 }'), withLead)).toEqual([]);
  });
  it('of one person who signs in two roles are written once', () => {
    const both = { ...view, recipients: view.recipients.map((one) => ({ ...one, lead: '00Q1' })) };
    expect(planWrites(writeback('record: lead, on: any, set: { a: 1 }'), both)).toHaveLength(1);
  });
});

describe('the signed document', () => {
  it('is kept with the one record of the rule, where there is one', () => {
    expect(planAttachments(writeback('record: deal, on: [completed], attach: signed-document'), view)).toEqual([{ record: { type: 'deal', id: '9001' } }]);
    expect(planAttachments(writeback('record: envelope, on: any, set: { a: 1 }, attach: signed-document'), view)).toEqual([{ record: { type: 'envelope', id: 'env_1' } }]);
    expect(planAttachments(writeback('record: company, on: any, attach: signed-document'), view)).toEqual([{ record: { type: 'company', id: '51' } }]);
    expect(planAttachments(writeback('record: company, on: any, attach: signed-document'), { ...view, company: null })).toEqual([]);
  });
  it('is kept nowhere unless a rule asks for it: a link is the default', () => {
    expect(planAttachments(writeback('record: deal, on: any, set: { a: 1 }'), view)).toEqual([]);
  });
  it('heeds statuses and conditions', () => {
    expect(planAttachments(writeback('record: deal, on: [sent], attach: signed-document'), view)).toEqual([]);
    expect(planAttachments(writeback('record: deal, on: any, if: envelope.template == "NDA", attach: signed-document'), view)).toEqual([]);
    expect(planAttachments(writeback('record: deal, on: any, if: envelope.template == "Order form", attach: signed-document'), view)).toHaveLength(1);
  });
  it.each(['recipient', 'contact', 'lead'])('is not kept with each %s: that is a fault, with its place', (record) => {
    const result = parseMapping('writeback', textOf(`record: ${record}, on: any, attach: signed-document`));
    expect(result.ok ? [] : result.faults).toMatchObject([{ path: 'rules[0].attach' }]);
  });
  it('is the only thing that may be kept, and a rule that does nothing is a fault', () => {
    expect(parseMapping('writeback', textOf('record: deal, on: any, attach: certificate')).ok).toBe(false);
    expect(parseMapping('writeback', textOf('record: deal, on: any')).ok).toBe(false);
  });
});

it.each([
  ['envelope', 'recipient.role'],
  ['company', 'recipient.lead'],
  ['recipient', 'recipient.laed'],
  ['lead', 'envelope.compnay'],
])('what is written to the %s sees no %s: that is a fault', (record, text) => {
  const result = parseMapping('writeback', textOf(`record: ${record}, on: any, set: { a: ${text} }`));
  expect(result.ok ? [] : result.faults).toMatchObject([{ level: 'error', path: 'rules[0].set.a' }]);
});

it.each(['deal', 'company', 'envelope'])('roles choose among recipients: for the one %s they are a fault', (record) => {
  const result = parseMapping('writeback', textOf(`record: ${record}, roles: [Customer], on: any, set: { a: 1 }`));
  expect(result.ok ? [] : result.faults).toMatchObject([{ path: 'rules[0].roles' }]);
});
