import * as z from 'zod';
import { Problem } from '#core/problem';
import { isObject } from '#lib/json';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, Auth, TokenHttp, Tokens } from '#ports/auth';
import type { HttpReply } from '#ports/call';
import { manifest } from './manifest.ts';
import { factsOf, problemOf } from './problem.ts';

/**
 * Authorization code for a package's web app, the normal install; client credentials where the registration names the business unit that a
 * server-to-server integration acts for (`more.accountId`, its MID). Every token is of one business unit.
 */
export const auth: Auth = { authorizeUrl, exchange, refresh, identify, mint };

function authorizeUrl(app: AppRegistration, { state }: { state: string }): string {
  const query = new URLSearchParams({ response_type: 'code', client_id: app.clientId, redirect_uri: app.redirectUri, scope: manifest.oauth.scopes.join(' '), state });
  return `${app.authorizeUrl}/v2/authorize?${query}`;
}

async function exchange(app: AppRegistration, http: TokenHttp, got: { code: string; now: number }): Promise<Tokens> {
  const reply = await ask(app, http, { grant_type: 'authorization_code', code: got.code, redirect_uri: app.redirectUri });
  if (reply.status !== 200) throw oauthError(reply) === 'invalid_grant' ? new Problem('oauth.denied', { facts: factsOf(reply) }) : refusal(reply);
  const tokens = tokensOf(reply, got.now, null);
  requireScopes(tokens.scopes);
  if (tokens.refreshToken !== null) return tokens;
  throw new Problem('vendor.odd-answer', {
    say: 'Marketing Cloud granted no refresh token. Give the package the scope `offline`, then connect again.',
    facts: { status: reply.status },
  });
}

async function refresh(app: AppRegistration, http: TokenHttp, held: Tokens, account: Account, now: number): Promise<Tokens> {
  if (!held.refreshToken) return app.more['accountId'] ? mintFor(app, http, account.id, now) : withoutCredentials();
  const reply = await ask(app, http, { grant_type: 'refresh_token', refresh_token: held.refreshToken.reveal() });
  if (reply.status === 200) return { ...tokensOf(reply, now, held.refreshToken), scopes: scopesOf(reply) ?? held.scopes };
  throw oauthError(reply) === 'invalid_grant' ? new Problem('install.unauthorized', { facts: factsOf(reply) }) : refusal(reply);
}

function withoutCredentials(): never {
  throw new Problem('install.unauthorized', {
    say: 'This business unit was connected by a server-to-server integration that the server is not configured for any more. Connect it again.',
  });
}

/** @throws Problem `feature.unsupported` where nothing of the kind is configured, `vendor.rejected` where what is names no business unit */
async function mint(app: AppRegistration, http: TokenHttp, now: number): Promise<Tokens> {
  if (Object.keys(app.more).length === 0) throw new Problem('feature.unsupported', { say: 'The server-to-server grant needs the MID of the business unit to act for.' });
  const mid = app.more['accountId']?.reveal().trim() ?? '';
  if (!/^\d{1,15}$/.test(mid))
    throw new Problem('vendor.rejected', { say: 'The server-to-server grant needs the MID of the business unit to act for, which is a number. Correct the configuration.' });
  return mintFor(app, http, mid, now);
}

async function mintFor(app: AppRegistration, http: TokenHttp, mid: string, now: number): Promise<Tokens> {
  const reply = await ask(app, http, { grant_type: 'client_credentials', account_id: mid });
  if (reply.status !== 200) throw refusal(reply);
  return { ...tokensOf(reply, now, null), refreshToken: null };
}

function ask(app: AppRegistration, http: TokenHttp, form: Record<string, string>): Promise<HttpReply> {
  return http({ method: 'POST', url: `${app.tokenUrl}/v2/token`, form: { client_id: app.clientId, client_secret: app.clientSecret.reveal(), ...form } });
}

const grantShape = z.object({ access_token: z.string().min(1), refresh_token: z.string().min(1).optional(), expires_in: z.coerce.number().positive(), rest_instance_url: z.url() });
function tokensOf(reply: HttpReply, now: number, held: Secret | null): Tokens {
  const { access_token, refresh_token, expires_in, rest_instance_url } = read(reply, grantShape);
  return {
    accessToken: new Secret(access_token),
    // A refresh token is used once where the vendor rotates it: the one that it answers replaces ours.
    refreshToken: refresh_token ? new Secret(refresh_token) : held,
    expiresAt: now + expires_in * 1000,
    scopes: scopesOf(reply) ?? manifest.oauth.scopes,
    baseUrl: root(rest_instance_url),
  };
}
function scopesOf(reply: HttpReply): string[] | null {
  const scope = isObject(reply.body) ? reply.body['scope'] : null;
  return typeof scope === 'string' && scope.trim() ? scope.trim().split(/\s+/) : null;
}
function requireScopes(granted: string[]): void {
  const missing = manifest.oauth.scopes.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return;
  throw new Problem('install.missing-scope', {
    say: `Marketing Cloud granted less than is needed. Give the package ${missing.join(' and ')}, then connect again.`,
    facts: { missing: missing.join(' ') },
  });
}

const userShape = z.object({
  organization: z.object({
    member_id: z.union([z.number(), z.string()]).transform(String).pipe(z.string().regex(/^\d+$/)),
    enterprise_id: z.union([z.number(), z.string()]).transform(String).optional(),
    enterprise_name: z.string().optional(),
    stack_key: z.string().optional(),
  }),
  rest: z.object({ rest_instance_url: z.url() }),
});
async function identify(app: AppRegistration, http: TokenHttp, held: Tokens): Promise<Account> {
  const reply = await http({ method: 'GET', url: `${app.tokenUrl}/v2/userinfo`, headers: { authorization: `Bearer ${held.accessToken.reveal()}` } });
  if (reply.status !== 200) throw problemOf(reply);
  const { organization, rest } = read(reply, userShape);
  const { member_id: mid, enterprise_id: enterprise, enterprise_name: name, stack_key: stack } = organization;
  return {
    id: mid,
    name: `${name ?? 'Marketing Cloud'} (business unit ${mid})`,
    // The vendor does not tell a business unit for trials from another.
    environment: 'live',
    baseUrl: held.baseUrl ?? root(rest.rest_instance_url),
    details: { enterprise: enterprise ?? null, stack: stack ?? null, server: held.refreshToken === null },
  };
}

const root = (url: string): string => url.replace(/\/+$/, '');

function read<Shape extends z.ZodType>(reply: HttpReply, shape: Shape): z.output<Shape> {
  const parsed = shape.safeParse(reply.body);
  if (parsed.success) return parsed.data;
  throw new Problem('vendor.odd-answer', { facts: { status: reply.status, field: parsed.error.issues[0]?.path.join('.') ?? '' } });
}

function oauthError(reply: HttpReply): string {
  const error = isObject(reply.body) ? reply.body['error'] : '';
  return typeof error === 'string' ? error : '';
}
function refusal(reply: HttpReply): Problem {
  if (reply.status === 429 || reply.status >= 500) return problemOf(reply);
  return new Problem('vendor.rejected', {
    say: 'Marketing Cloud refused the app itself. Check the subdomain, client id, secret, redirect address and, for a server-to-server integration, the MID.',
    facts: factsOf(reply),
  });
}
