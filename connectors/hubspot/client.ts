import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Client } from '@hubspot/api-client';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { manifest } from './manifest.ts';
import { isUnauthorized, problemOf, RefusedAnswer } from './problem.ts';

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
export async function hubspotCall<T>(call: Call, send: (crm: CrmApi, bound: Bound) => Promise<T>): Promise<T> {
  try {
    const hubspot = await import('@hubspot/api-client');
    return await call.through(({ baseUrl, accessToken, timeoutMs }) => {
      const client = new hubspot.Client({ basePath: baseUrl, accessToken: accessToken.reveal() });
      return within(timeoutMs, call.signal, send(client.crm, bind(call, baseUrl)));
    }, isUnauthorized);
  } catch (thrown) {
    throw problemOf(thrown);
  }
}

function bind(call: Call, baseUrl: string): Bound {
  return {
    middleware: [
      {
        pre: async (request) => {
          request.setAgent(agentFor(baseUrl));
          return request;
        },
        post: async (answer) => {
          readBudget(call, answer.headers);
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
async function within<T>(timeoutMs: number, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let stop = (): void => undefined;
  const end = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Problem('vendor.lost-reply'));
    ended.addEventListener('abort', stop, { once: true });
    if (ended.aborted) stop();
  });
  return Promise.race([work, end]).finally(() => ended.removeEventListener('abort', stop));
}

/** Search answers carry no such headers: it has a limit of its own. */
function readBudget(call: Call, headers: Record<string, string>): void {
  const remaining = Number(headers['x-hubspot-ratelimit-remaining'] ?? NaN);
  const resetInMs = Number(headers['x-hubspot-ratelimit-interval-milliseconds'] ?? NaN);
  if (Number.isFinite(remaining) && Number.isFinite(resetInMs)) call.budget({ remaining, resetInMs });
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
