import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { API_VERSION, salesforceCall } from '#connectors/salesforce/client';
import { isUnauthorized, problemOf, RefusedAnswer, recordProblem, replyProblem } from '#connectors/salesforce/problem';
import { query } from '#connectors/salesforce/soql';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { json, openWire } from './wire.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});
async function wireOf(answer: Parameters<typeof openWire>[0]) {
  const wire = await openWire(answer);
  ends.push(wire.close);
  return wire;
}
const get = (call: Call, url = '/limits') => salesforceCall(call, (org) => org.request<unknown>({ method: 'GET', url }));
const problem = async (work: Promise<unknown>) =>
  Problem.from(
    await work.then(
      () => new Error('no problem'),
      (thrown: unknown) => thrown,
    ),
  );
const refusal = (code: string, message = 'A message.', fields: string[] = []) => [{ errorCode: code, message, fields }];

describe('a call', () => {
  test('carries version, token and client, and tells the quota', async () => {
    const wire = await wireOf((_seen, response) => json(response, 200, { ok: true }, { 'sforce-limit-info': 'per-app-api-usage=3/250(appName=x); api-usage=18/5000' }));
    expect(await get(wire.callTo())).toEqual({ ok: true });
    const [seen] = wire.seen;
    expect(seen?.url).toBe(`/services/data/v${API_VERSION}/limits`);
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer first-token', 'sforce-call-options': 'client=countersign' });
    expect(wire.quotas).toEqual([{ used: 18, limit: 5000 }]);
  });

  test('sends a body as it is, letters beyond ASCII too', async () => {
    const wire = await wireOf((_seen, response) => json(response, 201, { id: '1', success: true, errors: [] }));
    await salesforceCall(wire.callTo(), (org) => org.sobject('Task').create({ Subject: 'Größe 木' }));
    expect(JSON.parse(wire.seen[0]?.body ?? '')).toEqual({ Subject: 'Größe 木' });
  });

  test('tells the quota where it is refused too', async () => {
    const wire = await wireOf((_seen, response) =>
      json(response, 403, refusal('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'), { 'sforce-limit-info': 'api-usage=5000/5000' }),
    );
    expect(await problem(get(wire.callTo()))).toMatchObject({ code: 'vendor.rate-limited', retryAfterMs: 900_000 });
    expect(wire.quotas).toEqual([{ used: 5000, limit: 5000 }]);
    expect(wire.seen).toHaveLength(1);
  });

  test('renews once where the session has ended', async () => {
    const wire = await wireOf((seen, response) => {
      if (seen.headers.authorization === 'Bearer first-token') json(response, 401, refusal('INVALID_SESSION_ID', 'Session expired or invalid'));
      else json(response, 200, { ok: true });
    });
    expect(await get(wire.callTo())).toEqual({ ok: true });
    expect([wire.renewals, wire.seen.length]).toEqual([1, 2]);
  });

  test.each([401, 403])('asks an org that answers %i for ever at most twice', async (status) => {
    const wire = await wireOf((_seen, response) => json(response, status, refusal('INVALID_SESSION_ID', 'Session expired or invalid')));
    expect((await problem(get(wire.callTo()))).code).toBe('install.unauthorized');
    expect([wire.renewals, wire.seen.length]).toEqual([1, 2]);
  });

  test('asks an org that refuses access for ever once', async () => {
    const wire = await wireOf((_seen, response) => json(response, 403, refusal('API_DISABLED_FOR_ORG', 'The REST API is not enabled for this Organization.')));
    expect(await problem(get(wire.callTo()))).toMatchObject({ code: 'install.unauthorized', message: expect.stringContaining('not enabled for this Organization') });
    expect([wire.renewals, wire.seen.length]).toEqual([0, 1]);
  });

  test.each([420, 429, 500, 502, 503, 504])('does not retry by itself after %i', async (status) => {
    const wire = await wireOf((_seen, response) => {
      response.writeHead(status, { 'content-type': 'text/html' });
      response.end('<html><body>Service unavailable</body></html>');
    });
    expect((await problem(get(wire.callTo()))).remedy).toBe('retry');
    expect(wire.seen).toHaveLength(1);
  });

  test('follows no redirect: the token goes to the org alone', async () => {
    const elsewhere = await wireOf((_seen, response) => json(response, 200, {}));
    const wire = await wireOf((_seen, response) => {
      response.writeHead(302, { location: `${elsewhere.base}/services/data/` });
      response.end();
    });
    expect((await problem(get(wire.callTo()))).code).toBe('vendor.rejected');
    expect(elsewhere.seen).toEqual([]);
  });

  test('nor goes where an answer says that the next page is', async () => {
    const elsewhere = await wireOf((_seen, response) => json(response, 200, {}));
    const wire = await wireOf((_seen, response) => json(response, 200, { done: false, records: [], nextRecordsUrl: `${elsewhere.base}/services/data/v67.0/query/1` }));
    expect((await problem(query(wire.callTo(), 'SELECT Id FROM Task'))).code).toBe('vendor.odd-answer');
    expect((await problem(get(wire.callTo(), `${elsewhere.base}/services/data/v67.0/limits`))).code).toBe('host.refused');
    expect((await problem(get(wire.callTo(), `${wire.base}@${new URL(elsewhere.base).host}/services/data/v67.0/limits`))).code).toBe('host.refused');
    expect(elsewhere.seen).toEqual([]);
  });

  test('carries one request: the second would pass by the limiter', async () => {
    const wire = await wireOf((_seen, response) => json(response, 200, {}));
    const twice = salesforceCall(wire.callTo(), async (org) => {
      await org.request('/limits');
      return org.request('/limits');
    });
    expect((await problem(twice)).code).toBe('internal.bug');
    expect(wire.seen).toHaveLength(1);
  });

  test('heeds no proxy of the environment', async () => {
    const proxy = await wireOf((_seen, response) => json(response, 200, {}));
    const wire = await wireOf((_seen, response) => json(response, 200, { ok: true }));
    const before = { ...process.env };
    for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']) process.env[name] = proxy.base;
    try {
      expect(await get(wire.callTo())).toEqual({ ok: true });
    } finally {
      process.env = before;
    }
    expect(proxy.seen).toEqual([]);
  });
});

describe('what got lost', () => {
  test('was surely not asked where nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    const wire = await wireOf((_seen, response) => json(response, 200, {}));
    expect((await problem(get(wire.callTo({ baseUrl })))).code).toBe('vendor.unreachable');
  });

  test('may be done where the connection broke before the answer, or within it', async () => {
    const before = await wireOf((_seen, response) => response.destroy());
    expect((await problem(get(before.callTo()))).code).toBe('vendor.lost-reply');
    const within = await wireOf((_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"records":');
      setImmediate(() => response.destroy());
    });
    expect((await problem(get(within.callTo()))).code).toBe('vendor.lost-reply');
    expect(within.seen).toHaveLength(1);
  });

  test('may be done where no answer came in time, the head or the rest of it', async () => {
    const silent = await wireOf(() => undefined);
    expect((await problem(get(silent.callTo({ timeoutMs: 100 })))).code).toBe('vendor.lost-reply');
    const slow = await wireOf((_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    });
    expect((await problem(get(slow.callTo({ timeoutMs: 100 })))).code).toBe('vendor.lost-reply');
  });

  test('ends with the server, and is not begun after it', async () => {
    const ending = new AbortController();
    const wire = await wireOf(() => ending.abort());
    expect((await problem(get(wire.callTo({ signal: ending.signal })))).code).toBe('vendor.lost-reply');
    expect((await problem(get(wire.callTo({ signal: ending.signal })))).code).toBe('vendor.unreachable');
    expect(wire.seen).toHaveLength(1);
  });
});

describe('an answer that is none', () => {
  test.each([
    ['a page', 'text/html', '<html>Sign in</html>'],
    ['XML', 'application/xml', '<a/>'],
    ['half of one', 'application/json', '{"records": ['],
    ['JSON under another name', 'text/plain', '{}'],
  ])('is odd: %s', async (_what, type, body) => {
    const wire = await wireOf((_seen, response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    });
    expect((await problem(get(wire.callTo()))).code).toBe('vendor.odd-answer');
  });

  test('of nothing at all is well where nothing is to be said', async () => {
    const wire = await wireOf((_seen, response) => {
      response.writeHead(204);
      response.end();
    });
    await salesforceCall(wire.callTo(), (org) => org.request({ method: 'PATCH', url: '/sobjects/Task/00T000000000001AAA', body: '{}' }));
  });
});

describe('a refusal', () => {
  const of = (status: number, body: unknown) => replyProblem({ status, headers: new Headers(), body });
  const cases: [number, unknown, string][] = [
    [401, refusal('INVALID_SESSION_ID'), 'install.unauthorized'],
    [401, '', 'install.unauthorized'],
    [403, refusal('OAUTH_APP_BLOCKED'), 'install.unauthorized'],
    [403, refusal('REQUEST_LIMIT_EXCEEDED'), 'vendor.rate-limited'],
    [429, null, 'vendor.rate-limited'],
    [400, refusal('UNABLE_TO_LOCK_ROW'), 'vendor.locked'],
    [400, refusal('QUERY_TIMEOUT'), 'vendor.unavailable'],
    [503, refusal('SERVER_UNAVAILABLE'), 'vendor.unavailable'],
    [500, refusal('UNKNOWN_EXCEPTION'), 'vendor.unavailable'],
    [502, '<html>Bad gateway</html>', 'vendor.unavailable'],
    [403, refusal('API_CURRENTLY_DISABLED', 'Functionality temporarily unavailable'), 'vendor.unavailable'],
    [403, refusal('API_CURRENTLY_DISABLED', 'API is disabled for this User'), 'install.unauthorized'],
    [404, refusal('NOT_FOUND', 'The requested resource does not exist'), 'vendor.not-found'],
    [404, null, 'vendor.not-found'],
    [404, refusal('ENTITY_IS_DELETED', 'entity is deleted'), 'vendor.not-found'],
    [404, refusal('NOT_FOUND', 'Provided external ID field does not exist or is not accessible: Envelope_Id__c'), 'vendor.rejected'],
    [400, refusal('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id'), 'vendor.not-found'],
    [400, refusal('INVALID_CROSS_REFERENCE_KEY', 'Owner ID: owner cannot be blank', ['OwnerId']), 'vendor.rejected'],
    [400, refusal('INVALID_TYPE', "sObject type 'Envelope__c' is not supported."), 'vendor.rejected'],
    [403, '<html>Forbidden</html>', 'vendor.rejected'],
    [400, '<?xml version="1.0"?><Errors><Error><errorCode>UNABLE_TO_LOCK_ROW</errorCode><message>m</message></Error></Errors>', 'vendor.locked'],
    [400, [null, 5, 'x', { errorCode: 5, message: {} }], 'vendor.rejected'],
    [400, { __proto__: null, errorCode: 'constructor' }, 'vendor.rejected'],
  ];
  test.each(cases)('%i %j is %s', (status, body, code) => expect(of(status, body).code).toBe(code));

  test.each([
    ['INVALID_TYPE', /Install the Countersign package.*Countersign Integration/],
    ['INVALID_FIELD', /Countersign Integration/],
    ['INSUFFICIENT_ACCESS_OR_READONLY', /Countersign Integration/],
    ['CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', /flow or trigger/],
    ['STORAGE_LIMIT_EXCEEDED', /storage is full/],
    ['SOMETHING_NEW', /Correct the record or the mapping/],
  ])('of %s says what to do, and what the org says', (code, words) => {
    const { message } = of(400, refusal(code, 'The words of the org.', ['Foo__c']));
    expect(message).toMatch(words);
    expect(message).toContain(`${code} (Foo__c) “The words of the org”`);
  });

  test('names no person, and not the values that a query held', () => {
    const query = "\nSELECT Id FROM Contact WHERE Email = 'ada@example.com' AND Foo__c = 1\n ^\nERROR at Row:1:Column:9\nNo such column 'Foo__c' on entity 'Contact'.";
    const problems = [of(400, refusal('INVALID_FIELD', query)), of(400, refusal('INVALID_EMAIL_ADDRESS', 'Email: invalid email address: ada@example', ['Email']))];
    const shown = problems.map(({ message, facts }) => `${message} ${JSON.stringify(facts)}`).join('\n');
    expect(shown).toContain("No such column 'Foo__c'");
    expect(shown).not.toMatch(/ada|example/);
  });

  test('of one record stands by itself, and what merely followed another error stands behind it', () => {
    const errors = [
      { statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK', message: 'rolled back', fields: [] },
      { statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'Ask legal first.', fields: ['StageName'] },
    ];
    const one = recordProblem(errors);
    expect([one.code, one.refusal.errors[0]?.code]).toEqual(['vendor.rejected', 'FIELD_CUSTOM_VALIDATION_EXCEPTION']);
    expect(one.message).toContain('“Ask legal first”');
    expect(recordProblem([{ statusCode: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access to this record', fields: [] }]).remedy).toBe('retry');
  });

  test('obeys a time that was named', () => {
    const after = (value: string) => problemOf(new RefusedAnswer(503, '', { 'retry-after': value })).retryAfterMs;
    expect([after('7'), after('soon')]).toEqual([7000, undefined]);
    expect(
      problemOf(new RefusedAnswer(403, JSON.stringify(refusal('REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.')), {})).retryAfterMs,
    ).toBe(3_000);
  });

  test('asks for a fresh token only where one may help', () => {
    const thrown = (status: number, code: string) => isUnauthorized(new RefusedAnswer(status, JSON.stringify(refusal(code)), {}));
    expect([thrown(401, ''), thrown(403, 'INVALID_SESSION_ID'), thrown(403, 'REQUEST_LIMIT_EXCEEDED'), isUnauthorized(new Error('401'))]).toEqual([true, true, false, false]);
  });

  test('shows no token', async () => {
    const wire = await wireOf((_seen, response) => json(response, 400, refusal('MALFORMED_QUERY')));
    expect(inspect(await problem(get(wire.callTo())), { depth: 9 })).not.toContain('first-token');
  });
});
