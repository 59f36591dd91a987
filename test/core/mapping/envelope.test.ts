import { describe, expect, it } from 'vitest';
import { planJourney } from '#core/mapping/journey';
import { planWrites } from '#core/mapping/writeback';
import { STATUSES } from '#core/mapping/schema';
import type { EnvelopeView } from '#core/plan';
import { Problem } from '#core/problem';
import { view } from './ground.ts';
import { parsed, shipped } from './reading.ts';

const writeback = (...rules: string[]) => parsed('writeback', `kind: writeback\nrules:\n${rules.map((rule, i) => `  - { id: r${i}, title: R, ${rule} }\n`).join('')}`);
const journey = (rule: string) => parsed('journey', `kind: journey\nrules:\n  - { id: one, title: One, ${rule} }\n`);
const twoContacts: EnvelopeView = { ...view, recipients: view.recipients.map((recipient, i) => ({ ...recipient, contact: String(i + 1) })) };

describe('planWrites', () => {
  it('writes deal and contacts, one write a record', () => {
    const writes = planWrites(shipped('writeback'), view);
    expect(writes.map(({ record }) => record)).toEqual([
      { type: 'deal', id: '9001' },
      { type: 'contact', id: '32' },
    ]);
    expect(writes[0]?.set).toMatchObject({ esign_status: 'completed', esign_signed_count: 2, esign_waiting_for: '', esign_first_touch_source: 'PAID_SEARCH' });
    expect(writes[1]?.set).toEqual({ esign_last_status: 'completed', esign_last_envelope_id: 'env_1', esign_last_change_at: '2026-03-02T12:00:00.000Z' });
  });
  it('marks what is written once, and leaves out what is empty', () => {
    const once = planWrites(shipped('writeback'), view)[0]?.once ?? [];
    expect(once).toEqual(['esign_first_touch_source', 'esign_first_touch_campaign', 'esign_first_touch_at', 'esign_last_touch_source']);
  });
  it('writes a blocked send to the deal alone', () => {
    const blocked: EnvelopeView = { ...view, status: 'blocked', recipients: [], attribution: {}, sentAt: null, reason: 'Ada has no e-mail address.' };
    expect(planWrites(shipped('writeback'), blocked)).toMatchObject([
      { record: { type: 'deal' }, set: { esign_status: 'blocked', esign_reason: 'Ada has no e-mail address.', esign_sent_at: null }, once: [] },
    ]);
  });
  it('heeds statuses, conditions and roles', () => {
    expect(planWrites(writeback('record: deal, on: [sent], set: { a: 1 }'), view)).toEqual([]);
    expect(planWrites(writeback('record: deal, on: any, if: envelope.status == "sent", set: { a: 1 }'), view)).toEqual([]);
    expect(planWrites(writeback('record: contact, roles: [customer], on: any, set: { a: recipient.role }'), twoContacts)).toEqual([
      { record: { type: 'contact', id: '1' }, set: { a: 'Customer' }, once: [] },
    ]);
  });
  it('lets the later rule hold, and always over once', () => {
    const writes = planWrites(writeback('record: deal, on: any, once: { a: 1, b: 1 }', 'record: deal, on: any, set: { a: 2 }', 'record: deal, on: any, once: { a: 3 }'), view);
    expect(writes).toEqual([{ record: { type: 'deal', id: '9001' }, set: { a: 2, b: 1 }, once: ['b'] }]);
  });
  it('fails as a problem with its place', () => {
    const broken = writeback('record: deal, on: any, set: { a: "dateValue(envelope.rule)" }');
    expect(() => planWrites(broken, view)).toThrow(Problem);
    expect(() => planWrites(broken, view)).toThrow(/^rules\[0\]\.set\.a failed/);
  });
  it.each(STATUSES)('the shipped mapping can write "%s"', (status) => expect(planWrites(shipped('writeback'), { ...view, status })[0]?.set.esign_status).toBe(status));
});

describe('planJourney', () => {
  it('sets a property and joins a list, with the consent that each needs', () => {
    expect(planJourney(shipped('journey'), view, 'completed').steps).toEqual([
      { kind: 'set', contact: '32', set: { esign_journey: 'signed' }, rule: 'signed', consent: 'none' },
      { kind: 'list', contact: '32', list: 'Countersign: signed', rule: 'signed', consent: 'none' },
    ]);
  });
  it('gives the owner a task for a refusal', () => {
    const steps = planJourney(shipped('journey'), { ...view, status: 'declined', reason: 'Wrong price.' }, 'declined').steps;
    expect(steps.filter(({ kind }) => kind === 'task')).toEqual([
      {
        kind: 'task',
        subject: 'Signature declined: Order form',
        body: 'A signer declined. Wrong price. See https://countersign.example.com/envelopes/env_1',
        rule: 'declined',
        consent: 'none',
      },
    ]);
  });
  it('heeds roles, and conditions of rule and step', () => {
    const planned = (rule: string): unknown[] => planJourney(journey(rule), twoContacts, 'completed').steps;
    expect(planned('on: any, roles: [Countersigner], steps: [{ set: { a: recipient.role } }]')).toMatchObject([{ contact: '2', set: { a: 'Countersigner' } }]);
    expect(planned('on: any, if: envelope.status == "sent", steps: [{ set: { a: 1 } }]')).toEqual([]);
    expect(planned('on: any, steps: [{ set: { a: 1 }, if: recipient.order == 2 }]')).toMatchObject([{ contact: '2' }]);
    expect(planned('on: any, roles: [Customer], steps: [{ list: L, consent: not-opted-out }]')).toMatchObject([{ list: 'L', consent: 'not-opted-out' }]);
  });
  it('gives a contact who signs twice each step once', () => {
    const same = { ...view, recipients: view.recipients.map((recipient) => ({ ...recipient, contact: '5' })) };
    expect(planJourney(journey('on: any, steps: [{ list: L, consent: none }]'), same, 'completed').steps).toHaveLength(1);
  });
  it('leaves out recipients who are no contacts', () =>
    expect(planJourney(journey('on: any, roles: [Countersigner], steps: [{ list: L, consent: none }]'), view, 'completed').steps).toEqual([]));
});
