import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FieldValue, RecordType } from '#core/records';
import type { RecordWrite, WriteOutcome } from '#ports/crm';
import { emitAll } from '#connectors/salesforce/journey-event';
import { write } from '#connectors/salesforce/write';
import { sandboxOrg } from './org.ts';

const writeOf = (type: RecordType, key: string, set: Record<string, FieldValue>): RecordWrite => ({ record: { type, id: key }, set, once: [] });

describe('batches that wait together', () => {
  let real: Awaited<ReturnType<typeof sandboxOrg>>;
  beforeEach(async () => {
    real = await sandboxOrg();
    await write(real.call, [writeOf('deal', dealId(0), { Esign_Template__c: 'the org is known from here on' })]);
  });
  afterEach(() => real.stop());
  const dealId = (index: number) => real.sandbox.records('Opportunity')[index]?.id ?? '';
  const contactId = () => real.sandbox.contactsOf(dealId(0))[0]?.id ?? '';
  const stateOf = (index: number, field = 'Esign_Status__c') => real.sandbox.field('Opportunity', dealId(index), field);
  const together = (...batches: RecordWrite[][]): Promise<WriteOutcome[][]> => Promise.all(batches.map((batch) => write(real.call, batch)));
  const good = (outcomes: WriteOutcome[][]) => outcomes.map((some) => some.map((one) => one.ok && one.left.length === 0));

  const story = () => [
    [writeOf('envelope', 'env_1', { Status__c: 'sent', Opportunity__c: dealId(0) })],
    [writeOf('recipient', 'env_1|Customer', { Status__c: 'sent', Contact__c: contactId() })],
    [writeOf('deal', dealId(0), { Esign_Status__c: 'sent' }), writeOf('deal', dealId(1), { Esign_Status__c: 'sent' })],
    [writeOf('contact', contactId(), { Esign_Last_Status__c: 'sent' })],
    [writeOf('deal', dealId(2), { Esign_Status__c: 'voided' })],
  ];

  test('five share one call, in the order in which they were asked', async () => {
    let outcomes: WriteOutcome[][] = [];
    expect(await real.callsOf(async () => (outcomes = await together(...story())))).toBe(1);
    expect(good(outcomes)).toEqual([[true], [true], [true, true], [true], [true]]);
    expect([stateOf(0), stateOf(1), stateOf(2)]).toEqual(['sent', 'sent', 'voided']);
    const [envelope] = real.sandbox.records('Envelope__c');
    expect(real.sandbox.records('Envelope_Recipient__c')[0]?.values).toMatchObject({ Envelope__c: envelope?.id, Status__c: 'sent' });
  });

  test('a bad field of one costs that one a call more, and nobody else anything', async () => {
    const batches = story();
    batches[4] = [writeOf('deal', dealId(2), { Esign_Status__c: 'no such value', Esign_Template__c: 'NDA' })];
    let outcomes: WriteOutcome[][] = [];
    expect(await real.callsOf(async () => (outcomes = await together(...batches)))).toBe(2);
    expect(good(outcomes)).toEqual([[true], [true], [true, true], [true], [false]]);
    const [bad] = outcomes[4] ?? [];
    expect(bad?.ok && [bad.written, bad.left.map(({ field }) => field)]).toEqual([['Esign_Template__c'], ['Esign_Status__c']]);
    expect(stateOf(2, 'Esign_Template__c')).toBe('NDA');
  });

  test("somebody's text is never read as a reference to another part", async () => {
    const batches = story();
    batches[4] = [writeOf('deal', dealId(2), { Esign_Reason__c: 'We owe @{part0.body} an answer, and @{part9}' })];
    expect(good(await together(...batches))).toEqual([[true], [true], [true, true], [true], [true]]);
    expect(stateOf(2, 'Esign_Reason__c')).toBe('We owe @{part0.body} an answer, and @{part9}');
  });

  test('an answer that is lost is lost for all of them, and doing it again ends in the same', async () => {
    real.sandbox.faults.lostReply = 1;
    const lost = await Promise.allSettled(story().map((batch) => write(real.call, batch)));
    expect(lost.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code)).toEqual(Array.from({ length: 5 }, () => 'vendor.lost-reply'));
    real.sandbox.faults.lostReply = 0;
    expect(
      good(await together(...story()))
        .flat()
        .every(Boolean),
    ).toBe(true);
    expect(real.sandbox.records('Envelope__c')).toHaveLength(1);
    expect(real.sandbox.records('Envelope_Recipient__c')).toHaveLength(1);
  });

  test('many events are one call, each with an outcome of its own', async () => {
    const event = (key: string) => ({ name: 'envelope.completed', member: { contact: contactId(), email: null }, data: { envelope: 'env_1' }, key });
    let outcomes: Awaited<ReturnType<typeof emitAll>> = [];
    expect(await real.callsOf(async () => (outcomes = await emitAll(real.call, ['eff_1', 'eff_2', 'eff_3'].map(event))))).toBe(1);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true]);
    real.sandbox.installPackage(false);
    expect((await emitAll(real.call, [event('eff_4')]).catch((error: unknown) => [{ ok: false, problem: error as Error }])).map(({ ok }) => ok)).toEqual([false]);
  });
});
