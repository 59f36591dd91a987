import * as z from 'zod';
import { Problem } from '#core/problem';
import { isObject } from '#lib/json';
import { Secret } from '#lib/secret';
import type { Account, AppRegistration, Auth, TokenHttp, Tokens } from '#ports/auth';
import type { Environment, HttpReply } from '#ports/call';
import { chooseBusinessUnit } from './business-unit.ts';
import { manifest } from './manifest.ts';
import { problemOf } from './problem.ts';

/** Salesforce names no end of a token; sessions last two hours unless the org says otherwise. A shorter one is told by a 401, and renewed then. */
const SESSION_MS = 2 * 60 * 60_000;
const SANDBOX_LOGIN = /^test\.salesforce\.com$|\.sandbox\.my\.salesforce\.com$/;
const LIVE_API = 'https://pi.pardot.com';
const DEMO_API = 'https://pi.demo.pardot.com';

/** Salesforce's web server flow with PKCE, for an app of its own: its tokens carry `pardot_api`. A refresh token may be good once, so each answer's replaces the last. */
export const auth: Auth = { authorizeUrl, exchange, refresh, identify };

function authorizeUrl(app: AppRegistration, { state, challenge }: { state: string; challenge: string }): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    scope: manifest.oauth.scopes.join(' '),
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  return `${app.authorizeUrl}/services/oauth2/authorize?${query}`;
}

async function exchange(app: AppRegistration, http: TokenHttp, got: { code: string; verifier: string; now: number }): Promise<Tokens> {
  const reply = await ask(app, http, app.tokenUrl, { grant_type: 'authorization_code', code: got.code, redirect_uri: app.redirectUri, code_verifier: got.verifier });
  if (reply.status !== 200) throw oauthError(reply).error === 'invalid_grant' ? new Problem('oauth.denied', { facts: factsOf(reply) }) : refusal(reply);
  const tokens = tokensOf(reply, got.now, null);
  if (!tokens.scopes.includes('pardot_api'))
    throw new Problem('install.missing-scope', {
      say: 'Salesforce granted no access to Account Engagement. Give the app the scope pardot_api, then connect again.',
      facts: { missing: 'pardot_api' },
    });
  if (tokens.refreshToken !== null) return tokens;
  throw new Problem('vendor.odd-answer', {
    say: 'Salesforce granted no refresh token. Give the app the scope refresh_token, then connect again.',
    facts: { status: reply.status },
  });
}

async function refresh(app: AppRegistration, http: TokenHttp, held: Tokens, account: Account, now: number): Promise<Tokens> {
  if (held.refreshToken === null) throw new Problem('install.unauthorized');
  const reply = await ask(app, http, loginOf(app, account), { grant_type: 'refresh_token', refresh_token: held.refreshToken.reveal() });
  if (reply.status === 200) return { ...tokensOf(reply, now, held.refreshToken), scopes: scopesOf(reply) ?? held.scopes };
  const { error, description } = oauthError(reply);
  // Two refreshes met; the other one's answer is on its way to whoever asked.
  if (error === 'invalid_grant' && /already being processed/i.test(description)) throw new Problem('vendor.unavailable', { facts: factsOf(reply) });
  throw error === 'invalid_grant' ? new Problem('install.unauthorized', { facts: factsOf(reply) }) : refusal(reply);
}

/** Tokens are renewed where they were granted. A registration that only says Salesforce's default login gives way to the login that the person chose. */
function loginOf(app: AppRegistration, account: Account): string {
  const { login } = account.details;
  const byDefault = manifest.oauth.logins.some(({ host }) => app.tokenUrl === `https://${host}`);
  return byDefault && typeof login === 'string' ? login : app.tokenUrl;
}

function ask(app: AppRegistration, http: TokenHttp, login: string, form: Record<string, string>): Promise<HttpReply> {
  return http({ method: 'POST', url: `${login}/services/oauth2/token`, form: { client_id: app.clientId, client_secret: app.clientSecret.reveal(), ...form } });
}

const grantShape = z.object({ access_token: z.string().min(1), refresh_token: z.string().min(1).optional() });
function tokensOf(reply: HttpReply, now: number, held: Secret | null): Tokens {
  const { access_token, refresh_token } = read(reply, grantShape);
  return {
    accessToken: new Secret(access_token),
    refreshToken: refresh_token ? new Secret(refresh_token) : held,
    expiresAt: now + SESSION_MS,
    scopes: scopesOf(reply) ?? manifest.oauth.scopes,
  };
}
function scopesOf(reply: HttpReply): string[] | null {
  const scope = isObject(reply.body) ? reply.body['scope'] : null;
  return typeof scope === 'string' && scope.trim() ? scope.trim().split(/\s+/) : null;
}

const userShape = z.object({ organization_id: z.string().min(1), urls: z.object({ rest: z.string() }).partial().nullish() });
/** The account is a business unit, not the org: an org may have several, and each has prospects and lists of its own. */
async function identify(app: AppRegistration, http: TokenHttp, held: Tokens): Promise<Account> {
  const authorization = `Bearer ${held.accessToken.reveal()}`;
  const reply = await http({ method: 'GET', url: `${app.tokenUrl}/services/oauth2/userinfo`, headers: { authorization } });
  if (reply.status !== 200) throw problemOf(reply);
  const { organization_id: organization, urls } = read(reply, userShape);
  const environment = environmentOf(app);
  const baseUrl = environment === 'test' && app.apiUrl === LIVE_API ? DEMO_API : app.apiUrl;
  const configured = app.more['businessUnit']?.reveal() ?? '';
  const unit = await chooseBusinessUnit({ http, authorization, baseUrl, rest: urls?.rest ?? null, configured });
  return { id: unit.id, name: unit.name ?? `Account Engagement ${unit.id}`, environment, baseUrl, details: { businessUnit: unit.id, organization, login: app.tokenUrl } };
}

/** Sandboxes sign in elsewhere; developer orgs do not, but their business units are at the demo host. */
function environmentOf(app: AppRegistration): Environment {
  return SANDBOX_LOGIN.test(new URL(app.tokenUrl).hostname) || app.apiUrl === DEMO_API ? 'test' : 'live';
}

function read<Shape extends z.ZodType>(reply: HttpReply, shape: Shape): z.output<Shape> {
  const parsed = shape.safeParse(reply.body);
  if (parsed.success) return parsed.data;
  throw new Problem('vendor.odd-answer', { facts: { status: reply.status, field: parsed.error.issues[0]?.path.join('.') ?? '' } });
}

function oauthError(reply: HttpReply): { error: string; description: string } {
  const body = isObject(reply.body) ? reply.body : {};
  const text = (name: string) => (typeof body[name] === 'string' ? body[name].slice(0, 200) : '');
  return { error: text('error'), description: text('error_description') };
}
function factsOf(reply: HttpReply): Record<string, string | number> {
  const { error, description } = oauthError(reply);
  return { status: reply.status, code: error, ...(description ? { message: description } : {}) };
}
function refusal(reply: HttpReply): Problem {
  if (reply.status === 429 || reply.status >= 500) return problemOf(reply);
  const say = 'Salesforce refused the app itself. Check its consumer key, secret, callback address and scopes, and the login (production or sandbox).';
  return new Problem('vendor.rejected', { say, facts: factsOf(reply) });
}
