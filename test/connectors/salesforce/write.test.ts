import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FieldValue, RecordType } from '#core/records';
import type { RecordWrite, WriteOutcome } from '#ports/crm';
import { write } from '#connectors/salesforce/write';
import { described, failed, field, id, landed, problemOf, refusal, scriptedOrg, type Asked, type Reply, type ScriptedOrg } from './org.ts';

type Sent = { attributes: { type: string }; id?: string } & Record<string, unknown>;
const deal = (number: number) => id('006', number);
const writeOf = (type: RecordType, key: string, set: Record<string, FieldValue>, once: string[] = []): RecordWrite => ({ record: { type, id: key }, set, once });
const onDeal = (number: number, set: Record<string, FieldValue>, once: string[] = []) => writeOf('deal', deal(number), set, once);

let org: ScriptedOrg;
beforeEach(async () => void (org = await scriptedOrg(collections(() => landed()))));
afterEach(() => org.stop());

/** Answers each record of each collection. */
function collections(each: (record: Sent, asked: Asked) => object) {
  return (asked: Asked): Reply | undefined => {
    if (asked.method !== 'PATCH' || !asked.path.startsWith('/composite/sobjects')) return undefined;
    return { body: (asked.body as { records: Sent[] }).records.map((record) => each(record, asked)) };
  };
}
const patches = () => org.asked.filter(({ method }) => method === 'PATCH');
const recordsOf = (asked: Asked | undefined) => (asked?.body as { records: Sent[] } | undefined)?.records ?? [];
const leftOf = (outcome: WriteOutcome | undefined) => (outcome?.ok ? outcome.left.map(({ field: name, problem }) => [name, problem.code]) : 'refused');

describe("the account's records", () => {
  test('are written 200 a call, marked as ours, past duplicate rules and without handing leads on', async () => {
    const writes = Array.from({ length: 200 }, (_, index) => onDeal(index + 1, { Esign_Status__c: 'sent' }));
    let outcomes: WriteOutcome[] = [];
    await write(org.call, [onDeal(1, { Esign_Status__c: 'sent' })]);
    expect(await org.callsOf(async () => (outcomes = await write(org.call, writes)))).toBe(1);
    expect(outcomes).toEqual(writes.map(() => ({ ok: true, written: ['Esign_Status__c'], left: [] })));
    const asked = patches().at(-1);
    expect(asked?.body).toMatchObject({ allOrNone: false });
    expect(recordsOf(asked)[0]).toEqual({ attributes: { type: 'Opportunity' }, id: deal(1), Esign_Status__c: 'sent' });
    expect(asked?.headers).toMatchObject({ 'sforce-call-options': 'client=countersign', 'sforce-duplicate-rule-header': 'allowSave=true', 'sforce-auto-assign': 'FALSE' });
  });

  test('take values of the types that their fields have', async () => {
    const set = { Amount: '12.5', Vip__c: 'true', CloseDate: '2026-03-01T10:00:00.000Z', Esign_Sent_At__c: '2026-03-01T10:00:00+02:00', Name: 7, Esign_Template__c: null };
    const [outcome] = await write(org.call, [onDeal(1, set)]);
    expect(recordsOf(patches()[0])[0]).toMatchObject({
      Amount: 12.5,
      Vip__c: true,
      CloseDate: '2026-03-01',
      Esign_Sent_At__c: '2026-03-01T08:00:00.000Z',
      Name: '7',
      Esign_Template__c: null,
    });
    expect(outcome).toMatchObject({ ok: true, written: Object.keys(set) });
  });

  test('a value of another type never reaches the batch that it would refuse', async () => {
    const [outcome] = await write(org.call, [onDeal(1, { Amount: 'much', CloseDate: 'soon', Esign_Sent_At__c: '2026-99-01T00:00:00Z', Vip__c: 3, Esign_Status__c: 'sent' })]);
    expect(Object.keys(recordsOf(patches()[0])[0] ?? {}).sort()).toEqual(['Esign_Status__c', 'attributes', 'id']);
    expect(leftOf(outcome)).toEqual(['Amount', 'CloseDate', 'Esign_Sent_At__c', 'Vip__c'].map((name) => [name, 'vendor.rejected']));
  });

  test('prose and fields of ours are cut to their length, others are left for the org to judge', async () => {
    const long = 'x'.repeat(4100);
    await write(org.call, [onDeal(1, { Esign_Reason__c: `${'y'.repeat(3998)}😀😀`, Esign_Waiting_For__c: long, Order_Number__c: long, Name: long })]);
    const [record] = recordsOf(patches()[0]);
    expect(record?.Esign_Reason__c).toBe(`${'y'.repeat(3998)}…`);
    expect([String(record?.Esign_Waiting_For__c).length, String(record?.Order_Number__c).length, String(record?.Name).length]).toEqual([255, 4100, 4100]);
  });

  test('an id of Salesforce in either form is one record, and what is no id is not asked for', async () => {
    const outcomes = await write(org.call, [writeOf('deal', '999999999', { Esign_Status__c: 'sent' }), writeOf('deal', deal(2).slice(0, 15), { Esign_Status__c: 'sent' })]);
    expect(outcomes[0]).toMatchObject({ ok: false, problem: { code: 'vendor.not-found' } });
    expect(outcomes[1]).toMatchObject({ ok: true });
    expect(recordsOf(patches()[0]).map((record) => record.id)).toEqual([deal(2)]);
  });

  test('a field that the org lacks or the user may not write is left, and costs no call', async () => {
    await write(org.call, [onDeal(1, { Esign_Status__c: 'sent' })]);
    let outcomes: WriteOutcome[] = [];
    expect(await org.callsOf(async () => (outcomes = await write(org.call, [onDeal(1, { Esign_Status__c: 'sent', no_such_field: 'x', IsWon: true })])))).toBe(1);
    expect(outcomes[0]).toMatchObject({ ok: true, written: ['Esign_Status__c'] });
    expect(leftOf(outcomes[0])).toEqual([
      ['no_such_field', 'vendor.rejected'],
      ['IsWon', 'vendor.rejected'],
    ]);
    expect(outcomes[0]?.ok && outcomes[0].left[0]?.problem.message).toContain('Countersign Integration');
  });
});

describe('a refused field', () => {
  test.each([
    ['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', 'bad value for restricted picklist field'],
    ['STRING_TOO_LONG', 'Template: data value too large'],
    ['INVALID_FIELD_FOR_INSERT_UPDATE', 'Unable to create/update fields'],
    ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Only Legal may change this.'],
  ])("%s is left with the org's words, and the others land with one call more", async (code, message) => {
    org.answers(collections((record) => (record.id === deal(2) && 'Esign_Template__c' in record ? failed(code, ['Esign_Template__c'], message) : landed())));
    const writes = [1, 2, 3].map((number) => onDeal(number, { Esign_Status__c: 'sent', Esign_Template__c: 'NDA' }));
    const outcomes = await write(org.call, writes);
    expect(outcomes.map((outcome) => outcome.ok && outcome.written)).toEqual([
      ['Esign_Status__c', 'Esign_Template__c'],
      ['Esign_Status__c'],
      ['Esign_Status__c', 'Esign_Template__c'],
    ]);
    expect(leftOf(outcomes[1])).toEqual([['Esign_Template__c', 'vendor.rejected']]);
    expect(outcomes[1]?.ok && outcomes[1].left[0]?.problem.message).toContain(message.replace(/\.$/, ''));
    expect(patches().map((asked) => recordsOf(asked).length)).toEqual([3, 1]);
  });

  test('that is all that was to be set leaves nothing to write, and that is told', async () => {
    org.answers(collections(() => failed('STRING_TOO_LONG', ['Esign_Template__c'])));
    expect(await write(org.call, [onDeal(1, { Esign_Template__c: 'NDA' })])).toMatchObject([{ ok: true, written: [], left: [{ field: 'Esign_Template__c' }] }]);
  });

  test('is known by the name that the mapping has, in an org with a namespace', async () => {
    const spaced = await scriptedOrg(
      collections((record) => ('cntr__Esign_Template__c' in record ? failed('STRING_TOO_LONG', ['cntr__Esign_Template__c']) : landed())),
      { namespace: 'cntr' },
    );
    const [outcome] = await write(spaced.call, [onDeal(1, { Esign_Status__c: 'sent', Esign_Template__c: 'NDA', Amount: 3 })]);
    expect(outcome).toMatchObject({ ok: true, written: ['Esign_Status__c', 'Amount'], left: [{ field: 'Esign_Template__c' }] });
    const sent = spaced.asked.find(({ method }) => method === 'PATCH');
    expect(Object.keys(recordsOf(sent)[0] ?? {})).toEqual(['attributes', 'id', 'cntr__Esign_Status__c', 'cntr__Esign_Template__c', 'Amount']);
    await spaced.stop();
  });
});

describe('a refused record', () => {
  test.each([
    ['UNABLE_TO_LOCK_ROW', 'vendor.locked', 'retry'],
    ['ENTITY_IS_DELETED', 'vendor.not-found', 'reject'],
    ['INVALID_CROSS_REFERENCE_KEY', 'vendor.not-found', 'reject'],
    ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'vendor.rejected', 'reject'],
    ['INSUFFICIENT_ACCESS_OR_READONLY', 'vendor.rejected', 'reject'],
    ['SOMETHING_NEW', 'vendor.rejected', 'reject'],
  ])('%s is its own: %s', async (code, stable, remedy) => {
    org.answers(collections((record) => (record.id === deal(1) ? failed(code) : landed())));
    const [bad, good] = await write(org.call, [onDeal(1, { Esign_Status__c: 'sent' }), onDeal(2, { Esign_Status__c: 'sent' })]);
    expect(bad).toMatchObject({ ok: false, problem: { code: stable, remedy } });
    expect(good).toMatchObject({ ok: true });
    expect(patches()).toHaveLength(1);
  });

  test('a rule that names a field which was not ours to set refuses the record', async () => {
    org.answers(collections(() => failed('FIELD_CUSTOM_VALIDATION_EXCEPTION', ['Amount'], 'Give an amount')));
    const [outcome] = await write(org.call, [onDeal(1, { Esign_Status__c: 'sent' })]);
    expect(outcome).toMatchObject({ ok: false, problem: { code: 'vendor.rejected', message: expect.stringContaining('Give an amount') as unknown } });
  });

  test('of which nothing is said is no success', async () => {
    org.answers(({ method }) => (method === 'PATCH' ? { body: [landed()] } : undefined));
    const outcomes = await write(org.call, [onDeal(1, { Esign_Status__c: 'a' }), onDeal(2, { Esign_Status__c: 'b' })]);
    expect(outcomes.map((outcome) => outcome.ok || outcome.problem.code)).toEqual([true, 'vendor.odd-answer']);
  });
});

describe('a refused batch', () => {
  test('for a field that went since the org was described is sent again without it', async () => {
    org.answers((asked) => {
      if (asked.path === '/sobjects/Opportunity/describe') return described('Opportunity', '', (fields) => [...fields, field('Old__c')]);
      if (asked.method === 'PATCH' && recordsOf(asked).some((record) => 'Old__c' in record))
        return refusal(400, 'INVALID_FIELD', "No such column 'Old__c' on sobject of type Opportunity");
      return collections(() => landed())(asked);
    });
    const outcomes = await write(org.call, [onDeal(1, { Old__c: 'x', Esign_Status__c: 'sent' }), onDeal(2, { Esign_Status__c: 'sent' })]);
    expect(outcomes.map(leftOf)).toEqual([[['Old__c', 'vendor.rejected']], []]);
    expect(patches()).toHaveLength(2);
  });

  test('for one record that is not named is found by halving, not record by record', async () => {
    org.answers((asked) =>
      asked.method === 'PATCH' && recordsOf(asked).some((record) => record.id === deal(150))
        ? refusal(400, 'JSON_PARSER_ERROR', 'Cannot deserialize')
        : collections(() => landed())(asked),
    );
    const outcomes = await write(
      org.call,
      Array.from({ length: 200 }, (_, index) => onDeal(index + 1, { Esign_Status__c: 'sent' })),
    );
    expect(outcomes.flatMap((outcome, index) => (outcome.ok ? [] : [index]))).toEqual([149]);
    expect(patches().length).toBeLessThan(20);
  });

  test('without end does not burn the quota: some calls, then a refusal for all', async () => {
    org.answers(({ method }) => (method === 'PATCH' ? refusal(400, 'JSON_PARSER_ERROR') : undefined));
    const outcomes = await write(
      org.call,
      Array.from({ length: 200 }, (_, index) => onDeal(index + 1, { Esign_Status__c: 'sent' })),
    );
    expect(outcomes.every((outcome) => !outcome.ok && outcome.problem.code === 'vendor.rejected')).toBe(true);
    expect(patches().length).toBeLessThanOrEqual(24);
  });

  test.each([
    [403, 'REQUEST_LIMIT_EXCEEDED', 'vendor.rate-limited'],
    [503, 'SERVER_UNAVAILABLE', 'vendor.unavailable'],
    [401, 'INVALID_SESSION_ID', 'install.unauthorized'],
    [400, 'UNABLE_TO_LOCK_ROW', 'vendor.locked'],
  ])('%i %s is thrown for the whole: %s', async (status, code, stable) => {
    org.answers(({ method }) => (method === 'PATCH' ? refusal(status, code) : undefined));
    expect((await problemOf(write(org.call, [onDeal(1, { Esign_Status__c: 'sent' })]))).code).toBe(stable);
  });
});

test('writes to one org never run side by side; five that wait share a call, and a call that fails does not stop the next', async () => {
  let [now, most, calls] = [0, 0, 0];
  const slow = await scriptedOrg(collections(() => landed()));
  const through = slow.call.through;
  slow.call.through = async (send, unauthorized) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    try {
      if (++calls === 3) throw new Error('the wire broke');
      return await through(send, unauthorized);
    } finally {
      now--;
    }
  };
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((number) => write(slow.call, [onDeal(number, { Esign_Status__c: 'sent' })])));
  const five = (status: string) => Array.from({ length: 5 }, () => status);
  // The first call looks at the org.
  expect([calls, ...results.map(({ status }) => status)]).toEqual([4, ...five('fulfilled'), ...five('rejected'), 'fulfilled']);
  expect(most).toBe(1);
  await slow.stop();
});

test('nothing to write is nothing asked', async () => {
  expect(await org.callsOf(() => write(org.call, []))).toBe(0);
});
