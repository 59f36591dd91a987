import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { marketingCloud } from '#connectors/marketing-cloud/index';
import { ACCOUNT, HOME_MID } from '#connectors/marketing-cloud/sandbox';
import { Secret } from '#lib/secret';
import type { AppRegistration, TokenHttp } from '#ports/auth';
import { createTokenHttp } from '#shared/call';
import { createHostCheck } from '#shared/hosts';
import type { Place } from '../../contract/place.ts';
import { fire, handlesOf, openCloud, problemOf } from './world.ts';

const { auth, manifest } = marketingCloud;
const EUROPE = ACCOUNT.units[1].mid;
const registered = (place: Place, more: Record<string, string>): AppRegistration => ({
  ...place.app,
  more: Object.fromEntries(Object.entries(more).map(([name, value]) => [name, new Secret(value)])),
});
const mint = (place: Place, app: AppRegistration) => auth.mint?.(app, place.http, place.clock.now()) ?? Promise.reject(new Error('no mint'));

let place: Place;
beforeEach(async () => {
  place = await openCloud();
});
afterEach(() => place.close());

describe('a person connects', () => {
  test('the business unit is the account, and REST has an address of its own', async () => {
    const { account, tokens } = await place.connect();
    expect(account).toMatchObject({ id: HOME_MID, environment: 'live', baseUrl: `${place.app.apiUrl}/rest`, details: { enterprise: ACCOUNT.enterprise, server: false } });
    expect(account.name).toContain(ACCOUNT.name);
    expect(tokens.baseUrl).toBe(account.baseUrl);
    expect(tokens.expiresAt - place.clock.now()).toBeLessThanOrEqual(20 * 60_000);
  });
  test('a package that grants too little is told which scope it lacks', async () => {
    const http: TokenHttp = async () => ({
      status: 200,
      headers: new Headers(),
      body: { access_token: 'a', refresh_token: 'b', expires_in: 1079, scope: 'offline', rest_instance_url: 'https://x.rest.marketingcloudapis.com/' },
    });
    const problem = await problemOf(auth.exchange(place.app, http, { code: 'c', verifier: 'v', now: 0 }));
    expect(problem.code).toBe('install.missing-scope');
    expect(problem.message).toContain('list_and_subscribers_read');
  });
  test('a grant that would end with the session is not taken', async () => {
    const http: TokenHttp = async () => ({
      status: 200,
      headers: new Headers(),
      body: { access_token: 'a', expires_in: 1079, rest_instance_url: 'https://x.rest.marketingcloudapis.com/' },
    });
    expect((await problemOf(auth.exchange(place.app, http, { code: 'c', verifier: 'v', now: 0 }))).message).toMatch(/`offline`/);
  });
  test('a refresh token that was used is replaced by the one that came with the answer', async () => {
    const { tokens, account } = await place.connect();
    const next = await auth.refresh(place.app, place.http, tokens, account, place.clock.now());
    expect(next.refreshToken?.reveal()).not.toBe(tokens.refreshToken?.reveal());
    expect(next.baseUrl).toBe(account.baseUrl);
    expect((await problemOf(auth.refresh(place.app, place.http, tokens, account, place.clock.now()))).code).toBe('install.unauthorized');
  });
  test('a secret that is wrong does not end the permission', async () => {
    const { tokens, account } = await place.connect();
    const wrong = { ...place.app, clientSecret: new Secret('another') };
    expect((await problemOf(auth.refresh(wrong, place.http, tokens, account, 0))).code).toBe('vendor.rejected');
    expect((await auth.refresh(place.app, place.http, tokens, account, 0)).accessToken.reveal()).toBeTruthy();
  });
});

describe('the server connects by its own credentials', () => {
  test('tokens are of the business unit that is named, and minted anew for it', async () => {
    const app = registered(place, { accountId: EUROPE });
    const tokens = await mint(place, app);
    expect(tokens.refreshToken).toBeNull();
    const account = await auth.identify(app, place.http, tokens);
    expect([account.id, account.details['server']]).toEqual([EUROPE, true]);
    // Another unit is configured by now: this install's tokens stay its own.
    const next = await auth.refresh(registered(place, { accountId: HOME_MID }), place.http, tokens, account, place.clock.now());
    expect(next.accessToken.reveal()).not.toBe(tokens.accessToken.reveal());
    expect((await auth.identify(app, place.http, next)).id).toBe(EUROPE);
  });
  test('the events of one business unit are not those of another', async () => {
    const app = registered(place, { accountId: EUROPE });
    const tokens = await mint(place, app);
    const problem = await problemOf(fire(place.callWith(tokens, await auth.identify(app, place.http, tokens))));
    expect(problem.message).toMatch(/Unable to find an event definition/);
    expect(handlesOf(place).entries()).toEqual([]);
  });
  test('a unit that is no number, or not ours, is refused in words', async () => {
    expect((await problemOf(mint(place, registered(place, { accountId: 'Europe' })))).message).toMatch(/MID/);
    const foreign = await problemOf(mint(place, registered(place, { accountId: '999' })));
    expect([foreign.code, foreign.facts['message']]).toEqual(['vendor.rejected', 'Client ID does not have access to the account.']);
  });
  test('an install whose credentials are gone needs a person', async () => {
    const app = registered(place, { accountId: EUROPE });
    const tokens = await mint(place, app);
    const account = await auth.identify(app, place.http, tokens);
    expect((await problemOf(auth.refresh(place.app, place.http, tokens, account, 0))).remedy).toBe('reauthorize');
  });
});

describe('hosts', () => {
  const http = createTokenHttp(manifest, createHostCheck(null));
  test.each(['https://evil.example.com', 'https://auth.marketingcloudapis.com.example.com', 'http://mc1.auth.marketingcloudapis.com'])('no secret goes to %s', async (tokenUrl) =>
    expect((await problemOf(auth.exchange({ ...place.app, tokenUrl }, http, { code: 'c', verifier: 'v', now: 0 }))).code).toBe('host.refused'),
  );
  test('REST may live at any tenant host of the vendor, and nowhere else', () => {
    const check = createHostCheck(null);
    expect(check(manifest, 'https://mc1.rest.marketingcloudapis.com/interaction/v1/events').hostname).toBe('mc1.rest.marketingcloudapis.com');
    expect(() => check(manifest, 'https://mc1.soap.marketingcloudapis.com/')).toThrow(/may not be called/);
  });
});
