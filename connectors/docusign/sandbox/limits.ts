import type { Context, MiddlewareHandler } from 'hono';
import type { Clock } from '#lib/clock';
import type { SandboxState } from './state.ts';

const HOUR_MS = 3_600_000;
const BURST_MS = 30_000;
export const POLL_WINDOW_MS = 15 * 60_000;

export interface Limits {
  /** Calls in a fixed clock hour, and in 30 seconds. */
  hourly: number;
  burst: number;
  /** Reads of one envelope in 15 minutes before the vendor refuses. Its rule is one; it looks away from a few more. */
  polls: number;
}
export const DEFAULT_LIMITS: Limits = { hourly: 3000, burst: 500, polls: 4 };

/** The vendor's error shape. */
export function refuse(c: Context, status: 400 | 401 | 404 | 503, errorCode: string, message: string): Response {
  return c.json({ errorCode, message }, status);
}

/** Counts calls by clock hour and by 30 seconds, says on every answer what is left, and refuses with 400 what is too much. */
export function createQuota(clock: Clock, limits: Limits) {
  const counted = { hour: 0, calls: 0, burst: [] as number[] };

  const middleware: MiddlewareHandler = async (c, next) => {
    const now = clock.now();
    const hour = Math.floor(now / HOUR_MS);
    if (hour !== counted.hour) Object.assign(counted, { hour, calls: 0 });
    counted.burst = counted.burst.filter((at) => at > now - BURST_MS);
    const over = counted.calls >= limits.hourly ? 'HOURLY' : counted.burst.length >= limits.burst ? 'BURST' : null;
    if (!over) {
      counted.calls += 1;
      counted.burst.push(now);
    }
    headers(c, limits.hourly - counted.calls, (hour + 1) * HOUR_MS);
    c.header('X-BurstLimit-Limit', String(limits.burst));
    c.header('X-BurstLimit-Remaining', String(limits.burst - counted.burst.length));
    c.header('X-DocuSign-TraceToken', crypto.randomUUID());
    c.header('Date', new Date(now).toUTCString());
    if (over) return tooMany(c, over);
    return next();
  };

  function headers(c: Context, remaining: number, resetAt: number) {
    c.header('X-RateLimit-Limit', String(limits.hourly));
    c.header('X-RateLimit-Remaining', String(remaining));
    c.header('X-RateLimit-Reset', String(Math.ceil(resetAt / 1000)));
  }
  function tooMany(c: Context, which: 'HOURLY' | 'BURST'): Response {
    const period = which === 'HOURLY' ? 'hour' : '30 seconds';
    return refuse(c, 400, `${which}_APIINVOCATION_LIMIT_EXCEEDED`, `The maximum number of API invocations for this ${period} has been exceeded.`);
  }
  /** The refusal that the faults page asks for: the hour's limit, with its reset close by. */
  function rateLimited(c: Context, seconds: number): Response {
    headers(c, 0, clock.now() + seconds * 1000);
    return tooMany(c, 'HOURLY');
  }
  return { middleware, rateLimited };
}

/** Notes a read of an envelope; false where the polling rule is broken too often. */
export function notePoll(state: SandboxState, clock: Clock, limits: Limits, envelopeId: string): boolean {
  const now = clock.now();
  const recent = (state.polls[envelopeId] ?? []).filter((at) => at > now - POLL_WINDOW_MS);
  state.polls[envelopeId] = [...recent, now];
  return recent.length < limits.polls;
}
