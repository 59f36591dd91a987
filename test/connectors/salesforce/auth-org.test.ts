import { afterEach, describe, expect, test } from 'vitest';
import { auth } from '#connectors/salesforce/auth';
import { isId } from '#connectors/salesforce/ids';
import { leave } from '#connectors/salesforce/leave';
import { query } from '#connectors/salesforce/soql';
import { Problem } from '#core/problem';
import { Secret } from '#lib/secret';
import { openOrg } from './org-world.ts';

const DAY_MS = 86_400_000;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});
async function orgOf(more?: Parameters<typeof openOrg>[0]) {
  const org = await openOrg(more);
  ends.push(org.close);
  return org;
}
const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no problem',
    (thrown: unknown) => Problem.from(thrown).code,
  );
const ASKED = 'SELECT Id FROM Organization';

describe('connecting an org', () => {
  test('goes from consent to the org that consented', async () => {
    const org = await orgOf();
    const { account, tokens } = await org.connect();
    expect(account).toMatchObject({ id: org.sandbox.orgId(), environment: 'live', baseUrl: org.base, details: { login: org.base, orgId: org.sandbox.orgId(), namespace: '' } });
    expect(isId(account.details.userId)).toBe(true);
    expect(tokens.scopes).toEqual(['api', 'refresh_token', 'openid']);
  });
  test('needs the code that was given, once, and the verifier of who asked for it', async () => {
    const org = await orgOf();
    const given = (await org.consent()).get('code') ?? '';
    expect(await code(org.exchange('made-up'))).toBe('oauth.denied');
    expect(await code(org.exchange(given, 'x'.repeat(50)))).toBe('oauth.denied');
    const other = (await org.consent()).get('code') ?? '';
    expect(await code(org.exchange(other))).toBe('no problem');
    expect(await code(org.exchange(other))).toBe('oauth.denied');
  });
  test('is called off by the person, or by an admin who blocks the app', async () => {
    const org = await orgOf();
    expect((await org.consent('deny')).get('error')).toBe('access_denied');
    org.sandbox.blockApp(true);
    expect([(await org.consent()).get('error'), (await org.consent()).get('code')]).toEqual(['OAUTH_APP_BLOCKED', null]);
  });
  test('says which scopes were not granted', async () => {
    const org = await orgOf();
    const given = (await org.consent('allow', { scope: 'openid refresh_token' })).get('code') ?? '';
    await expect(org.exchange(given)).rejects.toMatchObject({ code: 'install.missing-scope', facts: { missing: 'api' } });
  });
  test.each([{ orgType: 'sandbox' }, { edition: 'developer' }] as const)('%j makes it a test install', async (more) => {
    expect((await (await orgOf(more)).connect()).account.environment).toBe('test');
  });
  test('finds the namespace of the package, and none where there is no package', async () => {
    const org = await orgOf();
    org.sandbox.installPackage(true, 'cntsgn');
    expect((await org.connect()).account.details.namespace).toBe('cntsgn');
    org.sandbox.installPackage(false);
    expect((await org.connect()).account.details.namespace).toBeNull();
  });
});

describe('staying connected', () => {
  test('each refresh gives another refresh token, and an old one that is shown again ends the family', async () => {
    const org = await orgOf();
    const { tokens, account } = await org.connect();
    const second = await org.refresh(tokens, account);
    const third = await org.refresh(second, account);
    expect(new Set([tokens, second, third].map(({ refreshToken }) => refreshToken?.reveal())).size).toBe(3);
    expect(await code(org.refresh(tokens, account))).toBe('install.unauthorized');
    expect(await code(org.refresh(third, account))).toBe('install.unauthorized');
  });
  test('an install on which nothing happens lives on by its heartbeat, where 30 idle days would end it', async () => {
    const org = await orgOf();
    const first = await org.connect();
    let { tokens } = first;
    for (let beat = 0; beat < 6; beat++) {
      org.clock.advance(tokens.expiresAt - org.clock.now());
      tokens = await org.refresh(tokens, first.account);
    }
    expect(await code(query(org.callWith(tokens, first.account), ASKED))).toBe('no problem');
    org.clock.advance(30 * DAY_MS);
    expect(await code(org.refresh(tokens, first.account))).toBe('install.unauthorized');
  });
  test('a session that ended is renewed on the way', async () => {
    const org = await orgOf();
    const { call } = await org.connect();
    org.sandbox.expireSessions();
    expect(await query(call, ASKED)).toHaveLength(1);
  });
  test('an org that moved is found at its new instance', async () => {
    const org = await orgOf();
    const { call, tokens, account } = await org.connect();
    const moved = org.sandbox.orgMove();
    expect(await query(call, ASKED)).toHaveLength(1);
    expect((await org.connect()).account.baseUrl).toBe(moved);
    expect(await code(org.refresh(tokens, account))).toBe('install.unauthorized');
  });
  test('a copy of the org is another org, which the permission of the first does not reach', async () => {
    const org = await orgOf();
    const { tokens, account } = await org.connect();
    org.sandbox.becomeClone();
    expect(await code(org.refresh(tokens, account))).toBe('install.unauthorized');
    expect((await org.connect()).account).toMatchObject({ id: org.sandbox.orgId(), environment: 'test' });
  });
  test('a lost token reply is told as such: the rotated token may be gone with it', async () => {
    const org = await orgOf();
    const { tokens, account } = await org.connect();
    org.sandbox.loseTokenReplies(1);
    expect(await code(org.refresh(tokens, account))).toBe('vendor.lost-reply');
    expect(await code(org.refresh(tokens, account))).toBe('install.unauthorized');
  });
});

describe('losing it', () => {
  test('a permission that an admin revoked is gone for calls and refreshes', async () => {
    const org = await orgOf();
    const { call, tokens, account } = await org.connect();
    org.sandbox.revokeGrants();
    expect(await code(query(call, ASKED))).toBe('install.unauthorized');
    expect(await code(org.refresh(tokens, account))).toBe('install.unauthorized');
    expect(await code(auth.identify(org.app, org.http, tokens))).toBe('install.unauthorized');
    expect(await code(org.refresh({ ...tokens, refreshToken: new Secret('made-up') }, account))).toBe('install.unauthorized');
  });
  test.each(['always401', 'always403'] as const)('an org that answers so for ever (%s) is asked a few times in a hundred tries', async (how) => {
    const org = await orgOf();
    const { call } = await org.connect();
    org.sandbox[how](true);
    const before = org.requests();
    for (let time = 0; time < 10; time++) expect(await code(query(call, ASKED))).toBe('install.unauthorized');
    // One and a renewal and one more at most, each time that somebody asks: it never asks by itself.
    expect(org.requests() - before).toBeLessThanOrEqual(how === 'always401' ? 30 : 10);
  });
  test('leaving ends the grant, and may be done again', async () => {
    const org = await orgOf();
    const { call, tokens, account } = await org.connect();
    expect(org.sandbox.grants()).toBe(1);
    await leave(call, tokens.refreshToken);
    expect([org.sandbox.grants(), org.sandbox.knows(tokens.accessToken.reveal())]).toEqual([0, false]);
    expect(await code(org.refresh(tokens, account))).toBe('install.unauthorized');
    expect(await code(leave(call, tokens.refreshToken))).toBe('no problem');
  });
  test('leaving without the refresh token ends the session', async () => {
    const org = await orgOf();
    const { call, tokens } = await org.connect();
    await auth.leave?.(call, null);
    expect(org.sandbox.knows(tokens.accessToken.reveal())).toBe(false);
  });
});
