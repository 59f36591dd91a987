import type { Connection } from 'jsforce';
import type { Call } from '#ports/call';
import { isUnauthorized, problemOf } from './problem.ts';
import { oneRequest } from './transport.ts';

export const API_VERSION = '67.0';
/** Marks our calls: change events of what we wrote carry it in their `changeOrigin`. */
export const CLIENT = 'countersign';

/** The path of a REST resource below an instance, such as `/sobjects/Opportunity`, for what goes by `call.request`: files. */
export const restPath = (path: string): string => `/services/data/v${API_VERSION}${path}`;
/** The header that marks such a call as ours; jsforce sets it by itself. */
export const CALL_OPTIONS = { 'sforce-call-options': `client=${CLIENT}` };

/**
 * Runs one request of jsforce's Connection, made anew for each call: a Connection remembers sessions and describes, and ours belong to a tenant.
 * It has neither refresh token nor refresh function, for its own loop answers each 401 with another refresh, without end: here a 401 is answered by
 * one renewal and one more try. Timeout, retries, redirects and proxy are `transport.ts`'s. Loaded with the first call: it would be 170 ms of every start.
 * Answers of 300 and above are thrown, those that jsforce itself would read as text too.
 * @throws Problem `install.unauthorized`, `vendor.*`; refusals as `RefusedProblem`
 */
export async function salesforceCall<T>(call: Call, send: (org: Connection) => Promise<T>): Promise<T> {
  try {
    const jsforce = await import('jsforce');
    return await call.through(({ baseUrl, accessToken, timeoutMs }) => {
      const org = new jsforce.Connection({ version: API_VERSION, instanceUrl: baseUrl, accessToken: accessToken.reveal(), callOptions: { client: CLIENT }, logLevel: 'NONE' });
      org._transport = oneRequest(call, { baseUrl, timeoutMs });
      return send(org);
    }, isUnauthorized);
  } catch (thrown) {
    throw problemOf(thrown);
  }
}
