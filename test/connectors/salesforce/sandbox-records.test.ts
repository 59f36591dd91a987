import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { id18Of } from '#connectors/salesforce/sandbox/org/ids';
import { manualClock } from '#lib/clock';
import { ROOT, startOrg, type Body, type OrgWorld } from './sandbox-world.ts';

let org: OrgWorld;
const clock = manualClock(Date.parse('2026-11-20T10:00:00Z'));
beforeAll(async () => {
  org = await startOrg({ clock });
});
afterAll(() => org.stop());
beforeEach(() => clock.advance(1000));

const deal = () => org.sandbox.opportunityNamed('Harbour').id;
const path = (type: string, id: string) => `/sobjects/${type}/${id}`;
const errorOf = ({ status, body }: { status: number; body: Body }) => [status, body[0]?.errorCode, body[0]?.fields];

describe('ids', () => {
  test('have the checksum that Salesforce gives them', () => {
    // Pairs from Salesforce's own documents.
    expect(id18Of('001D000000IqhSL')).toBe('001D000000IqhSLIAZ');
    expect(id18Of('001D000000IqhSLIAZ')).toBe('001D000000IqhSLIAZ');
    expect(id18Of('001D000000IqhSLIAA')).toBeNull();
    for (const text of ['', '001', '001D000000IqhS!', null]) expect(id18Of(text)).toBeNull();
  });
  test('are taken in both lengths and always answered with 18', async () => {
    const reply = await org.api('GET', path('Opportunity', deal().slice(0, 15)));
    expect([reply.status, reply.body.Id]).toEqual([200, deal()]);
    expect(deal()).toHaveLength(18);
  });
});

describe('records', () => {
  test('are made, read, changed and deleted, and stamped each time', async () => {
    const made = await org.api('POST', '/sobjects/Account', { Name: ' Acme ', BillingCity: '' });
    expect([made.status, made.body]).toEqual([201, { id: made.body.id, success: true, errors: [] }]);
    const read = (await org.api('GET', path('Account', made.body.id))).body;
    expect(read).toMatchObject({ attributes: { type: 'Account', url: `${ROOT}/sobjects/Account/${made.body.id}` }, Name: 'Acme', BillingCity: null, IsDeleted: false });
    expect(read.SystemModstamp).toMatch(/^2026-11-20T10:00:\d\d\.000\+0000$/);
    clock.advance(5000);
    expect((await org.api('PATCH', path('Account', made.body.id), { BillingCity: 'Oslo' })).status).toBe(204);
    const after = (await org.api('GET', `${path('Account', made.body.id)}?fields=BillingCity,SystemModstamp`)).body;
    expect(Object.keys(after).sort()).toEqual(['BillingCity', 'Id', 'SystemModstamp', 'attributes']);
    expect(after.SystemModstamp > read.SystemModstamp).toBe(true);
    expect((await org.api('DELETE', path('Account', made.body.id))).status).toBe(204);
    expect(errorOf(await org.api('GET', path('Account', made.body.id)))).toEqual([404, 'ENTITY_IS_DELETED', undefined]);
    expect(errorOf(await org.api('PATCH', path('Account', made.body.id), { Name: 'x' }))).toEqual([404, 'ENTITY_IS_DELETED', undefined]);
    expect(errorOf(await org.api('GET', path('Account', '001D000000IqhSL')))).toEqual([404, 'NOT_FOUND', undefined]);
    expect(errorOf(await org.api('GET', '/sobjects/Nothing__c/describe'))).toEqual([404, 'NOT_FOUND', undefined]);
  });

  test.each([
    ['an unknown field', 'Opportunity', { Nothing: 1 }, 400, 'INVALID_FIELD', undefined],
    ['a field that is only read', 'Opportunity', { IsWon: true }, 400, 'INVALID_FIELD_FOR_INSERT_UPDATE', ['IsWon']],
    ['an emptied required field', 'Opportunity', { Name: null }, 400, 'REQUIRED_FIELD_MISSING', ['Name']],
    ['an unknown stage', 'Opportunity', { StageName: 'Elsewhere' }, 400, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', ['StageName']],
    ['an unknown value of a restricted picklist', 'Opportunity', { Esign_Status__c: 'signed' }, 400, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', ['Esign_Status__c']],
    ['a text too long', 'Opportunity', { NextStep: 'x'.repeat(256) }, 400, 'STRING_TOO_LONG', ['NextStep']],
    ['a number too large', 'Opportunity', { Contract_Term_Months__c: 1000 }, 400, 'NUMBER_OUTSIDE_VALID_RANGE', ['Contract_Term_Months__c']],
    ['a text for a number', 'Opportunity', { Amount: 'much' }, 400, 'JSON_PARSER_ERROR', undefined],
    ['no moment', 'Opportunity', { Esign_Sent_At__c: 'yesterday' }, 400, 'JSON_PARSER_ERROR', undefined],
    ['an id of another object', 'Opportunity', { AccountId: '003D000000IqhSLIAZ' }, 400, 'MALFORMED_ID', ['AccountId']],
    ['no id at all', 'Opportunity', { AccountId: 'abc' }, 400, 'MALFORMED_ID', ['AccountId']],
    ['a record that is not there', 'Opportunity', { AccountId: '001D000000IqhSLIAZ' }, 400, 'INVALID_CROSS_REFERENCE_KEY', ['AccountId']],
    ['its own id', 'Opportunity', { Id: '006D000000IqhSL' }, 400, 'INVALID_FIELD', undefined],
  ])('%s is refused in Salesforce’s words', async (_, type, fields, status, code, names) => {
    const before = { ...org.sandbox.record('Opportunity', deal()).values };
    const reply = await org.api('PATCH', path(type, deal()), fields);
    expect(errorOf(reply)).toEqual([status, code, names]);
    expect(reply.body[0].message).toEqual(expect.any(String));
    expect(org.sandbox.record('Opportunity', deal()).values).toEqual(before);
  });

  test('what must be there is named when a record is made', async () => {
    expect(errorOf(await org.api('POST', '/sobjects/Opportunity', { Name: 'x' }))).toEqual([400, 'REQUIRED_FIELD_MISSING', ['StageName', 'CloseDate']]);
    expect(errorOf(await org.api('POST', '/sobjects/Contact', { LastName: 'x', Email: 'nobody' }))).toEqual([400, 'INVALID_EMAIL_ADDRESS', ['Email']]);
    expect((await org.api('POST', '/sobjects/OpportunityStage', { ApiName: 'x' })).body[0].errorCode).toBe('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY');
    expect((await org.api('POST', '/sobjects/Account', '{', { 'content-type': 'application/json' })).body[0].errorCode).toBe('JSON_PARSER_ERROR');
    expect((await org.api('POST', '/sobjects/Account', 'Name=x')).status).toBe(415);
  });

  test('a deleted parent is told apart from one that never was', async () => {
    const account = org.sandbox.add('Account', { Name: 'Gone' });
    org.sandbox.remove(account);
    expect(errorOf(await org.api('PATCH', path('Opportunity', deal()), { AccountId: account }))).toEqual([404, 'ENTITY_IS_DELETED', ['AccountId']]);
  });
});

describe('stages', () => {
  test('carry the rest with them and leave a row of history each', async () => {
    const id = org.sandbox.add('Opportunity', { Name: 'Moving', StageName: 'Prospecting', CloseDate: '2026-12-31', Amount: 1000 });
    for (const stage of ['Qualification', 'Contract Sent', 'Closed Won']) {
      clock.advance(1000);
      await org.api('PATCH', path('Opportunity', id), { StageName: stage });
    }
    const { body } = await org.query(
      `SELECT StageName, Probability, IsClosed, IsWon, ForecastCategoryName, LastStageChangeDate, SystemModstamp, ExpectedRevenue FROM Opportunity WHERE Id = '${id}'`,
    );
    expect(body.records[0]).toMatchObject({ StageName: 'Closed Won', Probability: 100, IsClosed: true, IsWon: true, ForecastCategoryName: 'Closed', ExpectedRevenue: 1000 });
    expect(body.records[0].LastStageChangeDate).toBe(body.records[0].SystemModstamp);
    const history = await org.query(`SELECT StageName, CreatedDate FROM OpportunityHistory WHERE OpportunityId = '${id}' ORDER BY CreatedDate`);
    expect(history.body.records.map((row: Body) => row.StageName)).toEqual(['Prospecting', 'Qualification', 'Contract Sent', 'Closed Won']);
    clock.advance(1000);
    await org.api('PATCH', path('Opportunity', id), { NextStep: 'Invoice' });
    const later = await org.api('GET', `${path('Opportunity', id)}?fields=LastStageChangeDate,SystemModstamp`);
    expect(later.body.SystemModstamp > later.body.LastStageChangeDate).toBe(true);
  });

  test('belong to record types, and may be renamed or closed', async () => {
    const renewal = org.sandbox.opportunityNamed('Paper Lantern').id;
    expect(errorOf(await org.api('PATCH', path('Opportunity', renewal), { StageName: 'Prospecting' }))[1]).toBe('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST');
    const types = (await org.query("SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Opportunity'")).body.records;
    const renewals = types.find((type: Body) => type.DeveloperName === 'Renewal').Id;
    const values = async (type: string) =>
      (await org.api('GET', `/ui-api/object-info/Opportunity/picklist-values/${type}/StageName`)).body.values.map((value: Body) => value.value);
    expect(await values(renewals)).toEqual(['Needs Analysis', 'Negotiation/Review', 'Contract Sent', 'Closed Won', 'Closed Lost']);
    org.sandbox.renameStage('Negotiation/Review', 'Redlines');
    expect(org.sandbox.field('Opportunity', renewal, 'StageName')).toBe('Redlines');
    expect(await values(renewals)).toContain('Redlines');
    expect(errorOf(await org.api('PATCH', path('Opportunity', renewal), { StageName: 'Negotiation/Review' }))[1]).toBe('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST');
    org.sandbox.renameStage('Redlines', 'Negotiation/Review');
    org.sandbox.deactivateStage('Value Proposition');
    expect(await values('012000000000000AAA')).not.toContain('Value Proposition');
    expect(errorOf(await org.api('PATCH', path('Opportunity', deal()), { StageName: 'Value Proposition' }))[1]).toBe('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST');
  });
});

describe('external ids', () => {
  const at = (id: string) => `/sobjects/Envelope__c/Envelope_Id__c/${encodeURIComponent(id)}`;

  test('an upsert makes, then changes, and never twice', async () => {
    const first = await org.api('PATCH', at('env_1'), { Status__c: 'sent', Opportunity__c: deal(), Reason__c: null });
    expect([first.status, first.body]).toEqual([201, { id: first.body.id, success: true, errors: [], created: true }]);
    const second = await org.api('PATCH', at('env_1'), { Status__c: 'viewed' });
    expect([second.status, second.body]).toEqual([200, { id: first.body.id, success: true, errors: [], created: false }]);
    expect((await org.api('GET', at('env_1'))).body).toMatchObject({ Name: 'ENV-000001', Status__c: 'viewed', Opportunity__c: deal() });
    // Case counts in this field.
    expect((await org.api('PATCH', at('ENV_1'), { Status__c: 'sent' })).body.created).toBe(true);
    expect(errorOf(await org.api('PATCH', at('env_1'), { Envelope_Id__c: 'env_1' }))).toEqual([400, 'INVALID_FIELD', undefined]);
    expect(errorOf(await org.api('PATCH', `${at('env_none')}?updateOnly=true`, { Status__c: 'sent' }))).toEqual([404, 'NOT_FOUND', undefined]);
    expect(errorOf(await org.api('POST', '/sobjects/Envelope__c', { Envelope_Id__c: 'env_1' }))[1]).toBe('DUPLICATE_VALUE');
    expect((await org.api('DELETE', at('ENV_1'))).status).toBe(204);
    expect((await org.api('PATCH', '/sobjects/Envelope__c/Status__c/sent', {})).status).toBe(404);
  });

  test('a child names its parent by the parent’s external id', async () => {
    const key = '/sobjects/Envelope_Recipient__c/Recipient_Id__c/env_1%7CSigner';
    const made = await org.api('PATCH', key, { Role__c: 'Signer', Status__c: 'sent', Envelope__r: { Envelope_Id__c: 'env_1' } });
    expect(made.status).toBe(201);
    const children = await org.query("SELECT Id, (SELECT Recipient_Id__c, Envelope__r.Status__c FROM Recipients__r) FROM Envelope__c WHERE Envelope_Id__c = 'env_1'");
    expect(children.body.records[0].Recipients__r.records).toMatchObject([{ Recipient_Id__c: 'env_1|Signer', Envelope__r: { Status__c: 'viewed' } }]);
    const orphan = await org.api('PATCH', '/sobjects/Envelope_Recipient__c/Recipient_Id__c/x%7Cy', { Envelope__r: { Envelope_Id__c: 'env_none' } });
    expect(orphan.body[0]).toMatchObject({ errorCode: 'INVALID_FIELD', message: expect.stringContaining('Foreign key external ID: env_none not found') });
    // The package lets a detail be given to another parent, so that saying the same one again is no fault.
    expect((await org.api('PATCH', key, { Envelope__r: { Envelope_Id__c: 'env_1' } })).status).toBe(200);
  });

  test('one that several records have is answered with their addresses', async () => {
    const ids = ['A', 'B'].map((name) => org.sandbox.add('Contact', { LastName: name, ERP_Id__c: '4711' }));
    const reply = await org.api('PATCH', '/sobjects/Contact/ERP_Id__c/4711', { Title: 'x' });
    expect([reply.status, reply.body]).toEqual([300, ids.map((id) => `${ROOT}/sobjects/Contact/${id}`)]);
  });
});

describe('what goes away', () => {
  test('takes its details with it, empties other references, and comes back', async () => {
    const id = org.sandbox.add('Opportunity', { Name: 'Going', StageName: 'Prospecting', CloseDate: '2026-12-31' });
    const contact = org.sandbox.add('Contact', { LastName: 'Person', Email: 'p@example.com' });
    const role = org.sandbox.add('OpportunityContactRole', { OpportunityId: id, ContactId: contact, Role: 'Signer' });
    const envelope = (await org.api('PATCH', '/sobjects/Envelope__c/Envelope_Id__c/env_going', { Opportunity__c: id })).body.id;
    org.sandbox.remove(id);
    expect(org.sandbox.records('OpportunityContactRole').map((row) => row.id)).not.toContain(role);
    expect(org.sandbox.field('Envelope__c', envelope, 'Opportunity__c')).toBeNull();
    const stamp = new Date(clock.now() - 60_000).toISOString();
    clock.advance(60_000);
    const gone = await org.api('GET', `/sobjects/Opportunity/deleted/?start=${encodeURIComponent(stamp)}&end=${encodeURIComponent(new Date(clock.now()).toISOString())}`);
    expect(gone.body.deletedRecords.map((row: Body) => row.id)).toContain(id);
    org.sandbox.restore(id);
    expect(org.sandbox.records('OpportunityContactRole').map((row) => row.id)).toContain(role);
  });

  test('a merged contact is gone, and its roles lead to the one that is kept', async () => {
    const { id } = org.sandbox.opportunityNamed('Brightwater');
    const [kept, other] = org.sandbox.contactsOf(id);
    org.sandbox.merge(kept?.id ?? '', other?.id ?? '');
    expect((await org.api('GET', path('Contact', other?.id ?? ''))).body[0].errorCode).toBe('ENTITY_IS_DELETED');
    const all = await org.api('GET', `/queryAll?q=${encodeURIComponent(`SELECT MasterRecordId, IsDeleted FROM Contact WHERE Id = '${other?.id ?? ''}'`)}`);
    expect(all.body.records[0]).toMatchObject({ MasterRecordId: kept?.id, IsDeleted: true });
    expect(org.sandbox.contactsOf(id).filter((row) => row.id === kept?.id)).toHaveLength(2);
  });

  test('updated lists ids between two minutes, at most thirty days back', async () => {
    const id = org.sandbox.add('Opportunity', { Name: 'Fresh', StageName: 'Prospecting', CloseDate: '2026-12-31' });
    clock.advance(60_000);
    const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
    const reply = await org.api('GET', `/sobjects/Opportunity/updated/?start=${at(clock.now() - 600_000)}&end=${at(clock.now())}`);
    expect(reply.body.ids).toContain(id);
    expect(reply.body.latestDateCovered).toMatch(/:00\.000\+0000$/);
    for (const [start, end] of [
      [0, 0],
      [-31 * 86_400_000, 0],
    ] as const)
      expect((await org.api('GET', `/sobjects/Opportunity/updated/?start=${at(clock.now() + start)}&end=${at(clock.now() + end)}`)).body[0].errorCode).toBe(
        'INVALID_REPLICATION_DATE',
      );
  });
});
