import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CrmSchema } from '#core/records';
import { describe as describeOrg } from '#connectors/salesforce/schema';
import { write } from '#connectors/salesforce/write';
import { described, field, id, landed, problemOf, RECORD_TYPES, refusal, scriptedOrg, specOf, SYSTEM_FIELDS, type ScriptedOrg } from './org.ts';

let org: ScriptedOrg;
beforeEach(async () => void (org = await scriptedOrg()));
afterEach(() => org.stop());

const fieldOf = (schema: CrmSchema, kind: keyof CrmSchema['fields'], name: string) => schema.fields[kind]?.find((info) => info.name === name);

describe('fields', () => {
  test('have our types, options and what the user may write', async () => {
    const schema = await describeOrg(org.call);
    expect(fieldOf(schema, 'deal', 'Amount')).toEqual({ name: 'Amount', label: 'Amount', type: 'number', writable: true });
    expect(fieldOf(schema, 'deal', 'CloseDate')?.type).toBe('date');
    expect(fieldOf(schema, 'deal', 'Vip__c')?.type).toBe('bool');
    expect(fieldOf(schema, 'deal', 'Esign_Sent_At__c')?.type).toBe('datetime');
    expect(fieldOf(schema, 'deal', 'Esign_Status__c')).toMatchObject({ type: 'choice', writable: true, options: expect.arrayContaining(['blocked', 'completed']) as unknown });
    expect(fieldOf(schema, 'deal', 'LastStageChangeDate')?.writable).toBe(false);
    expect(fieldOf(schema, 'contact', 'MailingAddress')).toBeUndefined();
    expect(fieldOf(schema, 'line', 'ProductName')).toMatchObject({ type: 'text', writable: false });
    expect(fieldOf(schema, 'recipient', 'Envelope__c')?.writable).toBe(false);
    expect(schema.contactLabels).toEqual(['Signer', 'Decision Maker']);
  });

  test('values that are not in use any more are no options', async () => {
    org.answers(({ path }) =>
      path === '/sobjects/Opportunity/describe'
        ? described('Opportunity', '', (fields) => [
            ...fields,
            field('Kind__c', 'picklist', {
              picklistValues: [
                { value: 'a', active: true },
                { value: 'b', active: false },
              ],
            }),
          ])
        : undefined,
    );
    expect(fieldOf(await describeOrg(org.call), 'deal', 'Kind__c')?.options).toEqual(['a']);
  });

  test('objects that the org lacks or hides are absent, and the rest is there', async () => {
    const hidden = ['Lead', 'Envelope__c', 'Envelope_Recipient__c', 'OpportunityLineItem'];
    org.answers(({ path }) => (hidden.some((object) => path === `/sobjects/${object}/describe`) ? refusal(404, 'NOT_FOUND', 'The requested resource does not exist') : undefined));
    const { fields } = await describeOrg(org.call);
    expect(Object.keys(fields).sort()).toEqual(['company', 'contact', 'deal', 'line']);
    expect(fields.line).toEqual([]);
  });

  test('a part that fails for now fails the whole, and is not taken for a missing object', async () => {
    org.answers(({ path }) => (path === '/sobjects/Lead/describe' ? refusal(503, 'SERVER_UNAVAILABLE') : undefined));
    expect((await problemOf(describeOrg(org.call))).code).toBe('vendor.unavailable');
    org.answers(() => undefined);
    expect((await describeOrg(org.call)).fields.lead).toBeDefined();
  });

  test('that were known stay known where a look fails, so that what needs nothing new goes on', async () => {
    await describeOrg(org.call);
    org.answers(({ method, path, body }) => {
      if (path.endsWith('/describe')) return refusal(503, 'SERVER_UNAVAILABLE');
      return method === 'PATCH' ? { body: (body as { records: unknown[] }).records.map(() => landed()) } : undefined;
    });
    expect((await problemOf(describeOrg(org.call))).code).toBe('vendor.unavailable');
    expect(await write(org.call, [{ record: { type: 'deal', id: id('006', 1) }, set: { Esign_Status__c: 'sent' }, once: [] }])).toMatchObject([{ ok: true }]);
  });

  test('cost one call', async () => {
    expect(await org.callsOf(() => describeOrg(org.call))).toBe(1);
  });
});

describe('a package with a namespace', () => {
  let spaced: ScriptedOrg;
  beforeEach(async () => void (spaced = await scriptedOrg(() => undefined, { namespace: 'cntr' })));
  afterEach(() => spaced.stop());

  test('is shown without it, found by a field and asked for with one call more, once', async () => {
    let schema: CrmSchema | undefined;
    expect(await spaced.callsOf(async () => (schema = await describeOrg(spaced.call)))).toBe(2);
    if (!schema) return expect.unreachable();
    expect(fieldOf(schema, 'deal', 'Esign_Status__c')?.writable).toBe(true);
    expect(fieldOf(schema, 'envelope', 'Envelope_Id__c')).toBeDefined();
    expect(schema.fields.deal.some(({ name }) => name.startsWith('cntr__'))).toBe(false);
    expect(await spaced.callsOf(() => describeOrg(spaced.call))).toBe(1);
  });

  test("keeps other packages' names, and wins over a field of the org's own with the same name", async () => {
    spaced.answers(({ path }) =>
      path === '/sobjects/Opportunity/describe'
        ? { body: { fields: [field('cntr__Esign_Envelope_Id__c'), field('Esign_Status__c', 'boolean'), field('cntr__Esign_Status__c', 'picklist'), field('dfsle__Esign__c')] } }
        : undefined,
    );
    const { fields } = await describeOrg(spaced.call);
    expect(fields.deal.map(({ name, type }) => [name, type])).toEqual([
      ['Esign_Envelope_Id__c', 'text'],
      ['Esign_Status__c', 'choice'],
      ['dfsle__Esign__c', 'text'],
    ]);
  });
});

describe('pipelines', () => {
  test('without record types are one, with the stages in their order', async () => {
    const { pipelines } = await describeOrg(org.call);
    expect(pipelines).toEqual([
      {
        id: '012000000000000AAA',
        label: 'Master',
        stages: [
          { id: 'Prospecting', label: 'Prospecting', order: 0, closed: false },
          { id: 'Proposal/Price Quote', label: 'Proposal', order: 1, closed: false },
          { id: 'Closed Won', label: 'Closed Won', order: 2, closed: true },
        ],
      },
    ]);
  });

  test('are one for each active record type, with the stages that it allows, and one for what has none', async () => {
    org.answers(({ path }) => {
      if (path === '/sobjects/Opportunity/describe') return { body: { ...(described('Opportunity').body as object), recordTypeInfos: RECORD_TYPES.two } };
      if (path === `/ui-api/object-info/Opportunity/picklist-values/${id('012', 7)}/StageName`) return { body: { values: [{ value: 'Prospecting' }, { value: 'Closed Won' }] } };
      return undefined;
    });
    const { pipelines } = await describeOrg(org.call);
    expect(pipelines.map(({ id: own, label, stages }) => [own, label, stages.map((stage) => [stage.id, stage.order])])).toEqual([
      [
        id('012', 7),
        'New business',
        [
          ['Prospecting', 0],
          ['Closed Won', 1],
        ],
      ],
      ['012000000000000AAA', 'Master', expect.any(Array)],
    ]);
    expect(pipelines[1]?.stages).toHaveLength(3);
  });

  test('show every stage where Salesforce does not say which are allowed, and none of it hides an outage', async () => {
    const withTypes = { body: { ...(described('Opportunity').body as object), recordTypeInfos: RECORD_TYPES.two } };
    org.answers(({ path }) => (path === '/sobjects/Opportunity/describe' ? withTypes : undefined));
    expect((await describeOrg(org.call)).pipelines[0]?.stages).toHaveLength(3);
    org.answers(({ path }) => (path === '/sobjects/Opportunity/describe' ? withTypes : path.startsWith('/ui-api') ? refusal(500, 'UNKNOWN_EXCEPTION') : undefined));
    expect((await problemOf(describeOrg(org.call))).code).toBe('vendor.unavailable');
  });
});

test('stages are asked for by fields that Salesforce documents', async () => {
  await describeOrg(org.call);
  const [soql = ''] = org.queries();
  const names = [...soql.matchAll(/\b[A-Z][A-Za-z]+[a-z]\b/g)].map(([name]) => name).filter((name) => name !== 'OpportunityStage');
  expect(names.filter((name) => !(name in specOf('OpportunityStage')) && !SYSTEM_FIELDS.includes(name))).toEqual([]);
  expect(names.length).toBeGreaterThan(3);
});
