import type { Call } from '#ports/call';
import { salesforceCall } from './client.ts';

const JSON_BODY = { 'content-type': 'application/json' };

/** One request for JSON; `path` is below the version root, such as `/sobjects/Task`. @throws Problem as `salesforceCall` does */
export function getJson(call: Call, path: string): Promise<unknown> {
  return salesforceCall(call, (org) => org.request<unknown>({ method: 'GET', url: path }));
}

/** One request with a JSON body. @throws Problem as `salesforceCall` does */
export function sendJson(call: Call, method: 'POST' | 'PATCH', path: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  return salesforceCall(call, (org) => org.request<unknown>({ method, url: path, body: JSON.stringify(body), headers: { ...JSON_BODY, ...headers } }));
}
