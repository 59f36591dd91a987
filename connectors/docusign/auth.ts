import * as z from 'zod';
import { Problem } from '#core/problem';
import { isObject } from '#lib/json';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, Auth, TokenHttp, Tokens } from '#ports/auth';
import type { Environment, HttpReply } from '#ports/call';
import { assertion, JWT_SCOPES } from './jwt.ts';
import { problemOf } from './problem.ts';

/** Authorization code with PKCE, or the JWT grant where the registration holds a key (`more.privateKey`, `more.userId`). */
export const auth: Auth = { authorizeUrl, exchange, refresh, identify, mint };

function authorizeUrl(app: AppRegistration, ask: { state: string; challenge: string }): string {
  // `extended` makes the refresh token last; `impersonation` is the consent that the JWT grant needs later.
  const scopes = app.more['privateKey'] ? ['signature', 'extended', 'impersonation'] : ['signature', 'extended'];
  return consentUrl(app, scopes, { state: ask.state, code_challenge: ask.challenge, code_challenge_method: 'S256' });
}
function consentUrl(app: AppRegistration, scopes: readonly string[], more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ response_type: 'code', scope: scopes.join(' '), client_id: app.clientId, redirect_uri: app.redirectUri, ...more });
  return `${app.authorizeUrl}/oauth/auth?${query}`;
}

async function exchange(app: AppRegistration, http: TokenHttp, got: { code: string; verifier: string; now: number }): Promise<Tokens> {
  const reply = await tokens(app, http, { grant_type: 'authorization_code', code: got.code, redirect_uri: app.redirectUri, code_verifier: got.verifier });
  if (reply.status === 200) return lasting(tokensOf(reply, got.now), reply);
  throw oauthError(reply) === 'invalid_grant' ? new Problem('oauth.denied', { facts: factsOf(reply) }) : refusal(reply);
}

async function refresh(app: AppRegistration, http: TokenHttp, held: Tokens, _account: Account, now: number): Promise<Tokens> {
  if (!held.refreshToken) return mint(app, http, now);
  const reply = await tokens(app, http, { grant_type: 'refresh_token', refresh_token: held.refreshToken.reveal() });
  if (reply.status === 200) return { ...tokensOf(reply, now, held.refreshToken), scopes: scopesOf(reply) ?? held.scopes };
  throw oauthError(reply) === 'invalid_grant' ? new Problem('install.unauthorized', { facts: factsOf(reply) }) : refusal(reply);
}

/** @throws Problem `feature.unsupported` without a key; `install.unauthorized`, which says what link to open, before a person has consented */
async function mint(app: AppRegistration, http: TokenHttp, now: number): Promise<Tokens> {
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: await assertion(app, now) };
  const reply = await http({ method: 'POST', url: `${app.tokenUrl}/oauth/token`, form });
  if (reply.status === 200) return { ...tokensOf(reply, now), refreshToken: null, scopes: scopesOf(reply) ?? [...JWT_SCOPES] };
  const error = oauthError(reply);
  if (error === 'consent_required') {
    const say = `DocuSign needs consent once before it lets the server act for that user. Open this link, signed in as that user: ${consentUrl(app, JWT_SCOPES)}`;
    throw new Problem('install.unauthorized', { say, facts: factsOf(reply) });
  }
  throw error === 'invalid_grant' ? new Problem('install.unauthorized', { facts: factsOf(reply) }) : refusal(reply);
}

function tokens(app: AppRegistration, http: TokenHttp, form: Record<string, string>): Promise<HttpReply> {
  const client = Buffer.from(`${app.clientId}:${app.clientSecret.reveal()}`).toString('base64');
  return http({ method: 'POST', url: `${app.tokenUrl}/oauth/token`, headers: { authorization: `Basic ${client}` }, form });
}

/** A person's grant without a refresh token would be renewed by the server's key, as another user: it is not taken. */
function lasting(tokens: Tokens, reply: HttpReply): Tokens {
  if (tokens.refreshToken === null)
    throw new Problem('vendor.odd-answer', { say: 'DocuSign granted no refresh token. Check that the app may ask for the scope `extended`.', facts: { status: reply.status } });
  return tokens;
}

const grantShape = z.object({ access_token: z.string().min(1), refresh_token: z.string().min(1).optional(), expires_in: z.coerce.number().positive() });
function tokensOf(reply: HttpReply, now: number, held: Secret | null = null): Tokens {
  const grant = grantShape.safeParse(reply.body);
  if (!grant.success) throw new Problem('vendor.odd-answer', { facts: { status: reply.status } });
  const { access_token, refresh_token, expires_in } = grant.data;
  return {
    accessToken: new Secret(access_token),
    refreshToken: refresh_token ? new Secret(refresh_token) : held,
    expiresAt: now + expires_in * 1000,
    scopes: scopesOf(reply) ?? ['signature', 'extended'],
  };
}
function scopesOf(reply: HttpReply): string[] | null {
  const scope = isObject(reply.body) ? reply.body['scope'] : null;
  return typeof scope === 'string' && scope.trim() ? scope.trim().split(/\s+/) : null;
}

const userShape = z.object({
  sub: z.string(),
  accounts: z.array(z.object({ account_id: z.string(), is_default: z.union([z.boolean(), z.string()]).optional(), account_name: z.string(), base_uri: z.url() })).min(1),
});
async function identify(app: AppRegistration, http: TokenHttp, held: Tokens): Promise<Account> {
  const reply = await http({ method: 'GET', url: `${app.tokenUrl}/oauth/userinfo`, headers: { authorization: `Bearer ${held.accessToken.reveal()}` } });
  if (reply.status !== 200) throw problemOf(reply);
  const user = userShape.safeParse(reply.body);
  if (!user.success) throw new Problem('vendor.odd-answer', { facts: { status: reply.status } });
  const { sub, accounts } = user.data;
  const account = accounts.find(({ is_default }) => String(is_default) === 'true') ?? accounts[0];
  if (!account) throw new Problem('vendor.odd-answer');
  const baseUri = account.base_uri.replace(/\/+$/, '');
  return {
    id: account.account_id,
    name: account.account_name,
    environment: environmentOf(app, baseUri),
    baseUrl: `${baseUri}/restapi/v2.1/accounts/${encodeURIComponent(account.account_id)}`,
    details: { userId: sub, baseUri },
  };
}

/** Demo accounts are told by their hosts; any other is live. The base address is the account's shard and must never be guessed. */
function environmentOf(app: AppRegistration, baseUri: string): Environment {
  const demo = new URL(app.tokenUrl).hostname === 'account-d.docusign.com' || new URL(baseUri).hostname === 'demo.docusign.net';
  return demo ? 'test' : 'live';
}

function oauthError(reply: HttpReply): string {
  const error = isObject(reply.body) ? reply.body['error'] : '';
  return typeof error === 'string' ? error : '';
}
function factsOf(reply: HttpReply): Record<string, string | number> {
  const detail = isObject(reply.body) ? reply.body['error_description'] : undefined;
  return { status: reply.status, code: oauthError(reply), ...(typeof detail === 'string' ? { message: detail.slice(0, 200) } : {}) };
}
function refusal(reply: HttpReply): Problem {
  if (reply.status === 429 || reply.status >= 500) return problemOf(reply);
  const say = 'DocuSign refused the app itself. Check its client id, secret, redirect address and key.';
  return new Problem('vendor.rejected', { say, facts: factsOf(reply) });
}
