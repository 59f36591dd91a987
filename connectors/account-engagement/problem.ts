import { Problem, type ProblemCode } from '#core/problem';
import { isObject } from '#lib/json';
import type { HttpReply } from '#ports/call';

/** Five requests at once are allowed; one of them ends within moments. */
const CONCURRENT_MS = 2_000;
/** The day's requests come back at midnight of the account's time zone, which we do not know. */
const DAILY_MS = 3_600_000;
const PAUSE_MS = 30_000;

export const INVALID_ADDRESS = 4;
const TOO_MANY_AT_ONCE = 66;
const DAY_USED_UP = 122;

/** What a code means, whatever the status: the vendor says in the body what others say in the status line. */
const CODES: Record<number, { code: ProblemCode; say?: string; retryAfterMs?: number }> = {
  [TOO_MANY_AT_ONCE]: { code: 'vendor.rate-limited', retryAfterMs: CONCURRENT_MS },
  [DAY_USED_UP]: { code: 'vendor.rate-limited', say: "The business unit's API requests of the day are used up. It is tried again every hour.", retryAfterMs: DAILY_MS },
  182: { code: 'install.unauthorized' },
  184: { code: 'install.unauthorized' },
  181: { code: 'install.unauthorized', say: 'The business unit to act for is not known any more. Connect the account again.' },
  201: {
    code: 'install.unauthorized',
    say: 'Account Engagement knows no such active business unit for this user. Check the business unit and the login (production or sandbox), then connect again.',
  },
  3: { code: 'vendor.not-found' },
};
/** 49 is answered to whoever may not do it, signed in or not. */
const ACCESS_DENIED = 49;

/** A refusal as a Problem. `addresses` are the people that were asked for: the vendor quotes what it refuses, and they go no further than the call. */
export function problemOf(reply: HttpReply, addresses: readonly string[] = []): Problem {
  const { code, message } = errorOf(reply.body);
  const { status } = reply;
  const facts = { status, ...(code === null ? {} : { code }), ...(message ? { message: withoutPeople(message, addresses) } : {}) };
  const known = code === null ? undefined : CODES[code];
  if (known) {
    const { code: problem, ...detail } = known;
    return new Problem(problem, { ...detail, facts });
  }
  const pause = retryAfterMs(reply);
  if (status === 429) return new Problem('vendor.rate-limited', { facts, retryAfterMs: pause ?? PAUSE_MS });
  if (status >= 500) return new Problem('vendor.unavailable', { facts, ...(pause === null ? {} : { retryAfterMs: pause }) });
  if (status === 401) return new Problem('install.unauthorized', { facts });
  if (status === 403 || code === ACCESS_DENIED) return new Problem('install.missing-scope', { say: LACKS, facts });
  if (status === 404) return new Problem('vendor.not-found', { facts });
  const words = message ? ` It says: ${withoutPeople(message, addresses)}` : '';
  return new Problem('vendor.rejected', { say: `Account Engagement refused the request.${words}`, facts });
}
const LACKS =
  'The Account Engagement user may not do this. It needs to view and create prospects, and to view and create lists (Marketing > Segmentation); the connected app needs the scope pardot_api.';

/** The vendor's own number of a refusal; null where it gave none. */
export function codeOf(problem: unknown): number | null {
  const code = problem instanceof Problem ? problem.facts['code'] : null;
  return typeof code === 'number' ? code : null;
}

/** Account Engagement answers `{code, message}`; Salesforce an array of `{errorCode, message}`, or `{error, error_description}` where tokens are had. */
function errorOf(body: unknown): { code: number | null; message: string } {
  const error: unknown = Array.isArray(body) ? body[0] : body;
  if (!isObject(error)) return { code: null, message: '' };
  const number = Number(error['code'] ?? Number.NaN);
  const message = [error['message'], error['error_description'], error['error']].find((text) => typeof text === 'string');
  return { code: Number.isInteger(number) ? number : null, message: typeof message === 'string' ? message.slice(0, 300) : '' };
}

function withoutPeople(text: string, addresses: readonly string[]): string {
  const named = addresses.reduce((left, address) => left.replaceAll(address, '…'), text);
  return named.replaceAll(/[^\s@'"<>(),;]+@[^\s@'"<>(),;]+/g, '…');
}

function retryAfterMs(reply: HttpReply): number | null {
  const seconds = Number(reply.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
