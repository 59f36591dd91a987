import * as z from 'zod';
import { Problem } from '#core/problem';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, Auth, TokenHttp, Tokens } from '#ports/auth';
import type { HttpReply } from '#ports/call';
import { manifest } from './manifest.ts';
import { replyProblem } from './problem.ts';

const tokenSchema = z.object({
  access_token: z.string(),
  refresh_token: z.string().optional(),
  expires_in: z.number(),
  scopes: z.array(z.string()).optional(),
});
const introspectionSchema = z.object({ hub_id: z.union([z.number(), z.string()]), hub_domain: z.string().optional(), user_id: z.union([z.number(), z.string()]).optional() });
const accountSchema = z.object({
  portalId: z.number(),
  accountType: z.string().optional(),
  timeZone: z.string().optional(),
  companyCurrency: z.string().optional(),
  uiDomain: z.string().optional(),
  dataHostingLocation: z.string().optional(),
});
/** Accounts of these types hold copies or inventions, never live customers. */
const TEST_TYPES = ['SANDBOX', 'DEVELOPER_TEST', 'DEVELOPER_TEST_ACCOUNT', 'APP_DEVELOPER'];

export const auth: Auth = {
  authorizeUrl(app, { state }) {
    const query = new URLSearchParams({ client_id: app.clientId, redirect_uri: app.redirectUri, scope: manifest.oauth.scopes.join(' '), state });
    if (manifest.oauth.optionalScopes.length > 0) query.set('optional_scope', manifest.oauth.optionalScopes.join(' '));
    return `${app.authorizeUrl}/oauth/authorize?${query}`;
  },

  async exchange(app, http, { code, now }) {
    const reply = await tokenRequest(app, http, { grant_type: 'authorization_code', redirect_uri: app.redirectUri, code });
    if (reply.status === 400 || reply.status === 401) throw new Problem('oauth.denied', { facts: { status: reply.status }, cause: reply.body });
    const tokens = tokensOf(reply, null, now);
    requireScopes(tokens.scopes);
    return tokens;
  },

  async refresh(app, http, tokens, _account, now) {
    if (tokens.refreshToken === null) throw new Problem('install.unauthorized');
    const reply = await tokenRequest(app, http, { grant_type: 'refresh_token', refresh_token: tokens.refreshToken.reveal() });
    // The grant is dead (uninstalled, revoked): 400 with BAD_REFRESH_TOKEN, or the standard's invalid_grant.
    if (reply.status === 400 && deadGrant(reply.body)) throw new Problem('install.unauthorized', { facts: { status: 'BAD_REFRESH_TOKEN' } });
    return tokensOf(reply, tokens, now);
  },

  async identify(app, http, tokens) {
    const [about, details] = await Promise.all([introspect(app, http, tokens), accountDetails(app, http, tokens)]);
    const id = String(about.hub_id);
    const account: Account = {
      id,
      name: about.hub_domain ?? `HubSpot ${id}`,
      environment: TEST_TYPES.includes(details.accountType ?? '') ? 'test' : 'live',
      baseUrl: app.apiUrl,
      details: {
        portalId: details.portalId,
        accountType: details.accountType ?? null,
        timeZone: details.timeZone ?? null,
        currency: details.companyCurrency ?? null,
        uiDomain: details.uiDomain ?? null,
        dataHosting: details.dataHostingLocation ?? null,
      },
    };
    return account;
  },

  /** HubSpot mails the account's admins; webhooks and cards stop. An account that is already gone has nothing to leave. */
  async leave(call) {
    const reply = await call.request({ method: 'DELETE', path: '/appinstalls/v3/external-install' });
    if (reply.status !== 404 && (reply.status < 200 || reply.status >= 300)) throw replyProblem(reply);
  },
};

function tokenRequest(app: AppRegistration, http: TokenHttp, form: Record<string, string>): Promise<HttpReply> {
  return http({ method: 'POST', url: `${app.tokenUrl}/oauth/v3/token`, form: { client_id: app.clientId, client_secret: app.clientSecret.reveal(), ...form } });
}

/** The time to live is what HubSpot says now (half an hour today); the refresh token is kept as answered, though it does not rotate yet. */
function tokensOf(reply: HttpReply, before: Tokens | null, now: number): Tokens {
  const body = read(reply, tokenSchema);
  return {
    accessToken: new Secret(body.access_token),
    refreshToken: body.refresh_token === undefined ? (before?.refreshToken ?? null) : new Secret(body.refresh_token),
    expiresAt: now + body.expires_in * 1000,
    scopes: body.scopes ?? before?.scopes ?? [],
  };
}

function requireScopes(granted: string[]): void {
  const missing = manifest.oauth.scopes.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return;
  throw new Problem('install.missing-scope', {
    say: `HubSpot granted less than is needed. Connect again and grant: ${missing.join(', ')}.`,
    facts: { missing: missing.join(' ') },
  });
}

function deadGrant(body: unknown): boolean {
  const dead = z.object({ status: z.string().optional(), error: z.string().optional() }).safeParse(body).data;
  return dead?.status === 'BAD_REFRESH_TOKEN' || dead?.error === 'invalid_grant';
}

/** The specification names the field `token`, a page of the documentation `access_token`: the second is tried where the first is refused. */
async function introspect(app: AppRegistration, http: TokenHttp, tokens: Tokens) {
  const ask = (form: Record<string, string>) =>
    http({ method: 'POST', url: `${app.tokenUrl}/oauth/v3/token/introspect`, form: { client_id: app.clientId, client_secret: app.clientSecret.reveal(), ...form } });
  const token = tokens.accessToken.reveal();
  const first = await ask({ token, token_type_hint: 'access_token' });
  return read(first.status === 400 ? await ask({ access_token: token, token_type_hint: 'access_token' }) : first, introspectionSchema);
}

async function accountDetails(app: AppRegistration, http: TokenHttp, tokens: Tokens) {
  const reply = await http({ method: 'GET', url: `${app.apiUrl}/account-info/v3/details`, headers: { authorization: `Bearer ${tokens.accessToken.reveal()}` } });
  return read(reply, accountSchema);
}

function read<T>(reply: HttpReply, schema: z.ZodType<T>): T {
  if (reply.status < 200 || reply.status >= 300) throw replyProblem(reply);
  const parsed = schema.safeParse(reply.body);
  if (!parsed.success) throw new Problem('vendor.odd-answer', { cause: parsed.error });
  return parsed.data;
}
