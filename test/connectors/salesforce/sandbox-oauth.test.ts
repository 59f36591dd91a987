import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { CLIENT, REDIRECT, startOrg, VERIFIER, type OrgWorld, type Tokens } from './sandbox-world.ts';

let org: OrgWorld;
const clock = manualClock(Date.parse('2026-11-20T10:00:00Z'));
beforeAll(async () => {
  org = await startOrg({ clock });
});
afterAll(() => org.stop());

const codeOf = async () => (await org.consent()).searchParams.get('code') ?? '';
const exchange = async (change: Record<string, string> = {}) =>
  org.token({ grant_type: 'authorization_code', code: await codeOf(), redirect_uri: REDIRECT, code_verifier: VERIFIER, ...change });
const refresh = (refresh_token: string) => org.token({ grant_type: 'refresh_token', refresh_token });
const identity = (tokens: Tokens, id = tokens.id) => fetch(id, { headers: { authorization: `Bearer ${tokens.access_token}` } });
const limits = (tokens: Tokens, instance = tokens.instance_url) => fetch(`${instance}/services/data/v67.0/limits`, { headers: { authorization: `Bearer ${tokens.access_token}` } });

describe('consent', () => {
  test('shows what is asked and takes Allow and Deny', async () => {
    const page = await fetch(org.authorizeUrl());
    expect(page.status).toBe(200);
    const text = await page.text();
    for (const part of ['Allow', 'Deny', 'Manage user data via APIs', org.sandbox.orgId()]) expect(text).toContain(part);
    const denied = await org.consent('deny');
    expect(denied.searchParams.get('error')).toBe('access_denied');
    expect(denied.searchParams.get('state')).toBe('state-1');
    expect((await org.consent()).searchParams.get('state')).toBe('state-1');
  });

  test('what is wrong with the app is shown, what is wrong with the request goes back', async () => {
    for (const [name, error] of [
      ['client_id', 'invalid_client_id'],
      ['redirect_uri', 'redirect_uri_mismatch'],
    ] as const) {
      const page = await fetch(org.authorizeUrl({ [name]: 'http://localhost/other' }), { redirect: 'manual' });
      expect([page.status, await page.text()]).toEqual([400, expect.stringContaining(error)]);
    }
    for (const change of [{ code_challenge: '' }, { code_challenge_method: 'plain' }, { code_challenge_method: '' }, { response_type: 'token' }, { scope: 'api everything' }]) {
      const back = await org.consent('allow', change);
      expect(back.searchParams.get('code')).toBeNull();
      expect(back.searchParams.get('error')).toMatch(/^(invalid_request|invalid_scope|unsupported_response_type)$/);
    }
  });

  test('an admin who blocks the app is heard of at the callback', async () => {
    org.sandbox.blockApp(true);
    expect((await org.consent()).searchParams.get('error')).toBe('OAUTH_APP_BLOCKED');
    org.sandbox.blockApp(false);
  });
});

describe('tokens', () => {
  test('a code gives tokens as Salesforce shapes them: no expiry, an instance, a signed identity', async () => {
    const { status, body } = await exchange();
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('expires_in');
    expect(body.token_type).toBe('Bearer');
    expect(body.instance_url).toBe(org.base);
    expect(body.id).toMatch(new RegExp(`^${org.base}/id/${org.sandbox.orgId()}/005\\w{15}$`));
    expect(body.scope).toBe('api refresh_token openid');
    expect(body.signature).toBe(
      createHmac('sha256', CLIENT.secret)
        .update(body.id + body.issued_at)
        .digest('base64'),
    );
    const about = await (await identity(body as Tokens)).json();
    expect(about).toMatchObject({ organization_id: org.sandbox.orgId(), username: 'countersign.integration@example.com.northwind', active: true });
    expect((await identity({ ...(body as Tokens), access_token: 'x' })).status).toBe(403);
  });

  test('the verifier and the secret are both needed', async () => {
    expect((await exchange({ code_verifier: '' })).body.error).toBe('invalid_request');
    expect((await exchange({ code_verifier: `${VERIFIER}x` })).body.error).toBe('invalid_grant');
    expect((await exchange({ client_secret: 'x' })).body.error).toBe('invalid_client');
    expect((await exchange({ client_id: 'x' })).body.error).toBe('invalid_client_id');
    expect((await exchange({ redirect_uri: 'http://localhost/other' })).body.error).toBe('redirect_uri_mismatch');
    expect((await exchange({ grant_type: 'password' })).body.error).toBe('unsupported_grant_type');
  });

  test('a code works once and not for long; showing it again ends what it gave', async () => {
    const code = await codeOf();
    const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER };
    const first = await org.token(form);
    expect(first.status).toBe(200);
    const again = await org.token(form);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    expect((await limits(first.body)).status).toBe(401);
    const late = await codeOf();
    clock.advance(16 * 60_000);
    expect((await org.token({ ...form, code: late })).body).toMatchObject({ error: 'invalid_grant', error_description: 'expired authorization code' });
  });

  test('each refresh replaces the token; the old one ends the family', async () => {
    const first = await org.install();
    const second = (await refresh(first.refresh_token)).body as Tokens;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const third = (await refresh(second.refresh_token)).body as Tokens;
    expect((await limits(third)).status).toBe(200);
    expect((await refresh(first.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh(third.refresh_token)).body.error).toBe('invalid_grant');
    expect((await limits(third)).status).toBe(401);
  });

  test('a refresh whose answer is lost has rotated all the same', async () => {
    const first = await org.install();
    org.sandbox.loseTokenReplies(1);
    await expect(refresh(first.refresh_token)).rejects.toThrow();
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('thirty idle days end a grant', async () => {
    const first = await org.install();
    clock.advance(29 * 86_400_000);
    const second = (await refresh(first.refresh_token)).body as Tokens;
    clock.advance(30 * 86_400_000);
    expect((await refresh(second.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
  });

  test('sessions end: by their life, by the admin, by revoking either token', async () => {
    const tokens = await org.install();
    expect((await limits(tokens)).status).toBe(200);
    clock.advance(3 * 3_600_000);
    const refused = await limits(tokens);
    expect([refused.status, await refused.json()]).toEqual([401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]]);
    const fresh = (await refresh(tokens.refresh_token)).body as Tokens;
    org.sandbox.expireSessions();
    expect((await limits(fresh)).status).toBe(401);
    const next = (await refresh(fresh.refresh_token)).body as Tokens;
    const revoke = (token: string) => fetch(`${org.base}/services/oauth2/revoke`, { method: 'POST', body: new URLSearchParams({ token }) });
    expect((await revoke(next.access_token)).status).toBe(200);
    expect((await limits(next)).status).toBe(401);
    expect((await revoke(next.refresh_token)).status).toBe(200);
    expect((await refresh(next.refresh_token)).body.error).toBe('invalid_grant');
    expect((await revoke('nothing')).status).toBe(400);
    const last = await org.install();
    org.sandbox.revokeGrants();
    expect(org.sandbox.grants()).toBe(0);
    expect((await limits(last)).status).toBe(401);
  });

  test('introspection and userinfo know a live token', async () => {
    const tokens = await org.install();
    const introspect = (token: string) =>
      fetch(`${org.base}/services/oauth2/introspect`, { method: 'POST', body: new URLSearchParams({ token, client_id: CLIENT.id, client_secret: CLIENT.secret }) }).then((reply) =>
        reply.json(),
      );
    expect(await introspect(tokens.access_token)).toMatchObject({ active: true, token_type: 'access_token', client_id: CLIENT.id });
    expect(await introspect('x')).toEqual({ active: false });
    const about = await fetch(`${org.base}/services/oauth2/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    expect(await about.json()).toMatchObject({ organization_id: org.sandbox.orgId() });
  });
});

describe('orgs change', () => {
  test('an org that moved knows its sessions no more at the old address, and the refresh tells the new', async () => {
    const tokens = await org.install();
    const moved = org.sandbox.orgMove();
    expect((await limits(tokens)).status).toBe(401);
    const fresh = (await refresh(tokens.refresh_token)).body as Tokens;
    expect(fresh.instance_url).toBe(moved);
    expect((await limits(fresh)).status).toBe(200);
    expect((await limits(fresh, org.base)).status).toBe(401);
    org.sandbox.orgMove();
  });

  test('a clone has another id and everything else the same', async () => {
    const tokens = await org.install();
    const before = org.sandbox.orgId();
    const clone = org.sandbox.becomeClone();
    expect(clone).not.toBe(before);
    const fresh = (await refresh(tokens.refresh_token)).body as Tokens;
    expect(fresh.id).toContain(`/id/${clone}/`);
    const asked = await fetch(`${fresh.instance_url}/services/data/v67.0/query?q=${encodeURIComponent('SELECT Id, IsSandbox FROM Organization')}`, {
      headers: { authorization: `Bearer ${fresh.access_token}` },
    });
    expect(await asked.json()).toMatchObject({ totalSize: 1, records: [{ Id: clone, IsSandbox: true }] });
  });

  test('who consents is who the app is', async () => {
    const sam = org.sandbox.records('User')[0]?.id ?? '';
    expect((await org.install({ user: sam })).id).toContain(sam);
  });
});
