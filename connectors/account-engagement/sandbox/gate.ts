import type { Context, MiddlewareHandler } from 'hono';
import type { Clock } from '#lib/clock';
import { bearerOf, heldUnder, type SandboxState } from './state.ts';

export type Env = { Variables: { unit: string } };
const AT_ONCE = 5;
const DAY_MS = 86_400_000;

/** The vendor's error shape; `code` says more than the status. */
export function refuse(c: Context, status: 400 | 401 | 403 | 404 | 429 | 503, code: number, message: string): Response {
  return c.json({ code, message }, status);
}

/** Before every call: a token with the scope, a business unit that lets the user in, five requests at once, and the requests of the day. */
export function createGate({ state, clock }: { state: SandboxState; clock: Clock }): MiddlewareHandler<Env> {
  let underWay = 0;

  function unauthorized(c: Context): Response | null {
    const bearer = bearerOf(c.req.header('authorization'));
    if (bearer === undefined) return refuse(c, 401, 182, 'Missing or invalid Authorization header.');
    const token = heldUnder(state.accessTokens, bearer);
    if (!token || token.expiresAt <= clock.now()) return refuse(c, 401, 184, 'access_token is invalid, unknown, or malformed: Inactive token');
    return token.scopes.includes('pardot_api') ? null : refuse(c, 403, 49, 'Access Denied');
  }
  function noUnit(c: Context): Response | null {
    const id = c.req.header('pardot-business-unit-id');
    if (!id) return refuse(c, 400, 181, 'Missing Pardot-Business-Unit-Id header.');
    return state.units.some((unit) => unit.id === id && unit.active) ? null : refuse(c, 403, 201, 'Business Unit not found or inactive.');
  }
  /** Counts the request; false where the day has none left. */
  function counted(): boolean {
    const day = Math.floor(clock.now() / DAY_MS);
    if (state.usage.day !== day) Object.assign(state.usage, { day, used: 0 });
    if (state.usage.used >= state.usage.limit) return false;
    state.usage.used += 1;
    return true;
  }

  return async (c, next) => {
    const refused = unauthorized(c) ?? noUnit(c);
    if (refused) return refused;
    if (underWay >= AT_ONCE) return refuse(c, 429, 66, 'You have exceeded your concurrent request limit. Please wait, before trying again');
    if (!counted()) return refuse(c, 429, 122, 'Daily API rate limit met.');
    c.set('unit', c.req.header('pardot-business-unit-id') ?? '');
    underWay += 1;
    try {
      await next();
      if (c.req.header('x-return-api-usage') === '1') c.header('x-api-usage', `${state.usage.used}/${state.usage.limit}`);
    } finally {
      underWay -= 1;
    }
    return undefined;
  };
}
