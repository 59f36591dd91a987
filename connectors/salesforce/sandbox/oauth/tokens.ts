import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context } from 'hono';
import { hmacBase64 } from '#lib/hmac';
import type { SandboxOptions } from '#ports/sandbox';
import type { Org } from '../org/org.ts';
import { bearerOf } from '../rest/serve.ts';
import { redeem, refresh, revoke, sessionOf, type Granted, type Refusal } from './grants.ts';

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
export function tokenRoutes({ org, app, baseUrl, calls, moods }: Parts): Hono {
  const api = new Hono();
  const { state, clock } = org;
  api.use('/services/oauth2/:act{token|revoke|introspect|userinfo}', async (c, next) => {
    const key = `${c.req.method} /services/oauth2/${c.req.param('act')}`;
    calls[key] = (calls[key] ?? 0) + 1;
    await next();
  });

  api.post('/services/oauth2/token', async (c) => {
    const form = await formOf(c);
    const missing = clientFault(c, form);
    if (missing) return refuse(c, missing);
    const result = granted(form);
    if ('error' in result) return refuse(c, result);
    if (moods.lostTokenReplies > 0) {
      moods.lostTokenReplies--;
      return hangUp(c);
    }
    return c.json(answerOf(result), 200, { 'Cache-Control': 'no-store' });
  });

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
    const missing = clientFault(c, form);
    if (missing) return refuse(c, missing);
    const session = state.sessions[form.token ?? ''];
    const grant = Object.values(state.grants).find(({ refreshToken, id }) => refreshToken === form.token || session?.grant === id);
    if (!grant || (session && session.endsAt <= clock.now())) return c.json({ active: false });
    const user = userOf(grant.userId);
    const times = session ? { exp: Math.floor(session.endsAt / 1000), iat: Math.floor(grant.usedAt / 1000), nbf: Math.floor(grant.usedAt / 1000) } : {};
    return c.json({
      active: true,
      scope: grant.scopes.join(' '),
      client_id: app.clientId,
      username: user?.Username,
      sub: idUrl(grant.userId),
      token_type: session ? 'access_token' : 'refresh_token',
      ...times,
    });
  });

  api.get('/services/oauth2/userinfo', (c) => {
    const grant = sessionOf(state, clock, bearerOf(c));
    if (!grant) return c.text('Bad_OAuth_Token', 403);
    const user = userOf(grant.userId);
    const about = { name: user?.Name, given_name: user?.FirstName, family_name: user?.LastName, preferred_username: user?.Username, email: user?.Email, email_verified: true };
    return c.json({ sub: idUrl(grant.userId), user_id: grant.userId, organization_id: state.orgId, ...about, zoneinfo: user?.TimeZoneSidKey, locale: 'en_GB', urls: urls() });
  });

  api.get('/id/:org/:user', (c) => {
    const token = bearerOf(c);
    if (token === '') return c.text('Missing_OAuth_Token', 403);
    const grant = sessionOf(state, clock, token);
    if (!grant) return c.text('Bad_OAuth_Token', 403);
    if (c.req.param('org') !== state.orgId) return c.text('Wrong_Org', 404);
    if (c.req.param('user') !== grant.userId) return c.text('Bad_Id', 404);
    const user = userOf(grant.userId);
    return c.json({
      id: idUrl(grant.userId),
      asserted_user: true,
      user_id: grant.userId,
      organization_id: state.orgId,
      username: user?.Username,
      nick_name: user?.FirstName,
      display_name: user?.Name,
      email: user?.Email,
      email_verified: true,
      first_name: user?.FirstName,
      last_name: user?.LastName,
      timezone: user?.TimeZoneSidKey,
      urls: urls(),
      active: user?.IsActive ?? false,
      user_type: 'STANDARD',
      language: 'en_GB',
      locale: 'en_GB',
      utcOffset: 0,
      last_modified_date: user?.LastModifiedDate,
    });
  });
  return api;

  function granted(form: Record<string, string>): Granted | Refusal {
    const { grant_type, code = '', redirect_uri = '', code_verifier = '', refresh_token = '' } = form;
    if (grant_type === 'authorization_code') return redeem(state, clock, { code, redirectUri: redirect_uri, verifier: code_verifier });
    if (grant_type === 'refresh_token') return refresh(state, clock, refresh_token);
    return { error: 'unsupported_grant_type', say: 'grant type not supported' };
  }

  function answerOf({ grant, accessToken }: Granted): Record<string, string> {
    const id = idUrl(grant.userId);
    const issued_at = String(clock.now());
    return {
      access_token: accessToken,
      refresh_token: grant.refreshToken,
      signature: hmacBase64(app.clientSecret, id + issued_at),
      scope: grant.scopes.join(' '),
      instance_url: instanceUrl(),
      id,
      token_type: 'Bearer',
      issued_at,
    };
  }

  /** A confidential client shows its secret, in the form or as Basic. */
  function clientFault(c: Context, form: Record<string, string>): Refusal | null {
    const [, basic = ''] = /^Basic (.+)$/.exec(c.req.header('authorization') ?? '') ?? [];
    const [id, secret] = basic === '' ? [form.client_id, form.client_secret] : Buffer.from(basic, 'base64').toString('utf8').split(':').map(decodeURIComponent);
    if (id !== app.clientId) return { error: 'invalid_client_id', say: 'client identifier invalid' };
    return secret === app.clientSecret ? null : { error: 'invalid_client', say: 'invalid client credentials' };
  }

  function instanceUrl(): string {
    return baseUrl() + state.instance;
  }
  function idUrl(userId: string): string {
    return `${baseUrl()}/id/${state.orgId}/${userId}`;
  }
  function userOf(userId: string) {
    return org.store.find('User', userId)?.values;
  }
  function urls(): Record<string, string> {
    const at = `${instanceUrl()}/services/data/v{version}`;
    return { rest: `${at}/`, sobjects: `${at}/sobjects/`, query: `${at}/query/`, search: `${at}/search/`, custom_domain: instanceUrl() };
  }
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
