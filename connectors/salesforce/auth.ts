import * as z from 'zod';
import { Problem } from '#core/problem';
import { hmacBase64, sameText } from '#lib/hmac';
import { Secret } from '#lib/secret';
import type { AppRegistration, Auth, TokenHttp, Tokens } from '#ports/auth';
import { identify } from './identify.ts';
import { isId, id18 } from './ids.ts';
import { leave } from './leave.ts';
import { manifest } from './manifest.ts';
import { isDeadGrant, tokenProblem } from './token-problem.ts';

/**
 * Token answers name no end: an access token lives as long as the org's session policy says, and longer while it is used. A 401 tells when it is over, and is
 * answered by a refresh. This end stands for something else: a refresh token that was not used for 30 days ends too, so an install on which nothing
 * happens is refreshed ten days before.
 */
const HEARTBEAT_MS = 20 * 24 * 3_600_000;

/** A refresh that answers with a token at all has ended the old refresh token, so nothing else of it is insisted on. */
const refreshSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  instance_url: z.string().optional(),
  id: z.string().optional(),
  scope: z.string().optional(),
});
type Refreshed = z.infer<typeof refreshSchema>;
const grantSchema = refreshSchema.extend({ instance_url: z.string(), id: z.string(), issued_at: z.union([z.string(), z.number()]).transform(String), signature: z.string() });
type Grant = z.infer<typeof grantSchema>;

/** Web server flow with PKCE, by our own code: jsforce's leaves out the challenge's method, keeps the verifier in memory, sends it with refreshes too and drops a rotated token. */
export const auth: Auth = {
  authorizeUrl(app, { state, challenge }) {
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
  },

  async exchange(app, http, { code, verifier, now }) {
    const reply = await ask(app.tokenUrl, app, http, { grant_type: 'authorization_code', redirect_uri: app.redirectUri, code, code_verifier: verifier });
    if (reply.status !== 200) throw tokenProblem(reply, 'oauth.denied');
    const answer = read(reply.body, grantSchema);
    checkSignature(app, answer);
    checkIdentity(app, answer);
    requireScopes(answer);
    return tokensOf(app, answer, null, now);
  },

  async refresh(app, http, tokens, account, now) {
    if (tokens.refreshToken === null) throw new Problem('install.unauthorized');
    const reply = await ask(loginOf(app, account.details.login), app, http, { grant_type: 'refresh_token', refresh_token: tokens.refreshToken.reveal() });
    if (reply.status !== 200) throw tokenProblem(reply, isDeadGrant(reply) ? 'install.unauthorized' : 'vendor.rejected');
    const answer = read(reply.body, refreshSchema);
    // The signature is not asked for here either: refusing an answer that came over TLS would only lose the new refresh token.
    const org = orgOf(answer.id ?? '');
    if (org !== null && org !== account.id)
      throw new Problem('install.unauthorized', { say: 'Salesforce renewed the permission for another org than this one. Connect the org again.' });
    return tokensOf(app, answer, { ...tokens, baseUrl: tokens.baseUrl ?? account.baseUrl }, now);
  },

  identify,
  leave,
};

function ask(login: string, app: AppRegistration, http: TokenHttp, form: Record<string, string>) {
  return http({ method: 'POST', url: `${login}/services/oauth2/token`, form: { client_id: app.clientId, client_secret: app.clientSecret.reveal(), ...form } });
}

/** The login at which the org was connected; a sandbox has its own. In a sandbox world there is but one, and its address may have changed since. */
function loginOf(app: AppRegistration, remembered: unknown): string {
  return typeof remembered === 'string' && app.tokenUrl.startsWith('https:') ? remembered : app.tokenUrl;
}

function read<T>(body: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Problem('vendor.odd-answer', { facts: { missing: parsed.error.issues.map(({ path }) => path.join('.')).join(' ') } });
  return parsed.data;
}

/** Whoever knows the app's secret has vouched for the identity and its time. */
function checkSignature(app: AppRegistration, { id, issued_at, signature }: Grant): void {
  if (!sameText(signature, hmacBase64(app.clientSecret.reveal(), id, issued_at)))
    throw new Problem('vendor.odd-answer', { say: "The sign-in's signature does not fit the app's secret." });
}

/** `https://login.salesforce.com/id/<org>/<user>`: at the login that was asked, or at a host of the vendor's own. */
function checkIdentity(app: AppRegistration, { id, instance_url }: Grant): void {
  const hosts = [...manifest.oauth.logins.map(({ host }) => host), ...[app.tokenUrl, instance_url].filter((url) => URL.canParse(url)).map((url) => new URL(url).host)];
  if (!URL.canParse(id) || !hosts.includes(new URL(id).host) || orgOf(id) === null)
    throw new Problem('vendor.odd-answer', { say: 'The sign-in names an identity that is not of Salesforce.' });
}

function orgOf(identity: string): string | null {
  const [org, user] = identity.split('/').slice(-2);
  return isId(org) && isId(user) ? id18(org) : null;
}

/** `refresh_token` shows in the answer by there being one: orgs echo the scope under several names. `full` holds all that `api` does. */
function requireScopes({ scope, refresh_token }: Grant): void {
  const granted = (scope ?? manifest.oauth.scopes.join(' ')).split(/\s+/);
  const missing = manifest.oauth.scopes.filter((one) => (one === 'refresh_token' ? refresh_token === undefined : !granted.includes(one) && !granted.includes('full')));
  if (missing.length === 0) return;
  const say = `Salesforce granted less than is needed. Give the app the scopes ${missing.join(', ')} in its OAuth settings, then connect again.`;
  throw new Problem('install.missing-scope', { say, facts: { missing: missing.join(' ') } });
}

/** A rotated refresh token takes the old one's place; an answer without one leaves it. */
function tokensOf(app: AppRegistration, answer: Refreshed, before: Tokens | null, now: number): Tokens {
  return {
    accessToken: new Secret(answer.access_token),
    refreshToken: answer.refresh_token === undefined ? (before?.refreshToken ?? null) : new Secret(answer.refresh_token),
    expiresAt: now + HEARTBEAT_MS,
    scopes: answer.scope?.split(/\s+/).filter(Boolean) ?? before?.scopes ?? manifest.oauth.scopes,
    baseUrl: instanceOf(app, answer.instance_url, before?.baseUrl),
  };
}

/** An origin over https; the caller checks its host. A sandbox world is plain http and may have the org below a path of its own. An odd one leaves the old, where there is one, for the tokens beside it must not be lost. */
function instanceOf(app: AppRegistration, text: string | undefined, before: string | undefined): string {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
  const login = new URL(app.tokenUrl);
  const bare = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  const local = login.protocol === 'http:' && url?.origin === login.origin;
  if (url && bare && (local || (url.protocol === 'https:' && url.pathname === '/'))) return url.href.replace(/\/+$/, '');
  if (before !== undefined) return before;
  throw new Problem('vendor.odd-answer', { say: 'The sign-in names an instance that is not an address over https.' });
}
