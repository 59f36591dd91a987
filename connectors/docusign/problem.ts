import { Problem, type ProblemCode } from '#core/problem';
import { entryOf, isObject } from '#lib/json';
import type { HttpReply } from '#ports/call';

/** Length of the vendor's burst window, and of the pause that its polling rule asks for. */
export const BURST_MS = 30_000;
/** Of the other count, which begins with each hour of the clock. */
export const HOUR_MS = 3_600_000;
export const POLLING_MS = 15 * 60_000;

const CODES: Record<string, ProblemCode> = {
  USER_AUTHENTICATION_FAILED: 'install.unauthorized',
  AUTHORIZATION_INVALID_TOKEN: 'install.unauthorized',
  PARTNER_AUTHENTICATION_FAILED: 'install.unauthorized',
  USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT: 'install.unauthorized',
  USER_LACKS_PERMISSIONS: 'install.missing-scope',
  ACCOUNT_LACKS_PERMISSIONS: 'feature.unsupported',
  ENVELOPE_DOES_NOT_EXIST: 'vendor.not-found',
  ENVELOPE_NOT_FOUND: 'vendor.not-found',
  TEMPLATE_NOT_FOUND: 'vendor.not-found',
  TEMPLATE_ID_INVALID: 'vendor.not-found',
  EDIT_LOCK_ENVELOPE_LOCKED: 'vendor.locked',
  // Whether the state is final or merely another one is for the caller to find out: `sign.ts` looks before it lets this one out.
  ENVELOPE_INVALID_STATUS: 'envelope.final',
  ENVELOPE_NOT_IN_SENDABLE_STATE: 'envelope.final',
  ENVELOPE_CANNOT_VOID_INVALID_STATE: 'envelope.final',
  UNKNOWN_ENVELOPE_RECIPIENT: 'vendor.rejected',
  RECIPIENT_NOT_IN_SEQUENCE: 'vendor.rejected',
};

/** The vendor's refusal as a Problem. Limits arrive as 400 with an `errorCode` [K], so the code is looked at before the status. */
export function problemOf(reply: HttpReply): Problem {
  const { code, message } = errorOf(reply.body);
  const facts = { status: reply.status, ...(code ? { code } : {}), ...(message ? { message } : {}), ...traceOf(reply) };
  const known = code.toUpperCase();
  if (/_LIMIT_EXCEEDED$|THROTTLED$/.test(known) || reply.status === 429) return new Problem('vendor.rate-limited', { facts, retryAfterMs: pauseFor(known, reply) });
  const named = entryOf(CODES, known);
  if (named) return new Problem(named, { facts });
  if (reply.status >= 500) return new Problem('vendor.unavailable', { facts, ...retryAfter(reply) });
  if (reply.status === 401) return new Problem('install.unauthorized', { facts });
  if (reply.status === 403) return new Problem('install.missing-scope', { facts });
  if (reply.status === 404) return new Problem('vendor.not-found', { facts });
  return new Problem('vendor.rejected', { facts });
}

function errorOf(body: unknown): { code: string; message: string } {
  if (!isObject(body)) return { code: '', message: '' };
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 300) : '');
  return { code: text(body['errorCode']), message: text(body['message']) };
}
function traceOf(reply: HttpReply): { trace?: string } {
  const trace = reply.headers.get('x-docusign-tracetoken');
  return trace ? { trace } : {};
}

/** A named pause is obeyed exactly; otherwise the limit's own window is waited for. */
function pauseFor(code: string, reply: HttpReply): number {
  const asked = retryAfter(reply).retryAfterMs;
  if (asked !== undefined) return asked;
  if (code.includes('POLLING')) return POLLING_MS;
  if (code.startsWith('HOURLY')) return hourLeft(reply) ?? 60_000;
  return BURST_MS;
}
function retryAfter(reply: HttpReply): { retryAfterMs?: number } {
  const seconds = Number(reply.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {};
}

/** Milliseconds until the hourly count starts anew, measured on the vendor's own clock so that ours may be wrong. */
export function hourLeft(reply: HttpReply): number | null {
  const reset = Number(reply.headers.get('x-ratelimit-reset') ?? Number.NaN);
  const now = vendorNow(reply);
  return Number.isFinite(reset) && now !== null ? Math.max(0, reset * 1000 - now) : null;
}

/** The vendor's time as it answered, from its `Date` header; null where there is none. */
export function vendorNow(reply: HttpReply): number | null {
  const time = Date.parse(reply.headers.get('date') ?? '');
  return Number.isNaN(time) ? null : time;
}
