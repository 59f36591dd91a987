import { describe, expect, it } from 'vitest';
import { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import { createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import { bind, refusing } from './bound.ts';
import { closedPort, manifest, startVendor } from './server.ts';

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

  it('goes to the address of the token that it carries: a vendor that moved the account says so with the next one', async () => {
    const old = await startVendor(refusing(null));
    const moved = await startVendor(refusing('token-2'));
    const { call, told } = bind(old.url, {
      checkHost: (_manifest, address) => new URL(address),
      renew: async (stale) => {
        told.renewed.push(`${stale.token.reveal()} at ${stale.baseUrl}`);
        return { token: new Secret('token-2'), baseUrl: moved.url };
      },
    });
    expect((await call.request({ method: 'POST', path: '/things', query: { a: '1' }, json: { a: 1 } })).status).toBe(200);
    expect([old.heard.length, told.renewed]).toEqual([1, [`token-1 at ${old.url}`]]);
    expect(moved.heard).toMatchObject([{ url: '/things?a=1', body: '{"a":1}', headers: { authorization: 'Bearer token-2' } }]);
  });

  it('is never sent where a new token says that the account is, unless that is a host of the vendor', async () => {
    const { url, heard } = await startVendor(refusing(null));
    const elsewhere = await startVendor(refusing('token-2'));
    const { call } = bind(url, { renew: async () => ({ token: new Secret('token-2'), baseUrl: elsewhere.url }) });
    await expect(call.request({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'host.refused' });
    expect([heard.length, elsewhere.heard]).toEqual([1, []]);
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

  it('is called the second time at the address of the new token', async () => {
    const { call } = bind('http://127.0.0.1:1', {
      checkHost: (_manifest, address) => new URL(address),
      renew: async () => ({ token: new Secret('token-2'), baseUrl: 'http://127.0.0.1:2' }),
    });
    const seen: string[] = [];
    await call.through(async ({ baseUrl, accessToken }) => {
      seen.push(`${baseUrl} ${accessToken.reveal()}`);
      if (seen.length === 1) throw Object.assign(new Error('refused'), { code: 401 });
    }, unauthorized);
    expect(seen).toEqual(['http://127.0.0.1:1 token-1', 'http://127.0.0.1:2 token-2']);
  });

  it('is not called a second time where a new token leads away from the vendor', async () => {
    const { call } = bind('http://127.0.0.1:1', { renew: async () => ({ token: new Secret('token-2'), baseUrl: 'http://127.0.0.1:2' }) });
    let calls = 0;
    const work = call.through(async () => {
      calls++;
      throw Object.assign(new Error('refused'), { code: 401 });
    }, unauthorized);
    await expect(work).rejects.toMatchObject({ code: 'host.refused' });
    expect(calls).toBe(1);
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
