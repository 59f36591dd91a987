import type { Context, MiddlewareHandler } from 'hono';
import type { Clock } from '#lib/clock';
import { fail, rateLimited } from './errors.ts';
import type { World } from './world.ts';

const LIMIT = 110;
const WINDOW_MS = 10_000;
const SEARCHES = 5;

/** The bearer token must be live. HubSpot tells an expired one from an unknown one. */
export function requireToken(world: () => World, clock: Clock): MiddlewareHandler {
  return async (c, next) => {
    const token = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    const endsAt = token === undefined ? undefined : world().tokens[token];
    if (endsAt === undefined || !world().grant) return fail(c, 401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found. This API supports OAuth 2.0 authentication.');
    if (endsAt <= clock.now())
      return fail(c, 401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired.', { context: { 'expire time': [new Date(endsAt).toISOString()] } });
    await next();
  };
}

/** 110 requests in ten seconds for the account, and 5 searches a second, which count apart and carry no headers. */
export function limitRate(clock: Clock): MiddlewareHandler {
  const requests: number[] = [];
  const searches: number[] = [];
  return async (c, next) => {
    const search = c.req.path.endsWith('/search');
    const [times, limit, windowMs] = search ? ([searches, SEARCHES, 1000] as const) : ([requests, LIMIT, WINDOW_MS] as const);
    const now = clock.now();
    while ((times[0] ?? Infinity) <= now - windowMs) times.shift();
    if (times.length >= limit) return search ? rateLimited(c, 'SECONDLY') : withHeaders(rateLimited(c, 'TEN_SECONDLY_ROLLING'), 0);
    times.push(now);
    await next();
    if (!search) withHeaders(c.res, limit - times.length);
  };
}

function withHeaders(response: Response, remaining: number): Response {
  response.headers.set('X-HubSpot-RateLimit-Max', String(LIMIT));
  response.headers.set('X-HubSpot-RateLimit-Remaining', String(remaining));
  response.headers.set('X-HubSpot-RateLimit-Interval-Milliseconds', String(WINDOW_MS));
  return response;
}

/** Refuses where the grant lacks the scope that the route needs. */
export function requireScope(world: () => World, scopeOf: (c: Context) => string): MiddlewareHandler {
  return async (c, next) => {
    const scope = scopeOf(c);
    if (scope !== '' && !world().grant?.scopes.includes(scope)) {
      return fail(c, 403, 'MISSING_SCOPES', "This app hasn't been granted all required scopes to make this call.", {
        errors: [{ message: 'One or more of the following scopes are required.', context: { requiredGranularScopes: [scope] } }],
      });
    }
    await next();
  };
}
