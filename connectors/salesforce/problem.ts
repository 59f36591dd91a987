import { Problem, type ProblemCode } from '#core/problem';
import type { HttpReply } from '#ports/call';
import { adviceFor } from './advice.ts';
import { orgWords, refusalOf, type OrgError, type Refusal } from './refusal.ts';

/** The daily limit is a rolling window that empties slowly; asking again sooner only takes calls from the org's other integrations. */
const DAY_FULL_MS = 15 * 60_000;
/** Only requests that run for 20 s and longer count against the limit of those at once, and it is free again as soon as one ends. */
const CONCURRENT_MS = 3_000;
/** A row stays locked for as long as the other transaction runs; Salesforce itself waited 10 s for it. */
const LOCKED_MS = 2_000;

const FULL_DAY = 'REQUEST_LIMIT_EXCEEDED';
const LOCKED = 'UNABLE_TO_LOCK_ROW';
const PASSING = new Set(['SERVER_UNAVAILABLE', 'QUERY_TIMEOUT', 'UNKNOWN_EXCEPTION', 'GACK', 'APEX_TIMEOUT']);
const GONE = new Set(['NOT_FOUND', 'ENTITY_IS_DELETED']);
const BLOCKED = new Set(['OAUTH_APP_BLOCKED', 'OAUTH_APP_ACCESS_DENIED']);
/** The org has no API, or not for the connected user: nothing can be done for it until an admin has changed that. */
const isShut = ({ code, message }: OrgError): boolean => code === 'API_DISABLED_FOR_ORG' || (code === 'API_CURRENTLY_DISABLED' && /user/i.test(message));
const UNAUTHORIZED = new Set(['INVALID_SESSION_ID', 'INVALID_AUTH_HEADER']);
/** Salesforce Edge has no route to the host [D]: an org on the move, or one that is gone. */
const NO_ROUTE = 420;

/** An answer of 300 and above, as it came. `code` is the status, under the name that the callers' metrics look for. */
export class RefusedAnswer extends Error {
  constructor(
    readonly code: number,
    readonly body: string,
    readonly headers: Record<string, string>,
  ) {
    super(`Salesforce answered ${code}.`);
  }
}

/** Carries what Salesforce refused, for those who can mend a part of it. */
export class RefusedProblem extends Problem {
  readonly refusal: Refusal;
  constructor(code: ProblemCode, refusal: Refusal, detail: { say?: string; retryAfterMs?: number } = {}) {
    super(code, { ...detail, facts: factsOf(refusal) });
    this.refusal = refusal;
  }
}

/** Whether a fresh token may help: the session ended, or was ended. */
export function isUnauthorized(thrown: unknown): boolean {
  if (!(thrown instanceof RefusedAnswer)) return false;
  return thrown.code === 401 || refusalOf(thrown.code, thrown.body).errors.some(({ code }) => UNAUTHORIZED.has(code));
}

/** Anything that a call threw, as the one Problem that says what happens next. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof RefusedAnswer) return refused(thrown.code, thrown.body, thrown.headers['retry-after'] ?? null);
  return new Problem('vendor.odd-answer', { cause: thrown });
}

/** A reply of `call.request` that is not a 2xx. */
export function replyProblem(reply: HttpReply): Problem {
  return refused(reply.status, reply.body, reply.headers.get('retry-after'));
}

/** The errors of one record in an answer that was 200 for all: collections, composite parts, bulk results. */
export function recordProblem(errors: unknown): RefusedProblem {
  return problemOfRefusal(refusalOf(200, errors));
}

function refused(status: number, body: unknown, retryAfter: string | null): Problem {
  return problemOfRefusal(refusalOf(status, body), retryAfterMs(retryAfter));
}

export function problemOfRefusal(refusal: Refusal, retryAfter?: number): RefusedProblem {
  return accessProblem(refusal) ?? laterProblem(refusal, retryAfter) ?? rejection(refusal);
}

/** What a person must allow again, or an admin must allow at all. */
function accessProblem(refusal: Refusal): RefusedProblem | null {
  const error = first(refusal, ({ code }) => BLOCKED.has(code));
  if (error) {
    const say = 'An admin of the org blocks the app, or must approve its users first: Setup, Connected Apps OAuth Usage. Allow it there, then connect again.';
    return new RefusedProblem('install.unauthorized', refusal, { say });
  }
  const shut = first(refusal, isShut);
  if (shut) return new RefusedProblem('install.unauthorized', refusal, { say: sayOf(shut) });
  if (refusal.status === 401 || first(refusal, ({ code }) => UNAUTHORIZED.has(code))) return new RefusedProblem('install.unauthorized', refusal);
  return null;
}

/** What goes away by itself. */
function laterProblem(refusal: Refusal, retryAfter: number | undefined): RefusedProblem | null {
  const full = first(refusal, ({ code }) => code === FULL_DAY);
  if (full) {
    const concurrent = /concurrent/i.test(full.message);
    const say = concurrent ? "Too many requests of the org's integrations run at once." : "The org's API calls of the last 24 hours are used up. Work goes on as they come free.";
    return new RefusedProblem('vendor.rate-limited', refusal, { say, retryAfterMs: retryAfter ?? (concurrent ? CONCURRENT_MS : DAY_FULL_MS) });
  }
  if (refusal.status === 429) return new RefusedProblem('vendor.rate-limited', refusal, { retryAfterMs: retryAfter ?? CONCURRENT_MS });
  if (first(refusal, ({ code }) => code === LOCKED)) return new RefusedProblem('vendor.locked', refusal, { retryAfterMs: Math.max(LOCKED_MS, retryAfter ?? 0) });
  if (isPassing(refusal)) return new RefusedProblem('vendor.unavailable', refusal, retryAfter === undefined ? {} : { retryAfterMs: retryAfter });
  return null;
}

function isPassing(refusal: Refusal): boolean {
  const { status } = refusal;
  if (status >= 500 || status === 408 || status === NO_ROUTE) return true;
  // The same code stands for an outage of the API and, with these words, for a user who may not use it.
  return first(refusal, ({ code, message }) => PASSING.has(code) || (code === 'API_CURRENTLY_DISABLED' && !/for this user/i.test(message))) !== undefined;
}

/** What cannot work as it is: gone, not allowed, not there, or against a rule of the org's. */
function rejection(refusal: Refusal): RefusedProblem {
  const error = refusal.errors[0];
  if (!error) {
    if (refusal.status === 404) return new RefusedProblem('vendor.not-found', refusal);
    return new RefusedProblem('vendor.rejected', refusal, {
      say: `Salesforce refused the request (${refusal.status}) without saying why. Something between may have answered for it.`,
    });
  }
  if (isGone(error, refusal.status)) return new RefusedProblem('vendor.not-found', refusal);
  return new RefusedProblem('vendor.rejected', refusal, { say: sayOf(error) });
}

const NO_KEY = /external id field does not exist/i;

function isGone({ code, message, fields }: OrgError, status: number): boolean {
  if (NO_KEY.test(message)) return false;
  // Without a field it is the record itself that is not there; with one, what the field points at.
  return status === 404 || (fields.length === 0 && (GONE.has(code) || code === 'INVALID_CROSS_REFERENCE_KEY'));
}

/** What to do, then the org's own words: they name the rule, the field or the picklist value. */
function sayOf(error: OrgError): string {
  const words = orgWords(error.message);
  const fields = error.fields.filter((field) => !words.includes(field)).join(', ');
  const own = [error.code, fields && `(${fields})`, words && `“${words}”`].filter(Boolean).join(' ');
  return `${adviceFor(error.code)}. The org says: ${own}.`;
}

function factsOf({ status, errors }: Refusal): Record<string, string | number> {
  const facts: Record<string, string | number> = { status };
  if (errors.length > 0) facts.errors = errors.map(({ code, fields }) => [code, ...fields].join(' ')).join(', ');
  return facts;
}

const first = (refusal: Refusal, which: (error: OrgError) => boolean): OrgError | undefined => refusal.errors.find(which);

/** Seconds, or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null || header === '') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
