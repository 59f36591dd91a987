import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { auth } from '#connectors/salesforce/auth';
import { manifest } from '#connectors/salesforce/manifest';
import { Problem } from '#core/problem';
import { hmacBase64 } from '#lib/hmac';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, TokenHttp, Tokens } from '#ports/auth';
import { createHostCheck } from '#shared/hosts';

const ORG = '00D5g000000ABCDEA4';
const OTHER_ORG = '00D5g000000ABCEEA4';
const USER = '0055g0000000001AAA';
const NOW = 1_772_359_200_000;
const DAY_MS = 86_400_000;
const INSTANCE = 'https://acme.my.salesforce.com';
const SECRET = 'the-app-secret';
const app: AppRegistration = {
  clientId: 'client-1',
  clientSecret: new Secret(SECRET),
  redirectUri: 'https://connector.example.com/oauth/salesforce/callback',
  authorizeUrl: 'https://acme.my.salesforce.com',
  tokenUrl: 'https://acme.my.salesforce.com',
  apiUrl: 'https://unused.my.salesforce.com',
  more: {},
};
const account: Account = { id: ORG, name: 'Acme', environment: 'live', baseUrl: INSTANCE, details: { login: 'https://test.salesforce.com' } };
const tokens: Tokens = { accessToken: new Secret('access-0'), refreshToken: new Secret('refresh-0'), expiresAt: 0, scopes: ['api'], baseUrl: INSTANCE };

/** A token answer as Salesforce signs it, with parts changed. */
function granted(more: Record<string, unknown> = {}, identity = `https://login.salesforce.com/id/${ORG}/${USER}`) {
  const issued = String(NOW);
  const whole = {
    access_token: 'access-1',
    refresh_token: 'refresh-1',
    instance_url: INSTANCE,
    id: identity,
    issued_at: issued,
    signature: hmacBase64(SECRET, identity, issued),
    scope: 'api refresh_token openid',
    token_type: 'Bearer',
  };
  return { status: 200, body: { ...whole, ...more } as unknown };
}
interface Answered {
  status: number;
  body: unknown;
}
function answering(answers: Record<string, Answered[]>) {
  const asked: { url: string; form: Record<string, string>; headers: Record<string, string> }[] = [];
  const http: TokenHttp = async ({ url, form = {}, headers = {} }) => {
    asked.push({ url, form, headers });
    const next = answers[new URL(url).pathname]?.shift();
    if (!next) throw new Error(`nothing prepared for ${url}`);
    return { ...next, headers: new Headers() };
  };
  return { http, asked };
}
const TOKEN = '/services/oauth2/token';
const exchange = (answer: Answered, registration = app) => auth.exchange(registration, answering({ [TOKEN]: [answer] }).http, { code: 'code-1', verifier: 'verifier-1', now: NOW });
const refresh = (answer: Answered, of: Partial<Account> = {}) => auth.refresh(app, answering({ [TOKEN]: [answer] }).http, tokens, { ...account, ...of }, NOW);
const problem = async (work: Promise<unknown>) =>
  Problem.from(
    await work.then(
      () => new Error('no problem'),
      (thrown: unknown) => thrown,
    ),
  );
const refused = (error: string, status = 400): Answered => ({ status, body: { error, error_description: 'refresh-0 is not good' } });

describe('consent', () => {
  test('is asked for at the login that was chosen, with PKCE S256 and what the manifest lists', () => {
    const asked = new URL(auth.authorizeUrl(app, { state: 'a state & more', challenge: 'the-challenge' }));
    expect(asked.origin + asked.pathname).toBe('https://acme.my.salesforce.com/services/oauth2/authorize');
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: app.redirectUri,
      scope: 'api refresh_token openid',
      state: 'a state & more',
      code_challenge: 'the-challenge',
      code_challenge_method: 'S256',
    });
  });
  test('may be given at production, a sandbox or a My Domain, and nowhere else', () => {
    expect(manifest.oauth.logins.map(({ host }) => host)).toEqual(['login.salesforce.com', 'test.salesforce.com']);
    const check = createHostCheck(null);
    for (const host of [...manifest.oauth.logins.map((login) => login.host), 'acme.my.salesforce.com', 'acme--uat.sandbox.my.salesforce.com'])
      expect(check(manifest, `https://${host}`).host).toBe(host);
    for (const host of ['acme.salesforce.com.example.com', 'my.salesforce.com', 'salesforce.com', 'acme.lightning.force.com', 'evil-my.salesforce.com', '127.0.0.1'])
      expect(() => check(manifest, `https://${host}`)).toThrow(Problem);
  });
});

describe('a code', () => {
  test('is exchanged with verifier and secret, for tokens with their instance', async () => {
    const { http, asked } = answering({ [TOKEN]: [granted()] });
    const got = await auth.exchange(app, http, { code: 'code-1', verifier: 'verifier-1', now: NOW });
    expect(asked).toEqual([
      {
        url: 'https://acme.my.salesforce.com/services/oauth2/token',
        form: { client_id: 'client-1', client_secret: SECRET, grant_type: 'authorization_code', redirect_uri: app.redirectUri, code: 'code-1', code_verifier: 'verifier-1' },
        headers: {},
      },
    ]);
    expect([got.accessToken.reveal(), got.refreshToken?.reveal(), got.baseUrl, got.scopes]).toEqual(['access-1', 'refresh-1', INSTANCE, ['api', 'refresh_token', 'openid']]);
    expect(JSON.stringify(got) + inspect(got)).not.toMatch(/access-1|refresh-1/);
  });
  test('gives tokens that are refreshed well before 30 idle days', async () => {
    const { expiresAt } = await exchange(granted());
    expect(expiresAt).toBeGreaterThan(NOW + DAY_MS);
    expect(expiresAt).toBeLessThan(NOW + 25 * DAY_MS);
  });

  const otherIdentity = 'https://login.salesforce.com.example.com/id/00D5g000000ABCDEA4/0055g0000000001AAA';
  test.each([
    ['is signed with another secret', granted({ signature: hmacBase64('another', `https://login.salesforce.com/id/${ORG}/${USER}`, String(NOW)) })],
    ['is signed at another time', granted({ issued_at: String(NOW + 1) })],
    ['names another org than was signed', granted({ id: `https://login.salesforce.com/id/${OTHER_ORG}/${USER}` })],
    ['has no signature', granted({ signature: undefined })],
    ['names an identity elsewhere', granted({}, otherIdentity)],
    ['names an identity without an org', granted({}, 'https://login.salesforce.com/id/')],
    ['names an identity that is no address', granted({}, `${ORG}/${USER}`)],
    ['names no instance', granted({ instance_url: undefined })],
    ['names an instance without https', granted({ instance_url: 'http://acme.my.salesforce.com' })],
    ['names an instance with a path', granted({ instance_url: `${INSTANCE}/services/evil` })],
    ['names an instance behind a user', granted({ instance_url: 'https://user:pass@acme.my.salesforce.com' })],
    ['names an instance that is none', granted({ instance_url: 'javascript:alert(1)' })],
    ['has no token', granted({ access_token: '' })],
    ['is a page', { status: 200, body: '<html>' }],
    ['is nothing', { status: 200, body: null }],
    ['leads elsewhere', { status: 302, body: null }],
  ] as [string, Answered][])('is worth nothing where the answer %s', async (_what, answer) => {
    const { code, message, facts } = await problem(exchange(answer));
    expect(code).toBe('vendor.odd-answer');
    expect(`${message}${JSON.stringify(facts)}`).not.toMatch(/access-1|refresh-1|the-app-secret/);
  });

  test.each([
    ['invalid_grant', 'oauth.denied'],
    ['invalid_client', 'oauth.denied'],
    ['OAUTH_APP_BLOCKED', 'oauth.denied'],
    ['something_new', 'oauth.denied'],
    ['rate_limit_exceeded', 'vendor.rate-limited'],
    ['unknown_error', 'vendor.unavailable'],
  ])('refused with %s is %s', async (error, code) => expect((await problem(exchange(refused(error)))).code).toBe(code));

  test.each([
    ['api openid', undefined, ['refresh_token']],
    ['refresh_token openid', 'refresh-1', ['api']],
    ['api', undefined, ['refresh_token', 'openid']],
  ])('granted %j with the refresh token %j names what is missing', async (scope, refresh_token, missing) => {
    const { code, facts } = await problem(exchange(granted({ scope, refresh_token })));
    expect([code, facts.missing]).toEqual(['install.missing-scope', missing.join(' ')]);
  });
  test.each(['full refresh_token', 'api openid offline_access', undefined])('granted %j is enough, under whatever names', async (scope) => {
    expect((await exchange(granted({ scope }))).refreshToken?.reveal()).toBe('refresh-1');
  });
});

describe('a refresh', () => {
  test('asks the login at which the org was connected, without a verifier', async () => {
    const { http, asked } = answering({ [TOKEN]: [granted()] });
    await auth.refresh(app, http, tokens, account, NOW);
    expect(asked.map(({ url, form }) => [url, Object.keys(form).sort()])).toEqual([
      ['https://test.salesforce.com/services/oauth2/token', ['client_id', 'client_secret', 'grant_type', 'refresh_token']],
    ]);
  });
  test('gives the rotated refresh token, and the instance as it is now', async () => {
    const fresh = await refresh(granted({ instance_url: 'https://acme-moved.my.salesforce.com' }));
    expect([fresh.refreshToken?.reveal(), fresh.baseUrl]).toEqual(['refresh-1', 'https://acme-moved.my.salesforce.com']);
  });
  test('keeps what the answer leaves out or says oddly, for the old refresh token may be dead by now', async () => {
    const bare = await refresh({ status: 200, body: { access_token: 'access-1' } });
    expect([bare.accessToken.reveal(), bare.refreshToken?.reveal(), bare.baseUrl, bare.scopes]).toEqual(['access-1', 'refresh-0', INSTANCE, ['api']]);
    const odd = await refresh(granted({ instance_url: 'http://elsewhere.example.com', signature: 'x', id: 'x' }));
    expect([odd.refreshToken?.reveal(), odd.baseUrl]).toEqual(['refresh-1', INSTANCE]);
  });
  test('for another org is none for this one', async () => expect((await problem(refresh(granted(), { id: OTHER_ORG }))).code).toBe('install.unauthorized'));
  test('without a refresh token needs a person', async () =>
    expect((await problem(auth.refresh(app, answering({}).http, { ...tokens, refreshToken: null }, account, NOW))).code).toBe('install.unauthorized'));

  test.each([
    [refused('invalid_grant'), 'install.unauthorized'],
    [refused('inactive_org'), 'install.unauthorized'],
    [refused('inactive_user'), 'install.unauthorized'],
    [refused('OAUTH_APP_BLOCKED'), 'install.unauthorized'],
    [refused('invalid_client_id'), 'vendor.rejected'],
    [refused('invalid_client', 401), 'vendor.rejected'],
    [refused('rate_limit_exceeded'), 'vendor.rate-limited'],
    [refused('unknown_error'), 'vendor.unavailable'],
    [{ status: 503, body: '<html>' }, 'vendor.unavailable'],
    [{ status: 429, body: null }, 'vendor.rate-limited'],
    [{ status: 401, body: null }, 'install.unauthorized'],
    [{ status: 400, body: 'x' }, 'vendor.rejected'],
    [{ status: 200, body: {} }, 'vendor.odd-answer'],
  ] as [Answered, string][])('answered by %j is %s', async (answer, code) => {
    const failed = await problem(refresh(answer));
    expect(failed.code).toBe(code);
    expect(`${failed.message}${JSON.stringify(failed.facts)}`).not.toContain('refresh-0');
  });
});

describe('who it is', () => {
  const USERINFO = '/services/oauth2/userinfo';
  const QUERY = '/services/data/v67.0/query';
  const OBJECTS = '/services/data/v67.0/sobjects';
  const ok = (body: unknown): Answered => ({ status: 200, body });
  const user = (org = ORG) => ok({ user_id: USER, organization_id: org, email: 'ada@example.com', name: 'Ada Byron' });
  const org = (more: Record<string, unknown> = {}) =>
    ok({
      records: [
        { Id: ORG, Name: 'Acme', IsSandbox: false, OrganizationType: 'Enterprise Edition', InstanceName: 'EU42', NamespacePrefix: null, TrialExpirationDate: null, ...more },
      ],
    });
  const objects = (...names: string[]) => ok({ sobjects: names.map((name) => ({ name })) });
  const identify = (answers: Record<string, Answered[]>) => {
    const { http, asked } = answering(answers);
    return { account: auth.identify(app, http, tokens), asked };
  };
  const about = (more: Record<string, unknown> = {}, ...names: string[]) => identify({ [USERINFO]: [user()], [QUERY]: [org(more)], [OBJECTS]: [objects(...names)] }).account;

  test('is the org by its 18-character id, asked at its instance with the token, and no person', async () => {
    const { account: found, asked } = identify({ [USERINFO]: [user(ORG.slice(0, 15))], [QUERY]: [org()], [OBJECTS]: [objects('Account', 'Envelope__c', 'Envelope_Recipient__c')] });
    expect(await found).toEqual({
      id: ORG,
      name: 'Acme',
      environment: 'live',
      baseUrl: INSTANCE,
      details: { login: app.tokenUrl, orgId: ORG, userId: USER, edition: 'Enterprise Edition', instance: 'EU42', sandbox: false, namespace: '' },
    });
    expect(asked.every(({ url, headers }) => url.startsWith(`${INSTANCE}/`) && headers.authorization === 'Bearer access-0')).toBe(true);
  });
  test.each([
    [{ IsSandbox: true }, 'test'],
    [{ OrganizationType: 'Developer Edition' }, 'test'],
    [{ TrialExpirationDate: '2026-04-01T00:00:00.000+0000' }, 'test'],
    [{ OrganizationType: 'Professional Edition' }, 'live'],
  ])('%j makes it a %s org', async (more, environment) => expect((await about(more)).environment).toBe(environment));
  test.each([
    [['Envelope_Recipient__c'], ''],
    [['Account', 'cntsgn__Envelope_Recipient__c'], 'cntsgn'],
    [['Envelope__c', 'other__Envelope__c'], null],
    [[], null],
  ])('has with the objects %j the namespace %j', async (names, namespace) => expect((await about({}, ...names)).details.namespace).toBe(namespace));
  test('is found where its objects cannot be listed too', async () => {
    const found = await identify({ [USERINFO]: [user()], [QUERY]: [org()], [OBJECTS]: [{ status: 403, body: [] }] }).account;
    expect([found.id, found.details.namespace]).toEqual([ORG, null]);
  });
  test.each([
    ['two orgs', { [USERINFO]: [user(OTHER_ORG)], [QUERY]: [org()] }],
    ['an org that is none', { [USERINFO]: [user('42')], [QUERY]: [org({ Id: '42' })] }],
    ['no user', { [USERINFO]: [ok({ organization_id: ORG })], [QUERY]: [org()] }],
    ['no org', { [USERINFO]: [user()], [QUERY]: [ok({ records: [] })] }],
    ['a page', { [USERINFO]: [ok('<html>')], [QUERY]: [org()] }],
  ] as [string, Record<string, Answered[]>][])('is not said by %s', async (_what, answers) => {
    const failed = await problem(identify(answers).account);
    expect(failed.code).toBe('vendor.odd-answer');
    expect(inspect(failed)).not.toMatch(/Ada|ada@/);
  });
  test.each([
    [{ status: 403, body: 'Bad_OAuth_Token' }, 'install.unauthorized'],
    [{ status: 401, body: [{ errorCode: 'INVALID_SESSION_ID', message: 'm' }] }, 'install.unauthorized'],
    [{ status: 503, body: '<html>' }, 'vendor.unavailable'],
    [{ status: 429, body: null }, 'vendor.rate-limited'],
  ] as [Answered, string][])('answered by %j is %s', async (answer, code) => expect((await problem(identify({ [USERINFO]: [answer] }).account)).code).toBe(code));
});
