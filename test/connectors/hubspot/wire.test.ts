import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ObjectSerializer as Objects } from '@hubspot/api-client/lib/codegen/crm/objects/models/ObjectSerializer.js';
import { ObjectSerializer as Properties } from '@hubspot/api-client/lib/codegen/crm/properties/models/ObjectSerializer.js';
import { ObjectSerializer as Pipelines } from '@hubspot/api-client/lib/codegen/crm/pipelines/models/ObjectSerializer.js';
import { ObjectSerializer as Owners } from '@hubspot/api-client/lib/codegen/crm/owners/models/ObjectSerializer.js';
import { ObjectSerializer as Lists } from '@hubspot/api-client/lib/codegen/crm/lists/models/ObjectSerializer.js';
import { ObjectSerializer as Associations } from '@hubspot/api-client/lib/codegen/crm/associations/v4/models/ObjectSerializer.js';
import { Problem } from '#core/problem';
import { crm } from '#connectors/hubspot/crm';
import { callTo, joinList, startSandbox } from './harness.ts';

const HOST = 'https://api.hubapi.com';
const UPDATE = '/crm/v3/objects/deals/batch/update';
const writes = (count = 1) => Array.from({ length: count }, (_, index) => ({ record: { type: 'deal' as const, id: String(index + 1) }, set: { esign_status: 'sent' }, once: [] }));
const problem = async (work: Promise<unknown>) =>
  Problem.from(
    await work.then(
      () => new Error('no problem'),
      (thrown: unknown) => thrown,
    ),
  );

describe('the real host', () => {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => nock.cleanAll());
  afterAll(() => {
    nock.enableNetConnect();
    nock.restore();
  });
  const call = callTo({ baseUrl: HOST });

  test('is asked with the token and the exact body', async () => {
    const scope = nock(HOST, { reqheaders: { authorization: 'Bearer token-of-the-test' } })
      .post(UPDATE, { inputs: [{ id: '1', properties: { esign_status: 'sent', esign_signed_count: '2', esign_reason: '' } }] })
      .reply(200, { status: 'COMPLETE', results: [{ id: '1', properties: {}, createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z' }] });
    const outcome = await crm.write(call, [{ record: { type: 'deal', id: '1' }, set: { esign_status: 'sent', esign_signed_count: 2, esign_reason: null }, once: [] }]);
    expect(outcome).toEqual([{ ok: true, written: ['esign_status', 'esign_signed_count', 'esign_reason'], left: [] }]);
    scope.done();
  });

  test.each([
    [401, { category: 'EXPIRED_AUTHENTICATION' }, {}, 'install.unauthorized', undefined],
    [403, { category: 'MISSING_SCOPES', errors: [{ context: { requiredGranularScopes: ['crm.objects.deals.write'] } }] }, {}, 'install.missing-scope', undefined],
    [423, {}, {}, 'vendor.locked', 2000],
    [423, {}, { 'retry-after': '7' }, 'vendor.locked', 7000],
    [429, { policyName: 'TEN_SECONDLY_ROLLING' }, {}, 'vendor.rate-limited', 10_000],
    [429, { policyName: 'SECONDLY' }, {}, 'vendor.rate-limited', 1000],
    [429, '<html>slow down</html>', { 'retry-after': '3' }, 'vendor.rate-limited', 3000],
    [477, {}, { 'retry-after': '60' }, 'vendor.unavailable', 60_000],
    [500, {}, {}, 'vendor.unavailable', undefined],
    [502, '<html><body>Bad gateway</body></html>', { 'content-type': 'text/html' }, 'vendor.unavailable', undefined],
    [504, '', {}, 'vendor.unavailable', undefined],
    [521, 'error code: 521', {}, 'vendor.unavailable', undefined],
    [524, '', {}, 'vendor.unavailable', undefined],
  ])('%i %j %j is %s', async (status, body, headers, code, retryAfterMs) => {
    nock(HOST)
      .post(UPDATE)
      .reply(status, body, headers as Record<string, string>);
    const { code: stable, retryAfterMs: pause } = await problem(crm.write(call, writes()));
    expect([stable, pause]).toEqual([code, retryAfterMs]);
  });

  test.each([
    [404, { category: 'OBJECT_NOT_FOUND' }, 'vendor.not-found'],
    [409, { category: 'CONFLICT' }, 'vendor.rejected'],
    [400, 'not even JSON', 'vendor.rejected'],
  ])('%i %j for one record is its own outcome: %s', async (status, body, code) => {
    nock(HOST).post(UPDATE).reply(status, body);
    expect(await crm.write(call, writes())).toEqual([{ ok: false, problem: expect.objectContaining({ code }) }]);
  });

  test.each([
    ['HTML with 200', 200, '<html></html>', { 'content-type': 'text/html' }],
    ['broken JSON', 200, '{"results":[', { 'content-type': 'application/json' }],
  ])('%s is an odd answer', async (_name, status, body, headers) => {
    nock(HOST).post(UPDATE).reply(status, body, headers);
    expect((await problem(crm.write(call, writes()))).code).toBe('vendor.odd-answer');
  });

  test.each([
    ['ECONNREFUSED', 'vendor.unreachable'],
    ['ENOTFOUND', 'vendor.unreachable'],
    ['CERT_HAS_EXPIRED', 'vendor.unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'vendor.unreachable'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'vendor.unreachable'],
    ['ECONNRESET', 'vendor.lost-reply'],
    ['EPIPE', 'vendor.lost-reply'],
    ['ETIMEDOUT', 'vendor.lost-reply'],
  ])('%s is %s', async (code, stable) => {
    nock(HOST)
      .post(UPDATE)
      .replyWithError(Object.assign(new Error(code), { code }));
    expect((await problem(crm.write(call, writes()))).code).toBe(stable);
  });

  test.each([
    [{}, 1000],
    [{ 'retry-after': '3' }, 3000],
  ])('a search that is refused (%j) lets search alone rest, for it is counted apart', async (headers, resetInMs) => {
    const searching = callTo({ baseUrl: HOST });
    nock(HOST).post('/crm/v3/objects/deals/search').reply(429, { policyName: 'SECONDLY' }, headers);
    expect((await problem(crm.changes(searching, null, 1_760_000_000_000))).code).toBe('vendor.rate-limited');
    expect(searching.budgets).toEqual([{ remaining: 0, resetInMs, counted: 'search' }]);
  });

  test('a record of which a 207 says nothing is no success', async () => {
    nock(HOST)
      .post(UPDATE)
      .reply(207, {
        status: 'COMPLETE',
        results: [{ id: '1', properties: {} }],
        errors: [{ status: 'error', category: 'OBJECT_NOT_FOUND', message: '', context: { ids: ['2'] } }],
      });
    expect(await crm.write(call, writes(3))).toEqual([
      expect.objectContaining({ ok: true }),
      { ok: false, problem: expect.objectContaining({ code: 'vendor.not-found' }) },
      { ok: false, problem: expect.objectContaining({ code: 'vendor.odd-answer' }) },
    ]);
  });

  test('an item of a 207 that names a property gets the rest of it written', async () => {
    nock(HOST)
      .post(UPDATE)
      .reply(207, {
        status: 'COMPLETE',
        results: [],
        errors: [
          {
            status: 'error',
            category: 'VALIDATION_ERROR',
            message: 'no',
            context: { ids: ['1'] },
            errors: [{ message: 'no', code: 'INVALID_OPTION', context: { propertyName: ['esign_status'] } }],
          },
        ],
      });
    nock(HOST)
      .post(UPDATE, { inputs: [{ id: '1', properties: { esign_reason: 'r' } }] })
      .reply(200, { status: 'COMPLETE', results: [{ id: '1', properties: {} }] });
    const [outcome] = await crm.write(call, [{ record: { type: 'deal', id: '1' }, set: { esign_status: 'sent', esign_reason: 'r' }, once: [] }]);
    expect(outcome).toMatchObject({ ok: true, written: ['esign_reason'], left: [{ field: 'esign_status' }] });
  });

  test('no message or fact of a Problem holds a value that was sent', async () => {
    nock(HOST).post(UPDATE).reply(400, { status: 'error', category: 'VALIDATION_ERROR', message: 'Mara Lindqvist <mara@example.com> is not valid' });
    const [outcome] = await crm.write(call, writes());
    if (outcome?.ok !== false) return expect.unreachable();
    expect(JSON.stringify([outcome.problem.message, outcome.problem.facts])).not.toContain('mara@example.com');
  });
});

describe('a connection that says nothing', () => {
  let silent: Server;
  beforeAll(async () => {
    silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void (silent.closeAllConnections(), silent.close()));

  test('ends as a lost reply after the time that the call may take', async () => {
    const call = callTo({ baseUrl: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, timeoutMs: 100 });
    expect((await problem(crm.write(call, writes()))).code).toBe('vendor.lost-reply');
  });
});

describe('what the sandbox answers is what the official client knows', () => {
  type Serializer = { deserialize(data: unknown, type: string, format: string): unknown; serialize(data: unknown, type: string, format: string): unknown };

  /** Every field that was sent is still there after the client's models have read and written it. */
  function survives(serializer: Serializer, type: string, sent: unknown): void {
    const back: unknown = JSON.parse(JSON.stringify(serializer.serialize(serializer.deserialize(sent, type, ''), type, '')));
    expect(normal(back)).toEqual(normal(sent));
  }
  const normal = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
      typeof each === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(each) ? new Date(each).getTime() : each === null ? undefined : each,
    );

  test('field by field', async () => {
    const world = await startSandbox();
    const { call, tokens } = await world.install();
    await crm.prepare(call);
    const deal = world.sandbox.dealNamed('Harbour').id;
    await joinList(call, 'A list', ['1']);
    const ask = async (method: string, path: string, json?: unknown) => {
      const response = await fetch(world.base + path, {
        method,
        headers: { authorization: `Bearer ${tokens.accessToken.reveal()}`, 'content-type': 'application/json' },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      });
      return response.json();
    };
    const inputs = [{ id: deal }, { id: '1' }];
    survives(
      Objects,
      'BatchResponseSimplePublicObjectWithErrors',
      await ask('POST', '/crm/v3/objects/deals/batch/read', { inputs, properties: ['dealname', 'amount'], propertiesWithHistory: [] }),
    );
    survives(Objects, 'BatchResponseSimplePublicObject', await ask('POST', UPDATE, { inputs: [{ id: deal, properties: { esign_status: 'sent' } }] }));
    survives(
      Objects,
      'CollectionResponseWithTotalSimplePublicObjectForwardPaging',
      await ask('POST', '/crm/v3/objects/deals/search', { limit: 2, filterGroups: [], sorts: ['dealname'], properties: ['dealname'] }),
    );
    survives(Objects, 'SimplePublicObject', await ask('POST', '/crm/v3/objects/tasks', { properties: { hs_task_subject: 's' }, associations: [] }));
    survives(Properties, 'CollectionResponsePropertyNoPaging', await ask('GET', '/crm/v3/properties/deals'));
    survives(Pipelines, 'CollectionResponsePipelineNoPaging', await ask('GET', '/crm/v3/pipelines/deals'));
    survives(Owners, 'CollectionResponsePublicOwnerForwardPaging', await ask('GET', '/crm/v3/owners/?limit=1'));
    survives(Lists, 'ListFetchResponse', await ask('GET', '/crm/v3/lists/object-type-id/0-1/name/A%20list'));
    survives(Associations, 'BatchResponsePublicAssociationMultiWithLabelWithErrors', await ask('POST', '/crm/v4/associations/deals/contacts/batch/read', { inputs }));
    await world.stop();
  });
});
