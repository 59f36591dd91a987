import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, MiddlewareHandler } from 'hono';
import type { Faults } from '#ports/sandbox';
import type { Random } from '#lib/random';

/** The two ways in which a vendor says "not now", in its own shape. */
export interface Refusals {
  rateLimited(c: Context, retryAfterSeconds: number): Response;
  unavailable(c: Context): Response;
}

/** Counts the API calls that pass, and lets some of them go wrong as `faults` says. For the routes of the API, not for pages. */
export function misbehave(faults: Faults, random: Random, calls: Record<string, number>, refusals: Refusals): MiddlewareHandler {
  return async (c, next) => {
    if (random() < faults.rateLimited) return count(c, refusals.rateLimited(c, Math.max(1, Math.ceil(faults.maxPauseMs / 1000))));
    if (random() < faults.unavailable) return count(c, refusals.unavailable(c));
    await next();
    count(c, c.res);
    if (random() < faults.lostReply) return hangUp(c);
  };

  function count(c: Context, response: Response): Response {
    const key = `${c.req.method} ${c.req.routePath === '/*' ? c.req.path : c.req.routePath} ${response.status}`;
    calls[key] = (calls[key] ?? 0) + 1;
    return response;
  }
}

/** Cuts the connection after the work is done and before the answer: the caller cannot know. */
function hangUp(c: Context): Response {
  const { outgoing } = c.env as HttpBindings;
  outgoing.socket?.destroy();
  c.res = undefined;
  c.res = RESPONSE_ALREADY_SENT;
  return RESPONSE_ALREADY_SENT;
}
