import { Connection } from 'jsforce';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { startOrg, type Body, type OrgWorld } from './sandbox-world.ts';

/** The vendor's own client, which has never seen this sandbox: what it understands is not a misunderstanding that we share with ourselves. */
let org: OrgWorld;
let client: Connection;
beforeAll(async () => {
  // Its bulk client takes an instance for a host, so this org is mounted without a path.
  org = await startOrg({}, '');
  const { access_token, instance_url } = await org.install();
  client = new Connection({ version: '67.0', instanceUrl: instance_url, accessToken: access_token, callOptions: { client: 'jsforce-test' } });
});
afterAll(() => org.stop());
const deal = () => org.sandbox.opportunityNamed('Harbour').id;

describe('jsforce', () => {
  test('reads, with its children, pages and limits', async () => {
    const found = await client.query<Body>(`SELECT Id, Account.Name, (SELECT Contact.Email FROM OpportunityContactRoles) FROM Opportunity WHERE Id = '${deal()}'`);
    expect(found.records[0]).toMatchObject({ Account: { Name: 'Harbour Coffee' }, OpportunityContactRoles: { totalSize: 2 } });
    expect(client.limitInfo.apiUsage?.limit).toBe(103_000);
    const many = Array.from({ length: 2100 }, (_, at) => ({ LastName: `Many ${at}` }));
    const made = await client.sobject('Contact').create(many, { allowRecursive: true });
    expect(made.every(({ success }) => success)).toBe(true);
    const all = await client.query<Body>("SELECT Id FROM Contact WHERE LastName LIKE 'Many %'").autoFetch(true).maxFetch(5000);
    expect(new Set((all as unknown as Body[] | { records: Body[] } as Body).records.map((row: Body) => row.Id)).size).toBe(2100);
  });

  test('writes single records, by external id and in lists', async () => {
    const envelopes = client.sobject('Envelope__c');
    expect(await envelopes.upsert({ Envelope_Id__c: 'env_1', Status__c: 'sent', Opportunity__c: deal() }, 'Envelope_Id__c')).toMatchObject({ success: true, created: true });
    expect(await envelopes.upsert({ Envelope_Id__c: 'env_1', Status__c: 'viewed' }, 'Envelope_Id__c')).toMatchObject({ success: true, created: false });
    const list = await envelopes.upsert([{ Envelope_Id__c: 'env_1', Status__c: 'nonsense' }, { Envelope_Id__c: 'env_2' }], 'Envelope_Id__c');
    expect(list.map(({ success }) => success)).toEqual([false, true]);
    await client.sobject('Opportunity').update({ Id: deal(), NextStep: 'Sign' });
    expect(await client.sobject('Opportunity').retrieve(deal())).toMatchObject({ NextStep: 'Sign' });
    expect(org.sandbox.events.since(0).at(-1)?.event.changeOrigin).toBe('com/salesforce/api/rest/67.0;client=jsforce-test');
    await client.sobject('Task').create({ Subject: 'x', WhatId: deal() });
    expect((await client.sobject('Opportunity').updated(new Date(Date.now() - 120_000), new Date(Date.now() + 60_000))).ids).toContain(deal());
  });

  test('throws what the org refuses under its name', async () => {
    await expect(client.query('SELECT Nothing FROM Opportunity')).rejects.toMatchObject({ errorCode: 'INVALID_FIELD' });
    await expect(client.sobject('Opportunity').update({ Id: deal(), StageName: 'Nowhere' })).rejects.toMatchObject({ errorCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST' });
    for (const name of ['A', 'B']) org.sandbox.add('Contact', { LastName: name, ERP_Id__c: '1' });
    await expect(client.sobject('Contact').upsert({ ERP_Id__c: '1', LastName: 'x' }, 'ERP_Id__c')).rejects.toMatchObject({ errorCode: 'MULTIPLE_CHOICES' });
    org.sandbox.requestLimitExceeded(true);
    await expect(client.query('SELECT Id FROM User')).rejects.toMatchObject({ errorCode: 'REQUEST_LIMIT_EXCEEDED' });
    org.sandbox.requestLimitExceeded(false);
  });

  test('describes, and knows who it is', async () => {
    const about = await client.sobject('Envelope__c').describe();
    expect(about.fields.find(({ name }) => name === 'Status__c')?.picklistValues?.map(({ value }) => value)).toContain('partially_signed');
    expect((await client.describeGlobal()).sobjects.map(({ name }) => name)).toContain('Envelope_Recipient__c');
    expect(await client.identity()).toMatchObject({ organization_id: org.sandbox.orgId() });
  });

  test('loads in bulk', async () => {
    const job = client.bulk2.createJob({ object: 'Envelope__c', operation: 'upsert', externalIdFieldName: 'Envelope_Id__c' });
    await job.open();
    await job.uploadData([
      { Envelope_Id__c: 'env_b1', Status__c: 'completed' },
      { Envelope_Id__c: 'env_b2', Status__c: 'nonsense' },
    ]);
    await job.close();
    await job.poll(20, 5000);
    const { successfulResults, failedResults } = await job.getAllResults();
    expect(successfulResults).toMatchObject([{ Envelope_Id__c: 'env_b1', sf__Created: 'true' }]);
    expect(failedResults).toMatchObject([{ Envelope_Id__c: 'env_b2', sf__Error: expect.stringContaining('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST') }]);
  });
});

describe('a restart', () => {
  test('finds everything as it was: records, tokens, settings and events', async () => {
    org.sandbox.setOutbound('http://127.0.0.1:9/x');
    org.sandbox.setCardKey('key');
    org.sandbox.hideField('Opportunity', 'Amount', 'hidden');
    const tokens = await org.install();
    const state = JSON.parse(JSON.stringify(org.sandbox.state())) as ReturnType<typeof org.sandbox.state>;
    const next = await startOrg({ state }, '');
    expect(next.sandbox.state()).toEqual(state);
    expect(next.sandbox.knows(tokens.access_token)).toBe(true);
    expect((await next.token({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })).status).toBe(200);
    expect(next.sandbox.events.since(0)).toEqual(org.sandbox.events.since(0));
    expect((await next.api('PATCH', '/sobjects/Envelope__c/Envelope_Id__c/env_1', {})).body.created).toBe(false);
    await next.stop();
  });

  test('the same moment and seed make the same org', async () => {
    const at = () => startOrg({ clock: manualClock(1_760_000_000_000) });
    const [one, other] = [await at(), await at()];
    expect(one.sandbox.state()).toEqual(other.sandbox.state());
    await Promise.all([one.stop(), other.stop()]);
  });
});
