import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context } from 'hono';
import { hmacBase64 } from '#lib/hmac';
import type { SandboxOptions } from '#ports/sandbox';
import type { Org } from '../org/org.ts';
import { identityOf, identityRoutes } from './identity.ts';
import { redeem, refresh, revoke, type Granted, type Refusal } from './grants.ts';

export interface TokenMoods {
  /** How many of the next token answers are lost on their way, after the work is done. */
  lostTokenReplies: number;
}
interface Parts {
  org: Org;
  app: SandboxOptions['app'];
  baseUrl: () => string;
  calls: Record<string, number>;
  moods: TokenMoods;
}

/** `/services/oauth2` for programs, and the identity URL. */
export function tokenRoutes(parts: Parts): Hono {
  const { calls } = parts;
  const api = new Hono();
  api.use('/services/oauth2/:act{token|revoke|introspect|userinfo}', async (c, next) => {
    const key = `${c.req.method} /services/oauth2/${c.req.param('act')}`;
    calls[key] = (calls[key] ?? 0) + 1;
    await next();
  });
  routeToken(api, parts);
  routeGrants(api, parts);
  return api.route('/', identityRoutes(parts.org, parts.baseUrl));
}

function routeToken(api: Hono, { org, app, baseUrl, moods }: Parts): void {
  const identity = identityOf(org, baseUrl);
  api.post('/services/oauth2/token', async (c) => {
    const form = await formOf(c);
    const missing = clientFault(c, app, form);
    if (missing) return refuse(c, missing);
    const result = granted(org, form);
    if ('error' in result) return refuse(c, result);
    if (moods.lostTokenReplies > 0) {
      moods.lostTokenReplies--;
      return hangUp(c);
    }
    return c.json(answerOf(result), 200, { 'Cache-Control': 'no-store' });
  });

  function answerOf({ grant, accessToken }: Granted): Record<string, string> {
    const id = identity.idUrl(grant.userId);
    const issued_at = String(org.clock.now());
    return {
      access_token: accessToken,
      refresh_token: grant.refreshToken,
      signature: hmacBase64(app.clientSecret, id + issued_at),
      scope: grant.scopes.join(' '),
      instance_url: identity.instanceUrl(),
      id,
      token_type: 'Bearer',
      issued_at,
    };
  }
}

/** What a program does with grants that it has: it ends them, and asks what they are. */
function routeGrants(api: Hono, { org, app, baseUrl }: Parts): void {
  const { state, clock } = org;
  const identity = identityOf(org, baseUrl);
  for (const method of ['GET', 'POST'] as const)
    api.on(method, '/services/oauth2/revoke', async (c) => {
      const token = method === 'GET' ? c.req.query('token') : (await formOf(c)).token;
      const grant = Object.values(state.grants).find(({ refreshToken }) => refreshToken === token);
      const session = state.sessions[token ?? ''];
      if (!grant && !session) return refuse(c, { error: 'invalid_token', say: 'invalid token' });
      if (grant) revoke(state, grant.id);
      else delete state.sessions[token ?? ''];
      return c.body(null, 200);
    });

  api.post('/services/oauth2/introspect', async (c) => {
    const form = await formOf(c);
    const missing = clientFault(c, app, form);
    if (missing) return refuse(c, missing);
    const session = state.sessions[form.token ?? ''];
    const grant = Object.values(state.grants).find(({ refreshToken, id }) => refreshToken === form.token || session?.grant === id);
    if (!grant || (session && session.endsAt <= clock.now())) return c.json({ active: false });
    const user = identity.userOf(grant.userId);
    const times = session ? { exp: Math.floor(session.endsAt / 1000), iat: Math.floor(grant.usedAt / 1000), nbf: Math.floor(grant.usedAt / 1000) } : {};
    return c.json({
      active: true,
      scope: grant.scopes.join(' '),
      client_id: app.clientId,
      username: user?.Username,
      sub: identity.idUrl(grant.userId),
      token_type: session ? 'access_token' : 'refresh_token',
      ...times,
    });
  });
}

function granted({ state, clock }: Org, form: Record<string, string>): Granted | Refusal {
  const { grant_type, code = '', redirect_uri = '', code_verifier = '', refresh_token = '' } = form;
  if (grant_type === 'authorization_code') return redeem(state, clock, { code, redirectUri: redirect_uri, verifier: code_verifier });
  if (grant_type === 'refresh_token') return refresh(state, clock, refresh_token);
  return { error: 'unsupported_grant_type', say: 'grant type not supported' };
}

/** A confidential client shows its secret, in the form or as Basic. */
function clientFault(c: Context, app: Parts['app'], form: Record<string, string>): Refusal | null {
  const [, basic = ''] = /^Basic (.+)$/.exec(c.req.header('authorization') ?? '') ?? [];
  const [id, secret] = basic === '' ? [form.client_id, form.client_secret] : Buffer.from(basic, 'base64').toString('utf8').split(':').map(decodeURIComponent);
  if (id !== app.clientId) return { error: 'invalid_client_id', say: 'client identifier invalid' };
  return secret === app.clientSecret ? null : { error: 'invalid_client', say: 'invalid client credentials' };
}

async function formOf(c: Context): Promise<Record<string, string>> {
  return Object.fromEntries(Object.entries(await c.req.parseBody()).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}
const refuse = (c: Context, { error, say }: Refusal): Response => c.json({ error, error_description: say }, 400);

/** Cuts the connection after the token was rotated: the caller never learns the new one. */
function hangUp(c: Context): Response {
  (c.env as HttpBindings).outgoing.socket?.destroy();
  return RESPONSE_ALREADY_SENT;
}
