import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import { newToken } from '#lib/ids';
import type { SandboxOptions } from '#ports/sandbox';
import { fail, notFound } from './errors.ts';
import { EVENT_SCOPES } from './journey-events.ts';
import type { World } from './world.ts';

const CODE_MS = 60_000;
export const TOKEN_SECONDS = 1800;

/** Grants consent: a code that works once, for a minute. */
export function issueCode(world: World, clock: Clock, redirectUri: string, scopes: string[]): string {
  const code = newToken(24);
  // Optional scopes of a product that the account has not bought are left out without a word.
  const granted = scopes.filter((scope) => world.customEvents || !EVENT_SCOPES.includes(scope));
  world.codes[code] = { redirectUri, scopes: granted, expiresAt: clock.now() + CODE_MS };
  return code;
}

/** The app is gone: its tokens end and its webhooks stop. */
export function uninstall(world: World): void {
  world.grant = null;
  world.tokens = {};
}

export function oauthRoutes(world: () => World, clock: Clock, app: SandboxOptions['app']): Hono {
  const api = new Hono();
  const versions = ['/oauth/v3/token', '/oauth/2026-03/token', '/oauth/2026-09/token'];
  for (const path of versions) {
    api.post(path, token);
    api.post(`${path}/introspect`, introspect);
    api.post(`${path}/revoke`, revoke);
  }
  return api;

  async function token(c: Context): Promise<Response> {
    const form = await c.req.parseBody();
    if (!knowsApp(form)) return oauthError(c, 'invalid_client', 'BAD_CLIENT_ID', 'missing or invalid client id or secret');
    if (form.grant_type === 'authorization_code') return byCode(c, form);
    if (form.grant_type === 'refresh_token') return byRefresh(c, form);
    return oauthError(c, 'unsupported_grant_type', 'BAD_GRANT_TYPE', 'missing or unknown grant_type');
  }

  function byCode(c: Context, form: Record<string, unknown>): Response {
    const code = String(form.code);
    const known = world().codes[code];
    delete world().codes[code];
    if (!known || known.expiresAt <= clock.now()) return oauthError(c, 'invalid_grant', 'BAD_AUTH_CODE', 'missing or unknown auth code');
    if (known.redirectUri !== form.redirect_uri) return oauthError(c, 'invalid_grant', 'BAD_REDIRECT_URI', 'redirect uri does not match initial auth code URI');
    const refreshToken = newToken(24);
    world().grant = { refreshToken, scopes: known.scopes, installedAt: clock.now(), userId: world().owners[0]?.userId ?? 1 };
    return mint(c);
  }

  function byRefresh(c: Context, form: Record<string, unknown>): Response {
    if (world().grant?.refreshToken !== form.refresh_token) return oauthError(c, 'invalid_grant', 'BAD_REFRESH_TOKEN', 'missing or invalid refresh token');
    return mint(c);
  }

  function mint(c: Context): Response {
    const { grant, portalId, tokens } = world();
    if (!grant) return notFound(c);
    for (const [old, endsAt] of Object.entries(tokens)) if (endsAt <= clock.now() - 600_000) delete tokens[old];
    const access_token = newToken(48);
    tokens[access_token] = clock.now() + TOKEN_SECONDS * 1000;
    return c.json({
      token_type: 'bearer',
      access_token,
      refresh_token: grant.refreshToken,
      expires_in: TOKEN_SECONDS,
      hub_id: portalId,
      scopes: grant.scopes,
      user_id: grant.userId,
      token_use: 'access_token',
    });
  }

  async function introspect(c: Context): Promise<Response> {
    const form = await c.req.parseBody();
    if (!knowsApp(form)) return oauthError(c, 'invalid_client', 'BAD_CLIENT_ID', 'missing or invalid client id or secret');
    if (typeof form.token !== 'string' || typeof form.token_type_hint !== 'string') return fail(c, 400, 'VALIDATION_ERROR', 'token and token_type_hint are required');
    const { grant, portalId, domain, tokens } = world();
    const endsAt = tokens[form.token];
    if (!grant || endsAt === undefined || endsAt <= clock.now()) return c.json({ active: false });
    return c.json({
      active: true,
      hub_id: portalId,
      app_id: Number(app.appId) || 0,
      client_id: app.clientId,
      user: world().owners[0]?.email,
      user_id: grant.userId,
      scopes: grant.scopes,
      expires_in: Math.floor((endsAt - clock.now()) / 1000),
      hub_domain: domain,
      is_private_distribution: false,
      token_use: 'access_token',
    });
  }

  async function revoke(c: Context): Promise<Response> {
    const form = await c.req.parseBody();
    if (!knowsApp(form)) return oauthError(c, 'invalid_client', 'BAD_CLIENT_ID', 'missing or invalid client id or secret');
    if (world().grant?.refreshToken === form.token) uninstall(world());
    return c.body(null, 204);
  }

  function knowsApp(form: Record<string, unknown>): boolean {
    return form.client_id === app.clientId && form.client_secret === app.clientSecret;
  }
}

function oauthError(c: Context, error: string, status: string, message: string): Response {
  return c.json({ error, error_description: message, status, message }, 400);
}
