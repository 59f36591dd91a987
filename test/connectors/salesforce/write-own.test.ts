import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FieldValue, RecordType } from '#core/records';
import type { RecordWrite } from '#ports/crm';
import { write } from '#connectors/salesforce/write';
import { failed, id, landed, page, refusal, scriptedOrg, type Asked, type Reply, type ScriptedOrg } from './org.ts';

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

describe('records of ours', () => {
  const envelope = (key: string, set: Record<string, FieldValue> = { Status__c: 'sent' }) => writeOf('envelope', key, set);
  const recipient = (key: string) => writeOf('recipient', key, { Status__c: 'sent' });

  test('are made or found by their external id, with plain ids in their look-ups', async () => {
    expect(await write(org.call, [envelope('env_1', { Status__c: 'sent', Opportunity__c: deal(1) })])).toEqual([{ ok: true, written: ['Status__c', 'Opportunity__c'], left: [] }]);
    expect(patches()[0]?.path).toBe('/composite/sobjects/Envelope__c/Envelope_Id__c');
    expect(recordsOf(patches()[0])).toEqual([{ attributes: { type: 'Envelope__c' }, Envelope_Id__c: 'env_1', Status__c: 'sent', Opportunity__c: deal(1) }]);
  });

  test('recipients name their envelope and their role by their own id', async () => {
    await write(org.call, [recipient('env_1|Customer|EU')]);
    expect(recordsOf(patches()[0])).toEqual([
      { attributes: { type: 'Envelope_Recipient__c' }, Recipient_Id__c: 'env_1|Customer|EU', Envelope__r: { Envelope_Id__c: 'env_1' }, Status__c: 'sent', Role__c: 'Customer|EU' },
    ]);
    expect(await write(org.call, [recipient('no-bar')])).toMatchObject([{ ok: false, problem: { code: 'vendor.not-found' } }]);
  });

  test('recipients beside those of their envelope, whatever order they come in', async () => {
    await write(org.call, [recipient('env_2|B'), recipient('env_1|A'), recipient('env_2|A')]);
    expect(recordsOf(patches()[0]).map((record) => record.Recipient_Id__c)).toEqual(['env_1|A', 'env_2|A', 'env_2|B']);
  });

  test('a recipient that comes before its envelope has it made', async () => {
    const made = new Set<string>();
    org.answers(
      collections((record) => {
        if (record.attributes.type === 'Envelope__c') return made.add(String(record.Envelope_Id__c)) && landed();
        const { Envelope_Id__c: parent } = record.Envelope__r as { Envelope_Id__c: string };
        return made.has(parent) ? landed() : failed('INVALID_FIELD', [], `Foreign key external ID: ${parent} not found for field Envelope_Id__c in entity Envelope__c`);
      }),
    );
    const outcomes = await write(org.call, [recipient('env_1|A'), recipient('env_1|B'), recipient('env_2|A')]);
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect([...made]).toEqual(['env_1', 'env_2']);
    expect(patches()).toHaveLength(3);
  });

  test('a part that may not be moved keeps its place, is not told as refused, and is known the next time', async () => {
    const there = new Set<unknown>(['env_1|A']);
    org.answers(
      collections((record) => {
        const known = there.has(record.Recipient_Id__c);
        if (known && 'Envelope__r' in record) return failed('INVALID_FIELD_FOR_INSERT_UPDATE', ['Envelope__c']);
        if (!known && !('Envelope__r' in record)) return failed('REQUIRED_FIELD_MISSING', ['Envelope__c'], 'Required fields are missing: [Envelope__c]');
        return there.add(record.Recipient_Id__c) && landed();
      }),
    );
    const both = [recipient('env_1|A'), recipient('env_1|B')];
    const well = both.map(() => ({ ok: true, written: ['Status__c'], left: [] }));
    expect(await write(org.call, both)).toEqual(well);
    expect(patches()).toHaveLength(2);
    expect(await write(org.call, both)).toEqual(well);
    expect(patches()).toHaveLength(3);
    there.clear();
    expect(await write(org.call, both)).toEqual(well);
  });

  test('that two make at the same moment are one: the second tries once more', async () => {
    let tries = 0;
    org.answers(collections(() => (++tries === 1 ? failed('DUPLICATE_VALUE', ['Envelope_Id__c'], 'duplicate value found') : landed())));
    expect(await write(org.call, [envelope('env_1')])).toMatchObject([{ ok: true }]);
    tries = -100;
    org.answers(collections(() => failed('DUPLICATE_VALUE', ['Envelope_Id__c'])));
    expect(await write(org.call, [envelope('env_1')])).toMatchObject([{ ok: false, problem: { code: 'vendor.rejected' } }]);
  });

  test('in an org without the package are refused with what to do, and nothing is sent', async () => {
    org.answers(({ path }) => (path.startsWith('/sobjects/Envelope') ? refusal(404, 'NOT_FOUND') : undefined));
    const [outcome] = await write(org.call, [envelope('env_1')]);
    expect(outcome).toMatchObject({ ok: false, problem: { code: 'feature.unsupported', message: expect.stringMatching(/package.*permission set/) as unknown } });
    expect(patches()).toEqual([]);
  });
});

describe('what may be written once', () => {
  const script = (value: string | null) => (asked: Asked) => {
    if (asked.path === '/composite/sobjects/Opportunity') return { body: (asked.body as { ids: string[] }).ids.map((one) => ({ Id: one, Esign_First_Touch_Source__c: value })) };
    return collections(() => landed())(asked);
  };
  const once = (number: number) => onDeal(number, { Esign_First_Touch_Source__c: 'ads', Esign_Status__c: 'sent' }, ['Esign_First_Touch_Source__c']);

  test('is read for all in one call, and written where it is empty', async () => {
    org.answers(script(null));
    await write(org.call, [onDeal(9, { Esign_Status__c: 'x' })]);
    expect(await org.callsOf(() => write(org.call, [once(1), once(2)]))).toBe(2);
    expect(recordsOf(patches().at(-1)).map((record) => record.Esign_First_Touch_Source__c)).toEqual(['ads', 'ads']);
    org.answers(script('letter'));
    expect(await write(org.call, [once(1)])).toEqual([{ ok: true, written: ['Esign_Status__c'], left: [] }]);
    expect(recordsOf(patches().at(-1))[0]).not.toHaveProperty('Esign_First_Touch_Source__c');
  });

  test('of our own records is asked by their ids, in queries that are not too long', async () => {
    org.answers((asked) => (asked.path.includes(' FROM Envelope__c ') ? page([{ Envelope_Id__c: 'env_1', Template__c: 'NDA' }]) : collections(() => landed())(asked)));
    const writes = ['env_1', 'env_2'].map((key) => writeOf('envelope', key, { Template__c: 'MSA', Status__c: 'sent' }, ['Template__c']));
    expect((await write(org.call, writes)).map((outcome) => outcome.ok && outcome.written)).toEqual([['Status__c'], ['Template__c', 'Status__c']]);
    const many = Array.from({ length: 200 }, (_, index) => writeOf('recipient', `env_${index}|${"it's a role ".repeat(15)}`, { Order__c: 1, Role__c: 'x' }, ['Order__c']));
    org.answers((asked) => (asked.path.startsWith('/query') ? page([]) : collections(() => landed())(asked)));
    await write(org.call, many);
    const asked = org.queries().filter((soql) => soql.includes('FROM Envelope_Recipient__c'));
    expect(asked.length).toBeGreaterThan(1);
    for (const soql of asked) expect(encodeURIComponent(soql).length).toBeLessThan(12_000);
  });
});
