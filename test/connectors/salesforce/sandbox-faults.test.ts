import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { startOrg, type Body, type OrgWorld } from './sandbox-world.ts';

let org: OrgWorld;
const clock = manualClock(Date.parse('2026-11-20T10:00:00Z'));
beforeEach(async () => {
  org = await startOrg({ clock });
  await org.query('SELECT Id FROM User');
});
afterEach(() => org.stop());

const deal = () => org.sandbox.opportunityNamed('Harbour').id;
const refusal = ({ status, body, headers }: { status: number; body: Body; headers: Headers }) => [
  status,
  body[0]?.errorCode,
  headers.get('retry-after'),
  headers.get('sforce-limit-info'),
];

describe('the daily limit', () => {
  test('is told with each answer, counts a composite once and limits not at all', async () => {
    org.sandbox.setUsage(10, 100);
    expect((await org.query('SELECT Id FROM User')).headers.get('sforce-limit-info')).toBe('api-usage=11/100');
    await org.api('POST', '/composite', { compositeRequest: [1, 2].map((at) => ({ method: 'GET', url: '/services/data/v67.0/sobjects', referenceId: `r${at}` })) });
    const limits = await org.api('GET', '/limits');
    expect(limits.headers.get('sforce-limit-info')).toBe('api-usage=12/100');
    expect(limits.body.DailyApiRequests).toEqual({ Max: 100, Remaining: 88 });
    expect((await org.query('SELECT Nothing FROM User')).headers.get('sforce-limit-info')).toBe('api-usage=13/100');
  });

  test('used up, it is a 403 of its own without Retry-After, until the day has rolled on', async () => {
    org.sandbox.setUsage(99, 100);
    expect((await org.query('SELECT Id FROM User')).status).toBe(200);
    expect(refusal(await org.query('SELECT Id FROM User'))).toEqual([403, 'REQUEST_LIMIT_EXCEEDED', null, 'api-usage=100/100']);
    expect((await org.api('GET', '/limits')).status).toBe(200);
    clock.advance(25 * 3_600_000);
    expect(org.sandbox.usage()).toEqual({ used: 0, limit: 100 });
  });

  test('differs by edition', async () => {
    for (const [more, limit] of [
      [{ edition: 'developer' }, 15_000],
      [{ edition: 'unlimited' }, 115_000],
      [{ orgType: 'sandbox' }, 5_000_000],
    ] as const) {
      const other = await startOrg(more);
      expect(other.sandbox.usage().limit).toBe(limit);
      await other.stop();
    }
  });
});

describe('moods', () => {
  test('request limit, a session that never holds, an API switched off', async () => {
    org.sandbox.requestLimitExceeded(true);
    expect(refusal(await org.query('SELECT Id FROM User')).slice(0, 3)).toEqual([403, 'REQUEST_LIMIT_EXCEEDED', null]);
    org.sandbox.requestLimitExceeded(false);
    org.sandbox.always401(true);
    expect(refusal(await org.query('SELECT Id FROM User')).slice(0, 2)).toEqual([401, 'INVALID_SESSION_ID']);
    // The grant is sound, and yet the fresh token is refused as well.
    const { access_token } = await org.install();
    expect(refusal(await org.api('GET', '/limits', undefined, { authorization: `Bearer ${access_token}` })).slice(0, 2)).toEqual([401, 'INVALID_SESSION_ID']);
    org.sandbox.always401(false);
    org.sandbox.always403(true);
    expect(refusal(await org.query('SELECT Id FROM User')).slice(0, 2)).toEqual([403, 'API_DISABLED_FOR_ORG']);
    org.sandbox.always403(false);
    expect((await org.query('SELECT Id FROM User')).status).toBe(200);
    expect(org.sandbox.calls()['GET /services/data/v67.0/query']).toBe(5);
    expect(org.sandbox.calls()['POST /services/oauth2/token']).toBe(2);
  });

  test('unavailable and rate-limited come in Salesforce’s shapes; a lost reply was done all the same', async () => {
    org.sandbox.faults.unavailable = 1;
    expect(refusal(await org.query('SELECT Id FROM User')).slice(0, 3)).toEqual([503, 'SERVER_UNAVAILABLE', null]);
    Object.assign(org.sandbox.faults, { unavailable: 0, rateLimited: 1 });
    expect(refusal(await org.query('SELECT Id FROM User')).slice(0, 3)).toEqual([403, 'REQUEST_LIMIT_EXCEEDED', null]);
    Object.assign(org.sandbox.faults, { rateLimited: 0, lostReply: 1 });
    await expect(org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { NextStep: 'Done' })).rejects.toThrow();
    expect(org.sandbox.field('Opportunity', deal(), 'NextStep')).toBe('Done');
  });
});

describe('one record', () => {
  test('a row that somebody holds is refused alone, as is what hangs on it', async () => {
    const other = org.sandbox.opportunityNamed('Nordlys').id;
    org.sandbox.lockRow(deal().slice(0, 15));
    const reply = await org.api('PATCH', '/composite/sobjects', { records: [deal(), other].map((id) => ({ attributes: { type: 'Opportunity' }, id, NextStep: 'x' })) });
    expect(reply.body.map((item: Body) => item.errors[0]?.statusCode)).toEqual(['UNABLE_TO_LOCK_ROW', undefined]);
    expect((await org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { NextStep: 'x' })).status).toBe(400);
    org.sandbox.lockRow(null);
    org.sandbox.lockRow(String(org.sandbox.field('Opportunity', deal(), 'AccountId')));
    expect((await org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { NextStep: 'x' })).body[0].errorCode).toBe('UNABLE_TO_LOCK_ROW');
    org.sandbox.lockRow(null);
    expect((await org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { NextStep: 'x' })).status).toBe(204);
    org.sandbox.lockRow(1);
    expect((await org.api('PATCH', `/sobjects/Opportunity/${other}`, { NextStep: 'y' })).body[0].errorCode).toBe('UNABLE_TO_LOCK_ROW');
  });

  test('a validation rule refuses what it names, with the admin’s words', async () => {
    org.sandbox.validationRule({ object: 'Opportunity', field: 'Esign_Status__c', value: 'completed', message: 'Not yet.' });
    const set = (value: string) => org.api('PATCH', `/sobjects/Opportunity/${deal()}`, { Esign_Status__c: value });
    expect((await set('sent')).status).toBe(204);
    expect((await set('completed')).body).toEqual([{ message: 'Not yet.', errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', fields: ['Esign_Status__c'] }]);
    org.sandbox.validationRule(false);
    expect((await set('completed')).status).toBe(204);
    org.sandbox.validationRule(true);
    expect((await set('sent')).body[0].errorCode).toBe('FIELD_CUSTOM_VALIDATION_EXCEPTION');
  });
});

describe('the package', () => {
  test('without it, or without its permission set, its objects and fields are not there', async () => {
    const codes = async () => [
      (await org.query('SELECT Id FROM Envelope__c')).body[0]?.errorCode,
      (await org.query('SELECT Esign_Status__c FROM Opportunity')).body[0]?.errorCode,
      (await org.api('PATCH', '/sobjects/Envelope__c/Envelope_Id__c/env_1', {})).status,
      (await org.api('GET', '/sobjects')).body.sobjects.some((object: Body) => object.name === 'Envelope__c'),
    ];
    const gone = ['INVALID_TYPE', 'INVALID_FIELD', 404, false];
    const there = [undefined, undefined, 201, true];
    expect(await codes()).toEqual(there);
    const assigned = "SELECT COUNT() FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Countersign_Integration'";
    org.sandbox.assignPermissionSet(false);
    expect(await codes()).toEqual(gone);
    expect((await org.query(assigned)).body.totalSize).toBe(0);
    org.sandbox.assignPermissionSet(true);
    expect((await org.query(assigned)).body.totalSize).toBe(1);
    org.sandbox.installPackage(false);
    expect(await codes()).toEqual(gone);
    org.sandbox.installPackage(true);
    expect((await codes())[0]).toBeUndefined();
  });

  test('a namespace stands before every name that it brings, unless the caller names it as default', async () => {
    org.sandbox.installPackage(true, 'acme');
    const made = await org.api('PATCH', '/sobjects/acme__Envelope__c/acme__Envelope_Id__c/env_1', { acme__Status__c: 'sent', acme__Opportunity__c: deal() });
    expect(made.status).toBe(201);
    const [row] = (await org.query('SELECT Name, acme__Status__c, acme__Opportunity__r.acme__Esign_Status__c FROM acme__Envelope__c')).body.records;
    expect(row).toMatchObject({ attributes: { type: 'acme__Envelope__c' }, acme__Status__c: 'sent', acme__Opportunity__r: { acme__Esign_Status__c: null } });
    expect((await org.query('SELECT Id, (SELECT Id FROM acme__Envelopes__r) FROM Opportunity')).status).toBe(200);
    expect((await org.query('SELECT Id FROM Envelope__c')).body[0].errorCode).toBe('INVALID_TYPE');
    expect((await org.query('SELECT Status__c FROM Envelope__c', { 'sforce-call-options': 'client=x, defaultNamespace=acme' })).body.records[0].acme__Status__c).toBe('sent');
    const names = (await org.api('GET', '/sobjects/Opportunity/describe')).body.fields.map((field: Body) => field.name);
    expect(names).toContain('acme__Esign_Status__c');
    expect(names).toContain('UTM_Source__c');
    expect(org.sandbox.records('Envelope__c')[0]?.values.Status__c).toBe('sent');
  });
});
