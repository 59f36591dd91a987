import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { ROOT, startOrg, type Body, type OrgWorld } from './sandbox-world.ts';

let org: OrgWorld;
const clock = manualClock(Date.parse('2026-11-20T10:00:00Z'));
beforeAll(async () => {
  org = await startOrg({ clock });
});
afterAll(() => org.stop());

const typed = (type: string, fields: Record<string, unknown>) => ({ attributes: { type }, ...fields });
const account = (fields: Record<string, unknown>) => typed('Account', fields);
const deal = () => org.sandbox.opportunityNamed('Harbour').id;
const codes = (body: Body[]) => body.map((item) => (item.success ? 'ok' : item.errors[0].statusCode));

describe('collections', () => {
  test('each record has its own outcome, in the order given', async () => {
    const reply = await org.api('POST', '/composite/sobjects', {
      records: [account({ Name: 'One' }), account({}), typed('Nothing__c', {}), account({ Name: 'Two', Id: '001D000000IqhSL' }), account({ Name: 'Two' })],
    });
    expect(reply.status).toBe(200);
    expect(codes(reply.body)).toEqual(['ok', 'REQUIRED_FIELD_MISSING', 'INVALID_TYPE', 'INVALID_FIELD_FOR_INSERT_UPDATE', 'ok']);
    expect(reply.body[0]).toEqual({ id: expect.stringMatching(/^001\w{15}$/), success: true, errors: [] });
    expect(reply.body[1]).toEqual({ success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [Name]', fields: ['Name'] }] });
    const ids = [reply.body[0].id, reply.body[4].id];
    const update = await org.api('PATCH', '/composite/sobjects', {
      records: [account({ id: ids[0], BillingCity: 'Oslo' }), account({ Id: '001D000000IqhSL', Name: 'x' }), account({ Name: 'x' })],
    });
    expect(codes(update.body)).toEqual(['ok', 'INVALID_CROSS_REFERENCE_KEY', 'MISSING_ARGUMENT']);
    const twice = await org.api('PATCH', '/composite/sobjects', { records: [account({ id: ids[1], BillingCity: 'A' }), account({ id: ids[1], BillingCity: 'B' })] });
    expect(codes(twice.body)).toEqual(['DUPLICATE_VALUE', 'DUPLICATE_VALUE']);
    const read = await org.api('POST', '/composite/sobjects/Account', { ids: [ids[1], '001D000000IqhSL', ids[0]], fields: ['Name', 'BillingCity'] });
    expect(read.body).toMatchObject([{ Name: 'Two', BillingCity: null }, null, { Name: 'One', BillingCity: 'Oslo' }]);
    const gone = await org.api('DELETE', `/composite/sobjects?ids=${ids.join(',')},001D000000IqhSL`);
    expect(codes(gone.body)).toEqual(['ok', 'ok', 'INVALID_CROSS_REFERENCE_KEY']);
  });

  test('all or none undoes what would have held', async () => {
    const before = org.sandbox.records('Account').length;
    const reply = await org.api('POST', '/composite/sobjects', { allOrNone: true, records: [account({ Name: 'One' }), account({})] });
    expect(codes(reply.body)).toEqual(['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING']);
    expect(org.sandbox.records('Account')).toHaveLength(before);
  });

  test('upserts by external id, 200 at a time; one that stands twice is refused both times', async () => {
    const envelopes = Array.from({ length: 200 }, (_, at) => typed('Envelope__c', { Envelope_Id__c: `env_${at}`, Status__c: 'sent', Opportunity__c: deal() }));
    const path = '/composite/sobjects/Envelope__c/Envelope_Id__c';
    const first = await org.api('PATCH', path, { records: envelopes });
    expect(new Set(first.body.map((item: Body) => `${item.success} ${item.created}`))).toEqual(new Set(['true true']));
    const again = await org.api('PATCH', path, {
      records: [envelopes[0], envelopes[1], envelopes[0], typed('Envelope__c', { Status__c: 'sent' }), typed('Envelope__c', { Envelope_Id__c: 'env_2', Status__c: 'lost' })],
    });
    expect(codes(again.body)).toEqual(['DUPLICATE_VALUE', 'ok', 'DUPLICATE_VALUE', 'MISSING_ARGUMENT', 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST']);
    expect(again.body[1]).toMatchObject({ id: first.body[1].id, created: false });
    expect((await org.api('PATCH', path, { records: [...envelopes, envelopes[0]] })).body[0].errorCode).toBe('EXCEEDED_ID_LIMIT');
    expect((await org.query('SELECT COUNT() FROM Envelope__c')).body.totalSize).toBe(200);
  });

  test('at most ten changes of type', async () => {
    const records = Array.from({ length: 11 }, (_, at) => (at % 2 === 0 ? account({ Name: `${at}` }) : typed('Contact', { LastName: `${at}` })));
    expect((await org.api('POST', '/composite/sobjects', { records })).body[0].message).toContain('more than 10 chunks');
  });

  test('a value of the wrong JSON type ends the whole request', async () => {
    const before = org.sandbox.records('Opportunity').length;
    const good = typed('Opportunity', { Name: 'Good', StageName: 'Prospecting', CloseDate: '2026-12-31' });
    const reply = await org.api('POST', '/composite/sobjects', { records: [good, { ...good, Amount: 'much' }] });
    expect([reply.status, reply.body[0].errorCode]).toEqual([400, 'JSON_PARSER_ERROR']);
    expect(org.sandbox.records('Opportunity')).toHaveLength(before);
  });
});

describe('composite', () => {
  const composite = (compositeRequest: unknown[], allOrNone = false) => org.api('POST', '/composite', { allOrNone, compositeRequest });
  const part = (referenceId: string, method: string, url: string, body?: unknown) => ({ referenceId, method, url: `${ROOT}${url}`, body });

  test('parts refer to those before them, and it is one call', async () => {
    const { used } = org.sandbox.usage();
    const reply = await composite([
      part('acc', 'POST', '/sobjects/Account', { Name: 'Ref' }),
      part('con', 'POST', '/sobjects/Contact', { LastName: 'Ref', AccountId: '@{acc.id}' }),
      part('look', 'GET', '/query?q=SELECT+Id,AccountId+FROM+Contact+WHERE+AccountId=%27@{acc.id}%27'),
      part('patch', 'PATCH', '/sobjects/Contact/@{look.records[0].Id}', { Title: '@{look.totalSize} of 1' }),
    ]);
    expect(reply.status).toBe(200);
    expect(reply.body.compositeResponse.map((item: Body) => [item.referenceId, item.httpStatusCode])).toEqual([
      ['acc', 201],
      ['con', 201],
      ['look', 200],
      ['patch', 204],
    ]);
    const contact = reply.body.compositeResponse[1].body.id;
    expect(org.sandbox.field('Contact', contact, 'Title')).toBe('1 of 1');
    expect(org.sandbox.usage().used).toBe(used + 1);
  });

  test('a part that fails leaves the others, but for those that needed it', async () => {
    const reply = await composite([
      part('bad', 'POST', '/sobjects/Account', {}),
      part('needs', 'POST', '/sobjects/Contact', { LastName: 'x', AccountId: '@{bad.id}' }),
      part('good', 'POST', '/sobjects/Account', { Name: 'Stands' }),
      part('lost', 'GET', '/nowhere'),
    ]);
    expect(reply.body.compositeResponse.map((item: Body) => [item.httpStatusCode, item.body[0]?.errorCode])).toEqual([
      [400, 'REQUIRED_FIELD_MISSING'],
      [400, 'PROCESSING_HALTED'],
      [201, undefined],
      [404, 'NOT_FOUND'],
    ]);
  });

  test('all or none undoes everything, collections within it too', async () => {
    const before = org.sandbox.records('Account').length;
    const reply = await composite(
      [
        part('a', 'POST', '/sobjects/Account', { Name: 'A' }),
        part('many', 'POST', '/composite/sobjects', { records: [account({ Name: 'B' })] }),
        part('bad', 'POST', '/sobjects/Account', {}),
      ],
      true,
    );
    expect(reply.body.compositeResponse.map((item: Body) => item.body[0].errorCode)).toEqual(['PROCESSING_HALTED', 'PROCESSING_HALTED', 'REQUIRED_FIELD_MISSING']);
    expect(org.sandbox.records('Account')).toHaveLength(before);
  });

  test('25 parts at most, five of them reads of many', async () => {
    const many = (count: number, url: string) => Array.from({ length: count }, (_, at) => part(`r${at}`, 'GET', url));
    expect((await composite(many(25, '/limits'))).status).toBe(200);
    expect((await composite(many(26, '/limits'))).body[0].errorCode).toBe('LIMIT_EXCEEDED');
    expect((await composite(many(6, '/query?q=SELECT+Id+FROM+User'))).body[0].errorCode).toBe('LIMIT_EXCEEDED');
    expect((await composite([part('same', 'GET', '/limits'), part('same', 'GET', '/limits')])).status).toBe(400);
  });
});

describe('campaigns', () => {
  test('a member is one per campaign; its status must be the campaign’s', async () => {
    const { id: campaign } = (await org.api('POST', '/sobjects/Campaign', { Name: 'Autumn' })).body;
    const contact = org.sandbox.contactsOf(deal())[0]?.id ?? '';
    const join = (fields: Record<string, unknown>) => org.api('POST', '/sobjects/CampaignMember', { CampaignId: campaign, ContactId: contact, ...fields });
    expect((await join({ Status: 'Signed' })).body[0].errorCode).toBe('INVALID_STATUS');
    const made = await join({});
    expect(made.status).toBe(201);
    expect((await join({ Status: 'Sent' })).body[0]).toMatchObject({ errorCode: 'DUPLICATE_VALUE' });
    expect(org.sandbox.record('CampaignMember', made.body.id).values).toMatchObject({ Status: 'Sent', HasResponded: false, Type: 'Contact' });
    await org.api('POST', '/sobjects/CampaignMemberStatus', { CampaignId: campaign, Label: 'Signed', HasResponded: true, SortOrder: 5 });
    expect((await org.api('PATCH', `/sobjects/CampaignMember/${made.body.id}`, { Status: 'Signed' })).status).toBe(204);
    expect(org.sandbox.field('CampaignMember', made.body.id, 'HasResponded')).toBe(true);
    expect(org.sandbox.field('Campaign', campaign, 'NumberOfResponses')).toBe(1);
    // With both, only the contact is kept; with neither there is nobody to add.
    const lead = org.sandbox.records('Lead')[0]?.id;
    expect((await join({ LeadId: lead })).body[0].errorCode).toBe('DUPLICATE_VALUE');
    expect((await join({ ContactId: null })).body[0].errorCode).toBe('REQUIRED_FIELD_MISSING');
    expect((await join({ ContactId: null, LeadId: lead })).status).toBe(201);
  });
});

describe('events of the package', () => {
  test('a success says in its errors that the event is only queued', async () => {
    const one = await org.api('POST', '/sobjects/Envelope_Event__e', { Event_Id__c: 'evt_1', Status__c: 'completed' });
    expect([one.status, one.body]).toEqual([
      201,
      { id: expect.any(String), success: true, errors: [{ statusCode: 'OPERATION_ENQUEUED', message: expect.any(String), fields: [] }] },
    ]);
    const many = await org.api('POST', '/composite/sobjects', { records: [typed('Envelope_Event__e', { Event_Id__c: 'evt_1' })] });
    expect(many.body[0]).toMatchObject({ success: true, errors: [{ statusCode: 'OPERATION_ENQUEUED' }] });
    // Nothing keeps one from being published twice.
    expect(org.sandbox.records('Envelope_Event__e').map((row) => row.values.Event_Id__c)).toEqual(['evt_1', 'evt_1']);
    expect((await org.api('GET', `/sobjects/Envelope_Event__e/${one.body.id}`)).status).toBe(404);
  });
});
