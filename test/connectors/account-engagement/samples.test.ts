import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOME_UNIT } from '#connectors/account-engagement/sandbox';
import type { Call, HttpReply } from '#ports/call';
import { projectFile } from '#lib/root';
import type { Connected, Place } from '../../contract/place.ts';
import { INES, join, openEngagement, problemOf } from './world.ts';

interface SampledCall {
  method: string;
  path: string;
  /** Names of the parameters. */
  query: string[];
  json?: unknown;
  answer: { status: number; body: Record<string, unknown> };
}
interface Refusal {
  what: string;
  status: number;
  body: unknown;
  problem: string;
  retryAfterMs?: number;
}
const sample = <T>(name: string): T => JSON.parse(projectFile(`connectors/account-engagement/samples/${name}.json`)) as T;
const calls = sample<SampledCall[]>('calls');

let place: Place;
let connected: Connected;
beforeEach(async () => {
  place = await openEngagement();
  connected = await place.connect();
});
afterEach(() => place.close());

test('the connector asks as the samples have it, for its business unit, and understands their answers', async () => {
  const asked: unknown[] = [];
  const call: Call = {
    ...connected.call,
    async request({ method, path, query = {}, json, headers }): Promise<HttpReply> {
      expect(headers?.['pardot-business-unit-id']).toBe(HOME_UNIT);
      asked.push({ method, path, query: Object.keys(query).sort(), ...(json === undefined ? {} : { json }) });
      const { answer } = calls[asked.length - 1] ?? { answer: { status: 500, body: {} } };
      return { status: answer.status, headers: new Headers(), body: answer.body };
    },
  };
  expect(await join(call, 'Signed', [INES])).toEqual({ absent: [] });
  expect(asked).toEqual(calls.map(({ answer: _answer, ...rest }) => rest));
});
test('the sandbox answers with the members of the samples', async () => {
  const seen: unknown[] = [];
  const call: Call = {
    ...connected.call,
    async request(request) {
      const reply = await connected.call.request(request);
      seen.push([reply.status, Object.keys(reply.body as object).sort()]);
      return reply;
    },
  };
  await join(call, 'Signed', [INES]);
  expect(seen).toEqual(calls.map(({ answer: { status, body } }) => [status, Object.keys(body).sort()]));
});
test.each(sample<Refusal[]>('refusals'))('$what ($status) is $problem', async ({ status, body, problem: code, retryAfterMs }) => {
  const call: Call = { ...connected.call, request: async () => ({ status, headers: new Headers(), body }) };
  const problem = await problemOf(join(call, 'Refused', [INES]));
  expect([problem.code, problem.retryAfterMs]).toEqual([code, retryAfterMs]);
});
