import { createHash } from 'node:crypto';
import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import { newToken } from '#lib/ids';
import type { Place } from '#shared/sandbox/account.tsx';
import { routeConsent, textsOf, type ConsentAsk } from '#shared/sandbox/consent.tsx';
import { consentWords } from './consent.tsx';
import { bearerOf, heldUnder, ORG, type SandboxState } from './state.ts';

export interface OauthOptions {
  state: SandboxState;
  clock: Clock;
  baseUrl: () => string;
  app: { clientId: string; clientSecret: string; redirectUri: () => string };
  place: () => Place;
}

const KNOWN_SCOPES = ['pardot_api', 'api', 'openid', 'refresh_token', 'offline_access', 'id'];
const CODE_MS = 900_000;
const SESSION_MS = 2 * 3_600_000;

type Form = Record<string, string>;

/** Salesforce's login host: the web server flow with PKCE and rotation, and who a token belongs to. */
export function createOauth(options: OauthOptions): Hono {
  const { state, clock, app } = options;
  const oauth = new Hono();

  routeConsent(oauth, '/services/oauth2/authorize', {
    place: options.place,
    words: consentWords,
    redirectUri: app.redirectUri,
    wrong: wrongAsk,
    admit({ scopes, query }) {
      const code = newToken();
      state.codes[code] = { challenge: query['code_challenge'] ?? '', scopes, expiresAt: clock.now() + CODE_MS };
      return code;
    },
    refusal: { error: 'access_denied', error_description: 'end-user denied authorization' },
  });

  function wrongAsk({ query, scopes }: ConsentAsk): string | null {
    if (query['client_id'] !== app.clientId) return 'error=invalid_client_id: client identifier invalid';
    if (query['redirect_uri'] !== app.redirectUri()) return 'error=redirect_uri_mismatch: redirect_uri must match configuration';
    if (query['response_type'] !== 'code') return 'error=unsupported_response_type: response type not supported';
    if (!query['code_challenge'] || query['code_challenge_method'] !== 'S256') return 'error=invalid_request: missing required code challenge';
    const unknown = scopes.find((scope) => !KNOWN_SCOPES.includes(scope));
    return unknown ? `error=invalid_scope: the requested scope ${unknown} is not allowed` : null;
  }

  oauth.post('/services/oauth2/token', async (c) => {
    const form = textsOf(await c.req.parseBody());
    if (form['client_id'] !== app.clientId) return c.json({ error: 'invalid_client_id', error_description: 'client identifier invalid' }, 400);
    if (form['client_secret'] !== app.clientSecret) return c.json({ error: 'invalid_client', error_description: 'invalid client credentials' }, 400);
    if (form['grant_type'] === 'authorization_code') return byCode(c, form);
    if (form['grant_type'] === 'refresh_token') return byRefresh(c, form['refresh_token'] ?? '');
    return c.json({ error: 'unsupported_grant_type', error_description: 'grant type not supported' }, 400);
  });
  const denied = (c: Context, why: string) => c.json({ error: 'invalid_grant', error_description: why }, 400);

  function byCode(c: Context, form: Form): Response {
    const code = heldUnder(state.codes, form['code']);
    delete state.codes[form['code'] ?? ''];
    if (!code || code.expiresAt <= clock.now()) return denied(c, 'expired authorization code');
    const challenge = createHash('sha256')
      .update(form['code_verifier'] ?? '')
      .digest('base64url');
    if (code.challenge !== challenge) return denied(c, 'invalid code verifier');
    return grant(c, newToken(8), code.scopes);
  }
  function byRefresh(c: Context, token: string): Response {
    const known = heldUnder(state.refreshTokens, token);
    if (!known) return denied(c, 'expired access/refresh token');
    if (known.used) {
      endFamily(state, known.family);
      return denied(c, 'token validity expired');
    }
    known.used = true;
    return grant(c, known.family, known.scopes);
  }
  function grant(c: Context, family: string, scopes: string[]): Response {
    for (const [token, { expiresAt }] of Object.entries(state.accessTokens)) if (expiresAt <= clock.now()) delete state.accessTokens[token];
    const access = newToken();
    state.accessTokens[access] = { family, scopes, expiresAt: clock.now() + SESSION_MS };
    const next = scopes.includes('refresh_token') ? newToken() : null;
    if (next) state.refreshTokens[next] = { family, scopes, used: false };
    const base = options.baseUrl();
    return c.json({
      access_token: access,
      ...(next ? { refresh_token: next } : {}),
      signature: '',
      scope: scopes.join(' '),
      instance_url: base,
      id: `${base}/id/${ORG.id}/${ORG.user.id}`,
      token_type: 'Bearer',
      issued_at: String(clock.now()),
    });
  }

  oauth.get('/services/oauth2/userinfo', (c) => {
    const token = heldUnder(state.accessTokens, bearerOf(c.req.header('authorization')));
    if (!token || token.expiresAt <= clock.now() || !token.scopes.includes('openid')) return c.text('Bad_OAuth_Token', 403);
    const { id, name, email } = ORG.user;
    const urls = { rest: `${options.baseUrl()}/services/data/v{version}/`, custom_domain: options.baseUrl() };
    return c.json({ sub: `${options.baseUrl()}/id/${ORG.id}/${id}`, user_id: id, organization_id: ORG.id, preferred_username: email, name, email, urls, user_type: 'STANDARD' });
  });
  return oauth;
}

function endFamily({ accessTokens, refreshTokens }: SandboxState, family: string): void {
  for (const token of Object.keys(accessTokens)) if (accessTokens[token]?.family === family) delete accessTokens[token];
  for (const token of Object.keys(refreshTokens)) if (refreshTokens[token]?.family === family) delete refreshTokens[token];
}
