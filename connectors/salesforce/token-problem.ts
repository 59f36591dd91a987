import { Problem, type ProblemCode } from '#core/problem';
import { isObject } from '#lib/json';
import type { HttpReply } from '#ports/call';
import { replyProblem } from './problem.ts';

/** Sign-ins are limited by the hour for each user. */
const TOO_MANY_MS = 5 * 60_000;
const UNAUTHORIZED = 401;

/** The org, the user or the permission is gone, blocked or asleep: a person must act. */
const DEAD = new Set(['invalid_grant', 'inactive_org', 'inactive_user', 'org_locked', 'login_required', 'invalid_app_access', 'OAUTH_APP_BLOCKED', 'OAUTH_APP_ACCESS_DENIED']);
const CLIENT = new Set(['invalid_client', 'invalid_client_id', 'invalid_client_credentials', 'unauthorized_client', 'redirect_uri_mismatch']);
const PASSING = new Set(['unknown_error', 'server_error', 'temporarily_unavailable', 'service_unavailable']);

export const isDeadGrant = (reply: HttpReply): boolean => DEAD.has(errorOf(reply)) || (reply.status === UNAUTHORIZED && !CLIENT.has(errorOf(reply)));

/** What the token endpoint refused, which speaks OAuth's `error` instead of the API's list. `refused` is what a refusal that says no more means for the caller. */
export function tokenProblem(reply: HttpReply, refused: ProblemCode): Problem {
  const error = errorOf(reply);
  const facts = { status: reply.status, ...(error && { error }) };
  if (error === 'rate_limit_exceeded') return new Problem('vendor.rate-limited', { facts, retryAfterMs: TOO_MANY_MS });
  if (reply.status === 429) return replyProblem(reply);
  if (reply.status >= 500 || PASSING.has(error)) return new Problem('vendor.unavailable', { facts });
  if (reply.status < 400) return new Problem('vendor.odd-answer', { facts });
  if (CLIENT.has(error)) {
    const say = "Salesforce does not know the app as this server presents it. Compare client id, secret and callback address with the app's settings in Salesforce.";
    return new Problem(refused === 'oauth.denied' ? 'oauth.denied' : 'vendor.rejected', { say, facts });
  }
  return new Problem(refused, { facts });
}

/** As a code alone: descriptions repeat what was sent. */
function errorOf({ body }: HttpReply): string {
  const error = isObject(body) ? body.error : undefined;
  return typeof error === 'string' && /^\w{1,80}$/.test(error) ? error : '';
}
