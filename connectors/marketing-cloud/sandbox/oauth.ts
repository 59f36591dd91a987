import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import { newToken } from '#lib/ids';
import type { Place } from '#shared/sandbox/account.tsx';
import { routeConsent, textsOf, type ConsentAsk } from '#shared/sandbox/consent.tsx';
import { consentWords } from './consent.tsx';
import { ACCOUNT, HOME_MID, type SandboxState } from './state.ts';

export interface OauthOptions {
  state: SandboxState;
  clock: Clock;
  restUrl: () => string;
  app: { clientId: string; clientSecret: string; redirectUri: () => string };
  place: () => Place;
}

export const KNOWN_SCOPES = ['offline', 'list_and_subscribers_read', 'list_and_subscribers_write', 'journeys_read', 'journeys_execute'];
const CODE_MS = 300_000;
const ACCESS_SECONDS = 1079;
const REFRESH_MS = 30 * 86_400_000;

type Form = Record<string, string>;
/** What is held under a name that came from outside. */
const held = <T>(table: Record<string, T>, name: string | undefined): T | undefined => (name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined);

/** The authentication host: the login's consent, tokens of twenty minutes, and who they belong to. A refresh token is good once. */
export function createOauth(options: OauthOptions): Hono {
  const { state, clock, app } = options;
  const oauth = new Hono();

  routeConsent(oauth, '/v2/authorize', {
    place: options.place,
    words: consentWords,
    redirectUri: app.redirectUri,
    wrong: wrongAsk,
    admit({ scopes }) {
      const code = newToken();
      state.codes[code] = { redirectUri: app.redirectUri(), scopes, expiresAt: clock.now() + CODE_MS };
      return code;
    },
    refusal: { error: 'access_denied', error_description: 'The user denied the request.' },
  });

  function wrongAsk({ query, scopes }: ConsentAsk): string | null {
    if (query['client_id'] !== app.clientId) return 'No installed package has this client id.';
    if (query['redirect_uri'] !== app.redirectUri()) return 'The redirect URI is not one of the package.';
    if (query['response_type'] !== 'code') return 'Only response_type=code is offered.';
    const unknown = scopes.find((scope) => !KNOWN_SCOPES.includes(scope));
    return unknown ? `The package has no scope "${unknown}".` : null;
  }

  oauth.post('/v2/token', async (c) => {
    const json = /\bjson\b/.test(c.req.header('content-type') ?? '');
    const form = textsOf(json ? ((await c.req.json().catch(() => ({}))) as Record<string, unknown>) : await c.req.parseBody());
    if (form['client_id'] !== app.clientId || form['client_secret'] !== app.clientSecret)
      return c.json({ error: 'invalid_client', error_description: 'Invalid client ID. Use the client ID in Marketing Cloud Installed Packages.' }, 401);
    if (form['grant_type'] === 'authorization_code') return byCode(c, form);
    if (form['grant_type'] === 'refresh_token') return byRefresh(c, form['refresh_token']);
    if (form['grant_type'] === 'client_credentials') return byCredentials(c, form['account_id'] ?? HOME_MID);
    return c.json({ error: 'unsupported_grant_type', error_description: 'The grant type is not supported.' }, 400);
  });
  const denied = (c: Context, why: string) => c.json({ error: 'invalid_grant', error_description: why, error_uri: 'https://developer.salesforce.com/docs' }, 400);

  function byCode(c: Context, form: Form): Response {
    const code = held(state.codes, form['code']);
    delete state.codes[form['code'] ?? ''];
    if (!code || code.expiresAt <= clock.now() || code.redirectUri !== form['redirect_uri']) return denied(c, 'The authorization code is invalid or has expired.');
    return grant(c, HOME_MID, code.scopes, true);
  }
  function byRefresh(c: Context, token: string | undefined): Response {
    const known = held(state.refreshTokens, token);
    delete state.refreshTokens[token ?? ''];
    return known && known.expiresAt > clock.now() ? grant(c, known.mid, known.scopes, true) : denied(c, 'The refresh token is invalid or has expired.');
  }
  function byCredentials(c: Context, mid: string): Response {
    const known = ACCOUNT.units.some((unit) => unit.mid === mid);
    return known ? grant(c, mid, KNOWN_SCOPES, false) : c.json({ error: 'invalid_request', error_description: 'Client ID does not have access to the account.' }, 400);
  }

  function grant(c: Context, mid: string, scopes: string[], user: boolean): Response {
    for (const [token, { expiresAt }] of Object.entries(state.accessTokens)) if (expiresAt <= clock.now()) delete state.accessTokens[token];
    const access = newToken();
    state.accessTokens[access] = { mid, scopes, expiresAt: clock.now() + ACCESS_SECONDS * 1000, user };
    const lasting = user && scopes.includes('offline') ? newToken() : null;
    if (lasting) state.refreshTokens[lasting] = { mid, scopes, expiresAt: clock.now() + REFRESH_MS };
    const urls = { rest_instance_url: `${options.restUrl()}/`, soap_instance_url: `${options.restUrl().replace(/rest$/, 'soap')}/` };
    return c.json({ access_token: access, token_type: 'Bearer', expires_in: ACCESS_SECONDS, scope: scopes.join(' '), ...(lasting ? { refresh_token: lasting } : {}), ...urls });
  }

  oauth.get('/v2/userinfo', (c) => {
    const token = held(state.accessTokens, /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1]);
    if (!token || token.expiresAt <= clock.now()) return c.json({ message: 'Not Authorized', errorcode: 0, documentation: '' }, 401);
    const { id: sub, name, login, email } = ACCOUNT.user;
    return c.json({
      exp: Math.floor(token.expiresAt / 1000),
      iss: 'https://mc.exacttarget.com',
      user: token.user ? { sub, name, preferred_username: login, email, locale: 'en-GB' } : { sub: '0', name: 'Countersign', preferred_username: 'countersign' },
      organization: {
        member_id: Number(token.mid),
        enterprise_id: Number(ACCOUNT.enterprise),
        enterprise_name: ACCOUNT.name,
        account_type: 'enterprise',
        stack_key: 'S50',
        region: 'EU1',
      },
      rest: { rest_instance_url: options.restUrl(), soap_instance_url: options.restUrl().replace(/rest$/, 'soap') },
      application: { name: 'Countersign', appScopes: token.scopes },
      permissions: [],
    });
  });
  return oauth;
}
