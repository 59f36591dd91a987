import { Problem, type ProblemCode } from '#core/problem';
import type { HttpReply } from '#ports/call';
import { refusalOf, type Refusal } from './refusal.ts';

/** The window of the limit for apps, after which a 429 without a time of its own is over. */
const WINDOW_MS = 10_000;
const SECONDLY_MS = 1_000;
/** HubSpot asks for at least two seconds before a locked record is tried again. */
const LOCKED_MS = 2_000;

/** What failed before a byte of the request was out: no connection, no name, no trust in the certificate. */
const UNSENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|HOSTNAME_MISMATCH|EPROTO|ERR_SSL)/;

/** An answer of 400 and above, as it came. */
export class RefusedAnswer extends Error {
  constructor(
    /** The status, under the name that the official client gives it. */
    readonly code: number,
    readonly body: string,
    readonly headers: Record<string, string>,
  ) {
    super(`HubSpot answered ${code}.`);
  }
}
export const isRefused = (thrown: unknown, ...statuses: number[]): boolean => thrown instanceof RefusedAnswer && statuses.includes(thrown.code);
export const isUnauthorized = (thrown: unknown): boolean => isRefused(thrown, 401);

/** Carries what HubSpot refused, for those who can mend a part of it. */
export class RefusedProblem extends Problem {
  readonly refusal: Refusal;
  constructor(code: ProblemCode, refusal: Refusal, detail: { say?: string; retryAfterMs?: number } = {}) {
    super(code, { ...detail, facts: factsOf(refusal) });
    this.refusal = refusal;
  }
}

/** Anything that a call threw, as the one Problem that says what happens next. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof RefusedAnswer) return refused(thrown.code, thrown.body, (name) => thrown.headers[name] ?? null);
  if (isSystemError(thrown)) return new Problem(UNSENT.test(thrown.code) ? 'vendor.unreachable' : 'vendor.lost-reply', { cause: thrown });
  return new Problem('vendor.odd-answer', { cause: thrown });
}

/** A reply of `call.request` that is not a 2xx. */
export function replyProblem(reply: HttpReply): Problem {
  return refused(reply.status, reply.body, (name) => reply.headers.get(name));
}

function refused(status: number, body: unknown, header: (name: string) => string | null): Problem {
  return problemOfRefusal(refusalOf(status, body), retryAfterMs(header('retry-after')));
}

export function problemOfRefusal(refusal: Refusal, retryAfter?: number): Problem {
  const { status, category, scopes } = refusal;
  if (status === 401) return new RefusedProblem('install.unauthorized', refusal);
  if (status === 403 && (category === 'MISSING_SCOPES' || scopes.length > 0)) {
    const say = `The permission granted does not cover this. Connect the account again and grant: ${scopes.join(', ') || 'the scopes that the app lists'}.`;
    return new RefusedProblem('install.missing-scope', refusal, { say });
  }
  if (status === 404 || category === 'OBJECT_NOT_FOUND') return new RefusedProblem('vendor.not-found', refusal);
  return laterProblem(refusal, retryAfter) ?? rejection(refusal);
}

/** What goes away by itself. 477 is an account on the move to another data centre; 52x come from the proxy in front. */
function laterProblem(refusal: Refusal, retryAfter: number | undefined): Problem | null {
  const { status, policy } = refusal;
  if (status === 423) return new RefusedProblem('vendor.locked', refusal, { retryAfterMs: Math.max(LOCKED_MS, retryAfter ?? 0) });
  if (status === 429) return new RefusedProblem('vendor.rate-limited', refusal, { retryAfterMs: retryAfter ?? (policy === 'SECONDLY' ? SECONDLY_MS : WINDOW_MS) });
  if (status >= 500 || status === 477 || status === 408) return new RefusedProblem('vendor.unavailable', refusal, retryAfter === undefined ? {} : { retryAfterMs: retryAfter });
  return null;
}

function rejection(refusal: Refusal): Problem {
  const words = refusal.faults.map((fault) => `${fault.field}: ${fault.code}`).join(', ') || refusal.category;
  const say = `HubSpot refused the request (${[refusal.status, words].filter(Boolean).join(', ')}). Correct the record or the mapping, then replay.`;
  return new RefusedProblem('vendor.rejected', refusal, { say });
}

function factsOf(refusal: Refusal): Record<string, string | number> {
  const facts: Record<string, string | number> = { status: refusal.status };
  if (refusal.category) facts.category = refusal.category;
  if (refusal.faults.length > 0) facts.fields = refusal.faults.map((fault) => `${fault.field} ${fault.code}`).join(', ');
  if (refusal.scopes.length > 0) facts.scopes = refusal.scopes.join(' ');
  return facts;
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null || header === '') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

function isSystemError(thrown: unknown): thrown is Error & { code: string } {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';
}
