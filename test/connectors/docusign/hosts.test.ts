import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '#lib/secret';
import { docusign } from '#connectors/docusign/index';
import { createCall, orderForm, OWN, registration, signSlot, tokenHttp } from './world.ts';

const { sign } = signSlot();
const { auth, manifest } = docusign;
const ACCOUNT_URL = 'https://demo.docusign.net/restapi/v2.1/accounts/acc';
const call = createCall({ baseUrl: ACCOUNT_URL, token: 't' });
const app = { ...registration('https://account-d.docusign.com'), redirectUri: 'https://countersign.example.com/oauth/docusign/callback' };
const tokens = { accessToken: new Secret('t'), refreshToken: new Secret('r'), expiresAt: 0, scopes: [] };
const account = { id: 'acc', name: '', environment: 'test' as const, baseUrl: ACCOUNT_URL, details: {} };
const api = () => nock('https://demo.docusign.net/restapi/v2.1/accounts/acc');

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(() => {
  nock.enableNetConnect();
  nock.restore();
});

describe('the real hosts', () => {
  it('are those of the manifest', () => {
    const allowed = (host: string) => manifest.hosts.some((one) => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one));
    for (const host of ['account.docusign.com', 'account-d.docusign.com', 'demo.docusign.net', 'na4.docusign.net', 'eu.docusign.net']) expect(allowed(host)).toBe(true);
    for (const host of ['docusign.net.example.com', 'example.com', 'evildocusign.net']) expect(allowed(host)).toBe(false);
  });
  it('make a demo account a test account, whose default account is taken', async () => {
    const accounts = [
      { account_id: 'other', is_default: false, account_name: 'Other', base_uri: 'https://eu.docusign.net' },
      { account_id: 'acc', is_default: true, account_name: 'Mine', base_uri: 'https://demo.docusign.net/' },
    ];
    nock('https://account-d.docusign.com', { reqheaders: { authorization: 'Bearer t' } })
      .get('/oauth/userinfo')
      .reply(200, { sub: 'u', accounts });
    expect(await auth.identify(app, tokenHttp, tokens)).toEqual({
      id: 'acc',
      name: 'Mine',
      environment: 'test',
      baseUrl: ACCOUNT_URL,
      details: { userId: 'u', baseUri: 'https://demo.docusign.net' },
    });
  });
  it('make a production account live, on its own shard', async () => {
    const accounts = [{ account_id: 'acc', is_default: 'true', account_name: 'Mine', base_uri: 'https://eu.docusign.net' }];
    nock('https://account.docusign.com').get('/oauth/userinfo').reply(200, { sub: 'u', accounts });
    const live = { ...app, tokenUrl: 'https://account.docusign.com' };
    expect(await auth.identify(live, tokenHttp, tokens)).toMatchObject({ environment: 'live', baseUrl: 'https://eu.docusign.net/restapi/v2.1/accounts/acc' });
  });
  it('get the secret as Basic authentication and nothing of it in the form', async () => {
    const basic = `Basic ${Buffer.from('integration-key:hush').toString('base64')}`;
    nock('https://account-d.docusign.com', { reqheaders: { authorization: basic } })
      .post('/oauth/token', 'grant_type=refresh_token&refresh_token=r')
      .reply(200, { access_token: 'a', refresh_token: 'b', expires_in: 28800, token_type: 'Bearer' });
    const next = await auth.refresh(app, tokenHttp, tokens, account, 1000);
    expect(next.refreshToken?.reveal()).toBe('b');
    expect(next.expiresAt).toBe(1000 + 28_800_000);
  });
  it('send people to a consent page that knows our address', () => {
    const url = new URL(auth.authorizeUrl(app, { state: 's', challenge: 'c' }));
    expect(url.origin + url.pathname).toBe('https://account-d.docusign.com/oauth/auth');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      scope: 'signature extended',
      client_id: 'integration-key',
      redirect_uri: app.redirectUri,
      state: 's',
      code_challenge: 'c',
      code_challenge_method: 'S256',
    });
  });
});

describe('the token host', () => {
  it.each([
    ['a page of its own', 502, '<html>bad gateway</html>', 'vendor.unavailable'],
    ['too many requests', 429, '', 'vendor.rate-limited'],
    ['a dead grant', 400, { error: 'invalid_grant' }, 'install.unauthorized'],
    ['a wrong secret', 401, { error: 'invalid_client' }, 'vendor.rejected'],
    ['success without a token', 200, {}, 'vendor.odd-answer'],
  ])('answering %s', async (_, status, body, code) => {
    nock('https://account-d.docusign.com').post('/oauth/token').reply(status, body);
    await expect(auth.refresh(app, tokenHttp, tokens, account, 0)).rejects.toMatchObject({ code });
  });
});

describe('a grant of a person', () => {
  const got = { code: 'c', verifier: 'v', now: 0 };
  it('without a refresh token is not taken: it would be renewed as the server’s own user', async () => {
    nock('https://account-d.docusign.com').post('/oauth/token').reply(200, { access_token: 'a', expires_in: 28800 });
    await expect(auth.exchange(app, tokenHttp, got)).rejects.toMatchObject({ code: 'vendor.odd-answer' });
  });
  it('with one is', async () => {
    nock('https://account-d.docusign.com').post('/oauth/token').reply(200, { access_token: 'a', refresh_token: 'b', expires_in: 28800 });
    expect((await auth.exchange(app, tokenHttp, got)).refreshToken?.reveal()).toBe('b');
  });
});

describe('odd answers of the API', () => {
  it.each([
    [
      400,
      { errorCode: 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', message: 'm' },
      { 'x-ratelimit-reset': '1785751265', date: 'Mon, 03 Aug 2026 10:00:05 GMT' },
      { code: 'vendor.rate-limited', retryAfterMs: 60_000 },
    ],
    [400, { errorCode: 'BURST_APIINVOCATION_LIMIT_EXCEEDED', message: 'm' }, {}, { code: 'vendor.rate-limited', retryAfterMs: 30_000 }],
    [400, { errorCode: 'Burst_Envelope_Polling_Limit_Exceeded', message: 'm' }, {}, { code: 'vendor.rate-limited', retryAfterMs: 900_000 }],
    [400, { errorCode: 'API_REQUEST_IS_THROTTLED', message: 'm' }, {}, { code: 'vendor.rate-limited' }],
    [429, '', { 'retry-after': '7' }, { code: 'vendor.rate-limited', retryAfterMs: 7000 }],
    [400, { errorCode: 'EDIT_LOCK_ENVELOPE_LOCKED', message: 'm' }, {}, { code: 'vendor.locked' }],
    [401, { errorCode: 'USER_AUTHENTICATION_FAILED', message: 'm' }, {}, { code: 'install.unauthorized' }],
    [401, { errorCode: 'AUTHORIZATION_INVALID_TOKEN', message: 'm' }, {}, { code: 'install.unauthorized' }],
    [400, { errorCode: 'USER_LACKS_PERMISSIONS', message: 'm' }, {}, { code: 'install.missing-scope' }],
    [403, '', {}, { code: 'install.missing-scope' }],
    [503, '<html></html>', {}, { code: 'vendor.unavailable' }],
    [418, 'short and stout', {}, { code: 'vendor.rejected' }],
    [400, { errorCode: 'ENVELOPE_DOES_NOT_EXIST', message: 'm' }, { 'x-docusign-tracetoken': 'trace-1' }, { code: 'vendor.not-found', facts: { trace: 'trace-1', message: 'm' } }],
  ])('%i %j', async (status, body, headers, problem) => {
    api()
      .put('/envelopes/e')
      .query(true)
      .reply(status, body, headers as Record<string, string>);
    await expect(sign.remind(call, 'e')).rejects.toMatchObject(problem);
  });
  it('in no form that is known are a fault to report, not a crash', async () => {
    api().get('/envelopes').query(true).reply(200, { envelopes: 'many' });
    await expect(sign.find(call, OWN, Date.now())).rejects.toMatchObject({ code: 'vendor.odd-answer' });
    api()
      .get(/\/templates\/.*/)
      .query(true)
      .reply(200, 'hello');
    await expect(sign.draft(call, orderForm())).rejects.toMatchObject({ code: 'vendor.odd-answer' });
  });
  it('with nulls and transaction statuses are still understood', async () => {
    api()
      .get('/envelopes')
      .query(true)
      .reply(200, { envelopes: null, envelopeTransactionStatuses: [{ transactionId: OWN, envelopeId: 'e', status: 'sent' }] });
    expect(await sign.find(call, OWN, Date.now())).toEqual({ id: 'e', status: 'sent' });
  });
  it('that never come leave it open whether it was done', async () => {
    api()
      .put('/envelopes/e')
      .replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await expect(sign.send(call, 'e')).rejects.toMatchObject({ code: 'vendor.lost-reply' });
  });
});
