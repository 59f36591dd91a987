import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { manualClock } from '#lib/clock';
import { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import { createCall, createTokenHttp, type CallDeps } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import type { Limits } from '#shared/limits';
import { closedPort, manifest, startVendor, type Heard } from './server.ts';

/** A call to `baseUrl`, with all that it told others. */
function bind(baseUrl: string, over: Partial<CallDeps> = {}) {
  const told = { observed: [] as number[], rests: [] as [string, number][], scheduled: [] as [string, number][], renewed: [] as string[] };
  const limits: Limits = {
    schedule: (_manifest, install, priority, run) => {
      told.scheduled.push([install, priority]);
      return run();
    },
    rest: (install, ms) => void told.rests.push([install, ms]),
    close: async () => undefined,
  };
  const call = createCall({
    manifest: manifest(),
    install: { id: 'ins_1', account: '4711', baseUrl, environment: 'live', details: {} },
    webhookUrl: 'https://countersign.example.com/webhooks/a-vendor',
    priority: 5,
    limits,
    clock: manualClock(),
    signal: new AbortController().signal,
    checkHost: createHostCheck(() => new URL(baseUrl).origin),
    token: async () => new Secret('token-1'),
    renew: async (stale) => {
      told.renewed.push(stale.reveal());
      return new Secret('token-2');
    },
    observe: (status) => void told.observed.push(status),
    ...over,
  });
  return { call, told };
}
const refusing = (good: string | null) => (heard: Heard, response: ServerResponse) =>
  void response.writeHead(heard.headers.authorization === `Bearer ${good ?? ''}` ? 200 : 401, { 'content-type': 'application/json' }).end('{}');

describe('a request', () => {
  it('carries the token of the install, goes below its address, under its limit and priority, and is observed', async () => {
    const { url, heard } = await startVendor((_heard, response) => void response.end());
    const { call, told } = bind(url, { priority: 2 });
    await call.request({ method: 'POST', path: '/things', query: { after: 'a b', limit: '5' }, headers: { 'x-own': 'yes' }, json: { a: 1 } });
    await call.request({ method: 'POST', path: '/form', form: { a: 'b c' } });
    await call.request({ method: 'GET', path: '/plain', headers: { authorization: 'Bearer of-somebody-else' } });
    expect(heard).toMatchObject([
      { url: '/things?after=a+b&limit=5', body: '{"a":1}', headers: { authorization: 'Bearer token-1', 'content-type': 'application/json', 'x-own': 'yes' } },
      { url: '/form', body: 'a=b+c', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      { url: '/plain', body: '', headers: { authorization: 'Bearer token-1' } },
    ]);
    expect(told).toMatchObject({
      observed: [200, 200, 200],
      scheduled: [
        ['ins_1', 2],
        ['ins_1', 2],
        ['ins_1', 2],
      ],
    });
  });

  it.each([400, 403, 404, 409, 429, 500, 503])('that is answered by %i is given back, and not repeated', async (status) => {
    const { url, heard } = await startVendor((_heard, response) => void response.writeHead(status).end());
    const { call, told } = bind(url);
    expect((await call.request({ method: 'GET', path: '/' })).status).toBe(status);
    expect([heard.length, told.observed]).toEqual([1, [status]]);
  });

  it('that is unauthorized is sent once more with another token', async () => {
    const { url, heard } = await startVendor(refusing('token-2'));
    const { call, told } = bind(url);
    expect((await call.request({ method: 'POST', path: '/', json: { a: 1 } })).status).toBe(200);
    expect([told.renewed, heard.map(({ body }) => body)]).toEqual([['token-1'], ['{"a":1}', '{"a":1}']]);
  });

  it('that stays unauthorized needs a person', async () => {
    const { url, heard } = await startVendor(refusing(null));
    const { call, told } = bind(url);
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'install.unauthorized', remedy: 'reauthorize' });
    expect([heard.length, told.renewed.length, told.observed]).toEqual([2, 1, [401, 401]]);
  });

  it('whose token cannot be renewed says why', async () => {
    const { url } = await startVendor(refusing(null));
    const { call } = bind(url, { renew: async () => Promise.reject(new Problem('vendor.unavailable')) });
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'vendor.unavailable' });
  });

  it('to another host is refused before anything is sent, and before the limit is asked', async () => {
    const { url, heard } = await startVendor((_heard, response) => void response.end());
    const { call, told } = bind(url, { checkHost: createHostCheck(null) });
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'host.refused' });
    await expect(bind(url).call.request({ method: 'GET', path: '@evil.com/' })).rejects.toMatchObject({ code: 'host.refused' });
    expect([heard, told.scheduled]).toEqual([[], []]);
  });

  it('without an answer is observed as 0', async () => {
    const { call, told } = bind(`http://127.0.0.1:${await closedPort()}`);
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'vendor.unreachable' });
    expect(told.observed).toEqual([0]);
  });

  it('ends when the server does', async () => {
    const stop = new AbortController();
    const { url } = await startVendor(() => stop.abort());
    await expect(bind(url, { signal: stop.signal }).call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'vendor.lost-reply' });
  });
});

describe('an official client', () => {
  const unauthorized = (error: unknown) => (error as { code?: number }).code === 401;

  it('gets address, token and time, under the same limit', async () => {
    const { call, told } = bind('http://127.0.0.1:1');
    expect(await call.through(async ({ baseUrl, accessToken, timeoutMs }) => [baseUrl, accessToken.reveal(), timeoutMs], unauthorized)).toEqual([
      'http://127.0.0.1:1',
      'token-1',
      5000,
    ]);
    expect(told).toMatchObject({ scheduled: [['ins_1', 5]], observed: [200] });
  });

  it('is called once more with another token where the vendor refused the first, and not for any other error', async () => {
    const { call, told } = bind('http://127.0.0.1:1');
    const tokens: string[] = [];
    const failing = (code: number) =>
      call.through(async ({ accessToken }) => {
        tokens.push(accessToken.reveal());
        throw Object.assign(new Error('refused'), { code });
      }, unauthorized);
    await expect(failing(401)).rejects.toThrow('refused');
    await expect(failing(500)).rejects.toThrow('refused');
    expect(tokens).toEqual(['token-1', 'token-2', 'token-1']);
    expect(told.observed).toEqual([401, 401, 500]);
  });

  it('is not called where the address is not one of the vendor', async () => {
    const { call } = bind('https://evil.com', { checkHost: createHostCheck(null) });
    let called = false;
    await expect(call.through(async () => (called = true), unauthorized)).rejects.toMatchObject({ code: 'host.refused' });
    expect(called).toBe(false);
  });
});

it('an install rests once the vendor says that its budget is nearly used up, and not before', () => {
  const { call, told } = bind('http://127.0.0.1:1');
  for (const left of [
    { remaining: 50, resetInMs: 9000 },
    { remaining: 3, resetInMs: 9000 },
    { remaining: 2, resetInMs: 9000 },
    { remaining: 0, resetInMs: 500 },
    { remaining: 0, resetInMs: 0 },
  ])
    call.budget(left);
  expect(told.rests).toEqual([
    ['ins_1', 9000],
    ['ins_1', 500],
  ]);
});

describe('HTTP to the token hosts', () => {
  it('sends a form and no token of ours, and is neither repeated nor renewed', async () => {
    const { url, heard } = await startVendor((_heard, response) => void response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}'));
    const http = createTokenHttp(
      manifest(),
      createHostCheck(() => new URL(url).origin),
    );
    expect(await http({ method: 'POST', url: `${url}/token`, form: { grant_type: 'refresh_token' }, headers: { 'x-own': 'yes' } })).toMatchObject({
      status: 401,
      body: { error: 'invalid_grant' },
    });
    expect(heard).toMatchObject([{ url: '/token', body: 'grant_type=refresh_token', headers: { 'x-own': 'yes' } }]);
    expect(heard[0]?.headers.authorization).toBeUndefined();
  });

  it('goes to no other host', async () => {
    const http = createTokenHttp(manifest(), createHostCheck(null));
    await expect(http({ method: 'GET', url: 'http://169.254.169.254/' })).rejects.toMatchObject({ code: 'host.refused' });
  });
});
