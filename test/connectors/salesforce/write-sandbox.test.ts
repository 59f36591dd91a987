import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FieldValue, RecordType } from '#core/records';
import type { RecordWrite, WriteOutcome } from '#ports/crm';
import { write } from '#connectors/salesforce/write';
import { id, sandboxOrg } from './org.ts';

const writeOf = (type: RecordType, key: string, set: Record<string, FieldValue>): RecordWrite => ({ record: { type, id: key }, set, once: [] });
const leftOf = (outcome: WriteOutcome | undefined) => (outcome?.ok ? outcome.left.map(({ field: name, problem }) => [name, problem.code]) : 'refused');

describe('writing to the sandbox', () => {
  let real: Awaited<ReturnType<typeof sandboxOrg>>;
  beforeEach(async () => void (real = await sandboxOrg()));
  afterEach(() => real.stop());
  const dealId = (index: number) => real.sandbox.records('Opportunity')[index]?.id ?? '';
  const rows = (type: string) => real.sandbox.records(type).map(({ values }) => values);

  test.each([null, 'cntr'])('an envelope, its recipients and its mirrors, with the namespace %s', async (namespace) => {
    real.sandbox.installPackage(true, namespace);
    const [contact] = real.sandbox.contactsOf(dealId(0));
    const set = {
      Status__c: 'sent',
      Opportunity__c: dealId(0),
      Sent_At__c: '2026-03-01T10:00:00.000Z',
      Url__c: 'https://example.com/e/1',
      Reason__c: 'x'.repeat(5000),
      Signed_Count__c: 0,
    };
    // The recipients come first, as two batches side by side may do.
    const outcomes = [
      ...(await write(real.call, [
        writeOf('recipient', 'env_1|Customer', { Status__c: 'sent', Contact__c: contact?.id ?? '' }),
        writeOf('recipient', 'env_1|Countersigner', { Status__c: 'waiting', Order__c: 2 }),
      ])),
      ...(await write(real.call, [writeOf('envelope', 'env_1', set)])),
      ...(await write(real.call, [writeOf('recipient', 'env_1|Customer', { Status__c: 'viewed' })])),
      ...(await write(real.call, [writeOf('contact', contact?.id ?? '', { Esign_Last_Status__c: 'sent' })])),
      ...(await write(real.call, [writeOf('lead', real.sandbox.records('Lead')[0]?.id ?? '', { Esign_Last_Status__c: 'sent' })])),
    ];
    expect(outcomes.map((outcome) => outcome.ok && outcome.left)).toEqual([[], [], [], [], [], []]);
    expect(rows('Envelope__c')).toMatchObject([{ Envelope_Id__c: 'env_1', Status__c: 'sent', Opportunity__c: dealId(0), Reason__c: `${'x'.repeat(3999)}…` }]);
    const [envelope] = real.sandbox.records('Envelope__c');
    expect(rows('Envelope_Recipient__c')).toMatchObject([
      { Recipient_Id__c: 'env_1|Countersigner', Role__c: 'Countersigner', Envelope__c: envelope?.id, Order__c: 2 },
      { Recipient_Id__c: 'env_1|Customer', Role__c: 'Customer', Envelope__c: envelope?.id, Status__c: 'viewed', Contact__c: contact?.id },
    ]);
    expect(real.sandbox.field('Contact', contact?.id ?? '', 'Esign_Last_Status__c')).toBe('sent');
  });

  test("200 opportunities cost one call, and one more for the org's own rule, whose words stand beside what landed", async () => {
    const deals = real.sandbox.records('Opportunity').map((one) => one.id);
    const writes = deals.map((one) => writeOf('deal', one, { Esign_Status__c: 'sent', Esign_Template__c: 'NDA' }));
    await write(real.call, writes.slice(0, 1));
    expect(await real.callsOf(() => write(real.call, writes))).toBe(1);
    real.sandbox.validationRule(true);
    let outcomes: WriteOutcome[] = [];
    expect(
      await real.callsOf(
        async () =>
          (outcomes = await write(
            real.call,
            deals.map((one) => writeOf('deal', one, { Esign_Status__c: 'viewed', Esign_Template__c: 'MSA' })),
          )),
      ),
    ).toBe(2);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: true, written: ['Esign_Template__c'], left: [{ field: 'Esign_Status__c' }] });
    expect(outcomes[0]?.ok && outcomes[0].left[0]?.problem.message).toContain('Only the legal team sets the e-sign status');
    expect([real.sandbox.field('Opportunity', dealId(0), 'Esign_Status__c'), real.sandbox.field('Opportunity', dealId(0), 'Esign_Template__c')]).toEqual(['sent', 'MSA']);
  });

  test('a recipient whose envelope cannot be made just now waits for it', async () => {
    real.sandbox.installPackage(true, null);
    real.sandbox.lockRow(1);
    const recipient = writeOf('recipient', 'env_1|Customer', { Status__c: 'sent' });
    const [held] = await write(real.call, [recipient]);
    expect(held?.ok === false && held.problem.remedy).toBe('retry');
    real.sandbox.lockRow(0);
    expect((await write(real.call, [recipient]))[0]?.ok).toBe(true);
  });

  test('a locked row is tried again, and its neighbours land', async () => {
    real.sandbox.lockRow(dealId(0));
    const outcomes = await write(real.call, [writeOf('deal', dealId(0), { Esign_Status__c: 'sent' }), writeOf('deal', dealId(1), { Esign_Status__c: 'sent' })]);
    expect(outcomes).toMatchObject([{ ok: false, problem: { code: 'vendor.locked', remedy: 'retry' } }, { ok: true }]);
    expect(real.sandbox.field('Opportunity', dealId(1), 'Esign_Status__c')).toBe('sent');
  });

  test('a removed record, a bad picklist value, a text that is too long and a read-only field are each their own', async () => {
    const removed = dealId(3);
    real.sandbox.remove(removed);
    real.sandbox.hideField('Opportunity', 'Esign_Template__c', 'read-only');
    const outcomes = await write(real.call, [
      writeOf('deal', dealId(0), { Esign_Status__c: 'banana', Esign_Waiting_For__c: 'Ines' }),
      writeOf('deal', dealId(1), { Name: 'n'.repeat(121), Esign_Status__c: 'sent' }),
      writeOf('deal', dealId(2), { Esign_Template__c: 'NDA', Esign_Status__c: 'sent' }),
    ]);
    expect(outcomes.map(leftOf)).toEqual([[['Esign_Status__c', 'vendor.rejected']], [['Name', 'vendor.rejected']], [['Esign_Template__c', 'vendor.rejected']]]);
    for (const gone of [removed, id('006', 999)]) {
      const [outcome] = await write(real.call, [writeOf('deal', gone, { Esign_Status__c: 'sent' })]);
      expect(outcome).toMatchObject({ ok: false, problem: { code: 'vendor.not-found' } });
    }
  });

  test('the same new envelope from four sides at once is one', async () => {
    const sides = await Promise.all([1, 2, 3, 4].map(() => write(real.call, [writeOf('envelope', 'env_9', { Status__c: 'sent' })])));
    expect(sides.flat().every(({ ok }) => ok)).toBe(true);
    expect(rows('Envelope__c').filter(({ Envelope_Id__c }) => Envelope_Id__c === 'env_9')).toHaveLength(1);
  });
});
