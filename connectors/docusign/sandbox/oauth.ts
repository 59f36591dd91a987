import { createHash } from 'node:crypto';
import { Hono, type Context } from 'hono';
import type { JWTPayload } from 'jose';
import type { Clock } from '#lib/clock';
import { newToken } from '#lib/ids';
import type { Place } from '#shared/sandbox/account.tsx';
import { routeConsent, textsOf, type ConsentAsk } from '#shared/sandbox/consent.tsx';
import { consentWords } from './consent.tsx';
import { ACCOUNT, type SandboxState } from './state.ts';

export interface OauthOptions {
  state: SandboxState;
  clock: Clock;
  baseUrl: () => string;
  clientId: string;
  clientSecret: string;
  redirectUri: () => string;
  /** PEM (SPKI) with which JWT assertions are checked; any signature passes where absent. */
  jwtPublicKey?: string | undefined;
  place: () => Place;
}

const KNOWN_SCOPES = ['signature', 'extended', 'impersonation'];
const CODE_MS = 120_000;
const ACCESS_SECONDS = 8 * 3600;
const JWT_SECONDS = 3600;

/** The account server: consent, tokens, and who they belong to. Refresh tokens are used once; the next one comes with the answer. */
export function createOauth(options: OauthOptions): Hono {
  const { state, clock } = options;
  const oauth = new Hono();

  routeConsent(oauth, '/oauth/auth', {
    place: options.place,
    words: consentWords,
    redirectUri: options.redirectUri,
    wrong: wrongAsk,
    admit({ scopes, query }) {
      const code = newToken();
      const { origin, pathname } = new URL(options.redirectUri());
      state.consented = true;
      state.codes[code] = { challenge: query['code_challenge'] ?? '', scopes, redirectUri: origin + pathname, expiresAt: clock.now() + CODE_MS };
      return code;
    },
    refusal: { error: 'access_denied', error_message: 'The user did not consent to connecting the application.' },
  });

  function wrongAsk({ query, scopes }: ConsentAsk): string | null {
    if (query['client_id'] !== options.clientId) return 'No app has this integration key.';
    if (query['redirect_uri'] !== options.redirectUri()) return 'The redirect URI is not registered with the integration key.';
    if (query['response_type'] !== 'code') return 'Only response_type=code is offered.';
    if (query['code_challenge'] && query['code_challenge_method'] !== 'S256') return 'The code challenge must use S256.';
    const unknown = scopes.find((scope) => !KNOWN_SCOPES.includes(scope));
    return unknown ? `There is no scope "${unknown}".` : scopes.includes('signature') ? null : 'The scope "signature" is missing.';
  }

  oauth.post('/oauth/token', async (c) => {
    const form = textsOf(await c.req.parseBody());
    if (form['grant_type'] === 'urn:ietf:params:oauth:grant-type:jwt-bearer') return byAssertion(c, form['assertion'] ?? '');
    const client = `Basic ${Buffer.from(`${options.clientId}:${options.clientSecret}`).toString('base64')}`;
    if (c.req.header('authorization') !== client) return c.json({ error: 'invalid_client', error_description: 'invalid_client_credentials' }, 401);
    if (form['grant_type'] === 'authorization_code') return byCode(c, form);
    if (form['grant_type'] === 'refresh_token') return byRefresh(c, form['refresh_token'] ?? '');
    return c.json({ error: 'unsupported_grant_type' }, 400);
  });
  const denied = (c: Context, why: string) => c.json({ error: 'invalid_grant', error_description: why }, 400);

  function byCode(c: Context, form: Record<string, string>): Response {
    const held = state.codes[form['code'] ?? ''];
    delete state.codes[form['code'] ?? ''];
    if (!held || held.expiresAt <= clock.now()) return denied(c, 'expired_client_token');
    const challenge = createHash('sha256')
      .update(form['code_verifier'] ?? '')
      .digest('base64url');
    if (held.challenge && held.challenge !== challenge) return denied(c, 'PKCE code_verifier does not match');
    return grant(c, held.scopes, ACCESS_SECONDS, true);
  }
  function byRefresh(c: Context, token: string): Response {
    const held = state.refreshTokens[token];
    if (!held) return denied(c, 'The refresh token is unknown, was used or was revoked.');
    delete state.refreshTokens[token];
    return grant(c, held.scopes, ACCESS_SECONDS, true);
  }
  async function byAssertion(c: Context, assertion: string): Promise<Response> {
    const claims = await claimsOf(assertion).catch(() => null);
    if (!claims) return denied(c, 'no_valid_keys_or_signatures');
    if (claims.iss !== options.clientId) return denied(c, 'issuer_not_found');
    if (claims.sub !== ACCOUNT.user.id) return denied(c, 'user_not_found');
    if (claims.aud !== new URL(options.baseUrl()).host) return denied(c, 'invalid audience');
    if ((claims.exp ?? 0) * 1000 <= clock.now()) return denied(c, 'expired_grant');
    if (!state.consented) return c.json({ error: 'consent_required' }, 400);
    return grant(c, String(claims['scope'] ?? '').split(' '), JWT_SECONDS, false);
  }
  async function claimsOf(assertion: string): Promise<JWTPayload> {
    // Loaded only here: it would be 40 ms of every start.
    const { decodeJwt, importSPKI, jwtVerify } = await import('jose');
    if (!options.jwtPublicKey) return decodeJwt(assertion);
    const key = await importSPKI(options.jwtPublicKey, 'RS256');
    return (await jwtVerify(assertion, key, { algorithms: ['RS256'], currentDate: new Date(clock.now()) })).payload;
  }

  function grant(c: Context, scopes: string[], seconds: number, refreshable: boolean): Response {
    const access = newToken();
    state.accessTokens[access] = { expiresAt: clock.now() + seconds * 1000, scopes };
    for (const [token, { expiresAt }] of Object.entries(state.accessTokens)) if (expiresAt <= clock.now()) delete state.accessTokens[token];
    const refresh = refreshable ? newToken() : null;
    if (refresh) state.refreshTokens[refresh] = { scopes };
    return c.json({ access_token: access, token_type: 'Bearer', ...(refresh ? { refresh_token: refresh } : {}), expires_in: seconds, scope: scopes.join(' ') });
  }

  routeUserInfo(oauth, options);
  return oauth;
}

function routeUserInfo(oauth: Hono, { state, clock, baseUrl }: OauthOptions): void {
  oauth.get('/oauth/userinfo', (c) => {
    const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    const held = state.accessTokens[token];
    if (!held || held.expiresAt <= clock.now()) return c.json({ error: 'internal_server_error', error_description: 'unauthorized' }, 401);
    const { id: sub, name, email } = ACCOUNT.user;
    const account = { account_id: ACCOUNT.id, is_default: true, account_name: ACCOUNT.name, base_uri: baseUrl() };
    return c.json({ sub, name, given_name: name.split(' ')[0], family_name: name.split(' ')[1], created: '2024-03-01T09:00:00.000', email, accounts: [account] });
  });
}
