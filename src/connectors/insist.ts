import type { Clock } from '#lib/clock';
import type { Random } from '#lib/random';
import { Problem } from '#core/problem';
import type { Call, HttpRequest } from '#ports/call';

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 250;
const TOO_MANY = 429;
const SERVER_FAULT = 500;

/**
 * A call for rounds that only read, or make what is made already: it tries passing faults again a few times, so that a round of many calls
 * does not begin anew for one of them. Never for effects: those are tried again by their lane, which looks before it repeats.
 */
export function insistent(call: Call, clock: Clock, random: Random): Call {
  async function insist<T>(run: () => Promise<T>, statusOf: (result: T) => number): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await run();
        if (attempt === ATTEMPTS || !isPassing(statusOf(result))) return result;
      } catch (error) {
        if (attempt === ATTEMPTS || !isPassingError(error)) throw error;
      }
      await clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + random()), call.signal);
    }
  }
  return {
    ...call,
    request: (request) =>
      insist(
        () => call.request(request),
        ({ status }) => status,
      ),
    through: (send, unauthorized, counted) =>
      insist(
        () => call.through(send, unauthorized, counted),
        () => 0,
      ),
  };
}

/** For an effect that looks before it changes something: what only reads is insisted on. Such a read may be one of four calls, and a fault in any of them would begin the effect anew, after ever longer pauses. */
export function insistentReads(call: Call, clock: Clock, random: Random): Call {
  const patient = insistent(call, clock, random);
  return { ...call, request: (request: HttpRequest) => (request.method === 'GET' ? patient : call).request(request) };
}

const isPassing = (status: number): boolean => status === TOO_MANY || status >= SERVER_FAULT;

function isPassingError(error: unknown): boolean {
  // A day's calls do not come back within seconds.
  if (error instanceof Problem) return error.remedy === 'retry' && error.code !== 'vendor.quota';
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? isPassing(code) : error instanceof Error && 'code' in error;
}
