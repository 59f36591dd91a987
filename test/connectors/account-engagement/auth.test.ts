import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountEngagement } from '#connectors/account-engagement/index';
import { HOME_UNIT, ORG } from '#connectors/account-engagement/sandbox';
import { Secret } from '#lib/secret';
import type { AppRegistration, TokenHttp, Tokens } from '#ports/auth';
import type { HttpReply } from '#ports/call';
import { createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import { PKCE, type Place } from '../../contract/place.ts';
import { handlesOf, openEngagement, problemOf } from './world.ts';

const { auth, manifest } = accountEngagement;
const SECOND = { id: '0Uv5f0000000Seco02', name: 'Harbour & Pine Events', active: true };

let place: Place;
beforeEach(async () => {
  place = await openEngagement();
});
afterEach(() => place.close());

const exchange = async (): Promise<Tokens> => {
  const back = await place.consent('allow', { state: 'a', challenge: PKCE.challenge });
  return auth.exchange(place.app, place.http, { code: back.get('code') ?? '', verifier: PKCE.verifier, now: place.clock.now() });
};
const configured = (businessUnit: string): AppRegistration => ({ ...place.app, more: { businessUnit: new Secret(businessUnit) } });
/** A vendor that answers by a part of the address. */
function vendor(answers: Record<string, { status: number; body: unknown }>): { http: TokenHttp; asked: string[] } {
  const asked: string[] = [];
  const http: TokenHttp = async ({ url, headers, form }): Promise<HttpReply> => {
    asked.push(`${url} ${headers?.['pardot-business-unit-id'] ?? ''}${form?.['refresh_token'] ?? ''}`.trim());
    const [, answer] = Object.entries(answers).find(([part]) => url.includes(part)) ?? [];
    return { status: answer?.status ?? 404, headers: new Headers(), body: answer?.body ?? null };
  };
  return { http, asked };
}
const held: Tokens = { accessToken: new Secret('held'), refreshToken: new Secret('rt-1'), expiresAt: 0, scopes: [] };
const USER = { status: 200, body: { organization_id: ORG.id, urls: { rest: 'https://harbour.my.salesforce.com/services/data/v{version}/' } } };
const UNITS = { status: 200, body: { records: [{ Id: HOME_UNIT, PardotTenantName: 'Marketing' }] } };
const LIVE = { authorizeUrl: 'https://login.salesforce.com', tokenUrl: 'https://login.salesforce.com', apiUrl: 'https://pi.pardot.com' };

describe('the business unit', () => {
  test('of an org with one is found by itself', async () => {
    const { account } = await place.connect();
    expect(account).toMatchObject({
      id: HOME_UNIT,
      name: 'Harbour & Pine Marketing',
      environment: 'live',
      baseUrl: place.app.apiUrl,
      details: { businessUnit: HOME_UNIT, organization: ORG.id },
    });
  });
  test('of an org with several has to be named, and the choice is told', async () => {
    handlesOf(place).addUnit(SECOND);
    const tokens = await exchange();
    const problem = await problemOf(auth.identify(place.app, place.http, tokens));
    expect([problem.code, problem.message]).toEqual(['vendor.rejected', expect.stringMatching(new RegExp(`${HOME_UNIT}, ${SECOND.id}`))]);
    expect(await auth.identify(configured(SECOND.id), place.http, tokens)).toMatchObject({ id: SECOND.id, name: SECOND.name });
  });
  test('that lets the user in is the one, where others do not', async () => {
    handlesOf(place).addUnit({ ...SECOND, active: false });
    expect((await auth.identify(place.app, place.http, await exchange())).id).toBe(HOME_UNIT);
  });
  test('of a server for several orgs is the one of this org', async () =>
    expect((await auth.identify(configured(`0UvFFFFFFFFFFFFFFF, ${HOME_UNIT}`), place.http, await exchange())).id).toBe(HOME_UNIT));
  test('may be named where the user may not list them', async () => {
    handlesOf(place).showUnits(false);
    const tokens = await exchange();
    const problem = await problemOf(auth.identify(place.app, place.http, tokens));
    expect([problem.code, problem.message]).toEqual(['vendor.rejected', expect.stringMatching(/Business Unit Setup/)]);
    expect((await auth.identify(configured(HOME_UNIT), place.http, tokens)).id).toBe(HOME_UNIT);
  });
  test('that is none, or not the user’s, is refused in words', async () => {
    const tokens = await exchange();
    expect((await problemOf(auth.identify(configured('0Uvshort'), place.http, tokens))).message).toMatch(/0Uv and has 18/);
    expect((await problemOf(auth.identify(configured(SECOND.id), place.http, tokens))).message).toMatch(/no such active business unit/);
  });
  test('is asked for again where the vendor only failed this time', async () => {
    for (const part of ['tooling', '/objects/lists']) {
      const { http } = vendor({ userinfo: USER, tooling: UNITS, [part]: { status: 503, body: null } });
      expect((await problemOf(auth.identify({ ...place.app, ...LIVE }, http, held))).code).toBe('vendor.unavailable');
    }
  });
});

describe('logins', () => {
  test.each([
    ['production', 'https://login.salesforce.com', 'https://pi.pardot.com', 'live'],
    ['a sandbox', 'https://test.salesforce.com', 'https://pi.demo.pardot.com', 'test'],
    ["a sandbox's own", 'https://harbour--qa.sandbox.my.salesforce.com', 'https://pi.demo.pardot.com', 'test'],
    ["an org's own", 'https://harbour.my.salesforce.com', 'https://pi.pardot.com', 'live'],
  ])('%s signs in and is called where it is', async (_which, login, baseUrl, environment) => {
    const { http, asked } = vendor({ userinfo: USER, tooling: UNITS, '/objects/lists': { status: 200, body: { values: [] } } });
    const account = await auth.identify({ ...place.app, ...LIVE, authorizeUrl: login, tokenUrl: login }, http, held);
    expect([account.baseUrl, account.environment, account.details['login']]).toEqual([baseUrl, environment, login]);
    expect(asked).toEqual([
      `${login}/services/oauth2/userinfo`,
      expect.stringMatching(/^https:\/\/harbour\.my\.salesforce\.com\/services\/data\/v60\.0\/tooling\/query\?q=SELECT/),
      `${baseUrl}/api/v5/objects/lists?fields=id&limit=1 ${HOME_UNIT}`,
    ]);
    const check = createHostCheck(null);
    for (const address of asked) expect(() => check(manifest, address.split(' ')[0] ?? '')).not.toThrow();
  });
  test('a developer org signs in as production and is called at the demo host', async () => {
    const { http } = vendor({ userinfo: USER, tooling: UNITS, '/objects/lists': { status: 200, body: { values: [] } } });
    const account = await auth.identify({ ...place.app, ...LIVE, apiUrl: 'https://pi.demo.pardot.com' }, http, held);
    expect([account.baseUrl, account.environment]).toEqual(['https://pi.demo.pardot.com', 'test']);
  });
  test('tokens are renewed where they were granted', async () => {
    const { account } = await place.connect();
    const { http, asked } = vendor({ token: { status: 200, body: { access_token: 'next' } } });
    await auth.refresh({ ...place.app, ...LIVE }, http, held, { ...account, details: { login: 'https://test.salesforce.com' } }, 0);
    expect(asked).toEqual(['https://test.salesforce.com/services/oauth2/token rt-1']);
  });
});

describe('tokens', () => {
  const answered = (status: number, body: unknown) => auth.refresh(place.app, vendor({ token: { status, body } }).http, held, ACCOUNT, 1000);
  const ACCOUNT = { id: HOME_UNIT, name: '', environment: 'live' as const, baseUrl: '', details: {} };

  test('the refresh token that comes with an answer replaces the last, which ends everything if it comes back', async () => {
    const first = await exchange();
    const account = await auth.identify(place.app, place.http, first);
    const second = await auth.refresh(place.app, place.http, first, account, place.clock.now());
    expect(second.refreshToken?.reveal()).not.toBe(first.refreshToken?.reveal());
    expect((await problemOf(auth.refresh(place.app, place.http, first, account, 0))).code).toBe('install.unauthorized');
    expect((await problemOf(auth.refresh(place.app, place.http, second, account, 0))).code).toBe('install.unauthorized');
  });
  test('where none comes, the last is kept', async () => expect((await answered(200, { access_token: 'next' })).refreshToken?.reveal()).toBe('rt-1'));
  test('two refreshes that meet do not end the permission', async () =>
    expect((await problemOf(answered(400, { error: 'invalid_grant', error_description: 'token request is already being processed' }))).code).toBe('vendor.unavailable'));
  test('a consent without Account Engagement is not taken', async () => {
    const { http } = vendor({ token: { status: 200, body: { access_token: 'a', refresh_token: 'b', scope: 'api openid' } } });
    const problem = await problemOf(auth.exchange(place.app, http, { code: 'c', verifier: 'v', now: 0 }));
    expect([problem.code, problem.facts['missing']]).toEqual(['install.missing-scope', 'pardot_api']);
  });
  test('a grant that cannot be renewed is not taken', async () => {
    const { http } = vendor({ token: { status: 200, body: { access_token: 'a', scope: 'pardot_api' } } });
    expect((await problemOf(auth.exchange(place.app, http, { code: 'c', verifier: 'v', now: 0 }))).message).toMatch(/refresh_token/);
  });
  test('an app that Salesforce refuses is told from a permission that ended', async () =>
    expect((await problemOf(answered(400, { error: 'invalid_client_id', error_description: 'client identifier invalid' }))).code).toBe('vendor.rejected'));
});

describe('hosts', () => {
  const http = createTokenHttp(manifest, createHostCheck(null));
  test.each(['https://evil.example.com', 'https://my.salesforce.com.example.com', 'http://login.salesforce.com', 'https://login.salesforce.com:8443'])(
    'no secret goes to %s',
    async (tokenUrl) => expect((await problemOf(auth.exchange({ ...place.app, tokenUrl }, http, { code: 'c', verifier: 'v', now: 0 }))).code).toBe('host.refused'),
  );
});
