import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Call, HttpReply } from '#ports/call';
import type { FieldValue } from '#core/records';
import { projectFile } from '#lib/root';
import type { Connected, Place } from '../../contract/place.ts';
import { fire, handlesOf, openCloud, problemOf } from './world.ts';

interface EntryEvent {
  request: { ContactKey: string; EventDefinitionKey: string; Data: Record<string, FieldValue> };
  answer: { status: number; body: { eventInstanceId: string } };
}
interface Refusal {
  what: string;
  status: number;
  body: unknown;
  problem: string;
}
const sample = <T>(name: string): T => JSON.parse(projectFile(`connectors/marketing-cloud/samples/${name}.json`)) as T;
const { request, answer } = sample<EntryEvent>('entry-event');

let place: Place;
let connected: Connected;
beforeEach(async () => {
  place = await openCloud();
  connected = await place.connect();
});
afterEach(() => place.close());

const told = { name: request.EventDefinitionKey, contact: request.ContactKey, data: request.Data };

test('the connector sends the event as the sample has it, and understands its answer', async () => {
  const sent: unknown[] = [];
  const call: Call = {
    ...connected.call,
    async request({ method, path, headers, bytes }): Promise<HttpReply> {
      sent.push([method, path, headers?.['content-type'], JSON.parse(new TextDecoder().decode(bytes))]);
      return { status: answer.status, headers: new Headers(), body: answer.body };
    },
  };
  expect(await fire(call, told)).toEqual({ id: answer.body.eventInstanceId });
  expect(sent).toEqual([['POST', '/interaction/v1/events', 'application/json; charset=UTF-8', request]]);
});
test('the sandbox answers as the sample does', async () => {
  const { id } = await fire(connected.call, told);
  expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(handlesOf(place).entries()[0]?.data).toEqual(request.Data);
});
test.each(sample<Refusal[]>('refusals'))('$what ($status) is $problem', async ({ status, body, problem }) => {
  const call: Call = { ...connected.call, request: async () => ({ status, headers: new Headers(), body }) };
  expect((await problemOf(fire(call))).code).toBe(problem);
});
