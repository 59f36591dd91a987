import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Client } from '@hubspot/api-client';
import { Problem } from '#core/problem';
import { withDeadline } from '#lib/deadline';
import type { Call } from '#ports/call';
import { manifest } from './manifest.ts';
import { isUnauthorized, problemOf, RefusedAnswer } from './problem.ts';

const TOO_MANY = 429;
const SECOND_MS = 1000;

/** What the manifest lists as counted apart. */
export const SEARCH = 'search';

export type CrmApi = Client['crm'];

/** As much of an answer as its generated parts share. */
interface RawAnswer {
  httpStatusCode: number;
  headers: Record<string, string>;
  body: { text(): Promise<string> };
}
/** What each call of the client takes last. Typed so that it fits each of the client's thirty generated parts. */
export interface Bound {
  middleware: {
    pre<C extends { setAgent(agent: HttpAgent): void }>(request: C): Promise<C>;
    post<C extends RawAnswer>(answer: C): Promise<C>;
  }[];
}

/**
 * Runs one request of the official client. `send` hands `bound` to it, because 13.5.0 runs no middleware and uses no agent that is given to the client itself.
 * The client is made anew for each call: it costs microseconds, and its limiter and retries, which live in a process-wide singleton where the last
 * client made wins for all tenants, stay off. Loaded with the first call, for it would be 30 ms of every start.
 * @throws Problem
 */
export async function hubspotCall<T>(call: Call, send: (crm: CrmApi, bound: Bound, client: Client) => Promise<T>, counted?: string): Promise<T> {
  try {
    const hubspot = await import('@hubspot/api-client');
    return await call.through(
      ({ baseUrl, accessToken, timeoutMs }) => {
        const client = new hubspot.Client({ basePath: baseUrl, accessToken: accessToken.reveal() });
        return withDeadline(timeoutMs, call.signal, (signal) => within(signal, send(client.crm, bind(call, baseUrl, counted), client)));
      },
      isUnauthorized,
      counted,
    );
  } catch (thrown) {
    throw problemOf(thrown);
  }
}

function bind(call: Call, baseUrl: string, counted: string | undefined): Bound {
  return {
    middleware: [
      {
        pre: async (request) => {
          request.setAgent(agentFor(baseUrl));
          return request;
        },
        post: async (answer) => {
          readBudget(call, answer, counted);
          await check(answer);
          return answer;
        },
      },
    ],
  };
}

/** Refusals are read here, for the client itself trips over those that are not JSON: a gateway's 502, an empty 504. */
async function check({ httpStatusCode: status, headers, body }: RawAnswer): Promise<void> {
  if (status >= 400) throw new RefusedAnswer(status, await body.text(), headers);
  const json = (headers['content-type'] ?? '').includes('json');
  if (status !== 204 && !json) throw new Problem('vendor.odd-answer', { facts: { status } });
}

/** The client has no timeout. Who waited that long is told that the outcome is not known. */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const end = new Promise<never>((_resolve, reject) => {
    const stop = () => reject(new Problem('vendor.lost-reply'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, end]);
}

/** The account's ten seconds, and for private apps its day. Search answers carry no such headers: it has a limit of its own, of which only a refusal speaks. */
function readBudget(call: Call, { httpStatusCode: status, headers }: RawAnswer, counted: string | undefined): void {
  const number = (name: string) => Number(headers[`x-hubspot-ratelimit-${name}`] ?? NaN);
  const [remaining, resetInMs, limit] = [number('remaining'), number('interval-milliseconds'), number('max')];
  if (counted === undefined && Number.isFinite(remaining) && Number.isFinite(resetInMs))
    call.budget({ remaining, resetInMs, ...(limit > 0 && resetInMs > 0 ? { limit, windowMs: resetInMs } : {}) });
  const [day, left] = [number('daily'), number('daily-remaining')];
  if (day > 0 && left >= 0) call.quota({ used: Math.max(0, day - left), limit: day });
  const pauseMs = status === TOO_MANY ? Number(headers['retry-after'] ?? (counted === undefined ? NaN : 1)) * SECOND_MS : NaN;
  if (pauseMs > 0) call.budget({ remaining: 0, resetInMs: pauseMs, ...(counted === undefined ? {} : { counted }) });
}

const { timeoutMs, concurrent } = manifest.limits;
const options = { keepAlive: true, timeout: 2 * timeoutMs, maxFreeSockets: concurrent };

/** A socket on which nobody waits any more is cut, so that it does not stay in the pool for ever. */
const cutWhenSilent = <S extends Duplex | null | undefined>(socket: S): S => {
  socket?.on('timeout', () => socket.destroy(Object.assign(new Error('No answer in time.'), { code: 'ESOCKETTIMEDOUT' })));
  return socket;
};
class PlainAgent extends HttpAgent {
  override createConnection(...given: Parameters<HttpAgent['createConnection']>): ReturnType<HttpAgent['createConnection']> {
    return cutWhenSilent(super.createConnection(...given));
  }
}
class SecureAgent extends HttpsAgent {
  override createConnection(...given: Parameters<HttpsAgent['createConnection']>): ReturnType<HttpsAgent['createConnection']> {
    return cutWhenSilent(super.createConnection(...given));
  }
}
const plain = new PlainAgent(options);
const secure = new SecureAgent(options);
const agentFor = (baseUrl: string): HttpAgent => (baseUrl.startsWith('https:') ? secure : plain);
