import { Problem } from '#core/problem';
import type { FieldValue } from '#core/records';
import { isObject } from '#lib/json';
import type { Call, HttpReply } from '#ports/call';
import type { Journey } from '#ports/crm';
import { factsOf, problemOf } from './problem.ts';

const REFUSED_FOR_NOW = 503;
const ADVICE = 'Check that the key is right, that its journey and the contact are active, and that the data fits the entry data extension; then replay.';

/**
 * Fires the entry event of a journey: `POST /interaction/v1/events`. The vendor has no idempotency and its answer alone holds the entry's id, so the same
 * event fired twice is two entries: whatever leaves open whether it was done is `vendor.lost-reply`, and is asked of a person.
 */
export const journey: Journey = {
  async emit(call, { name, member, data }) {
    const event = { ContactKey: member.contact, EventDefinitionKey: definitionKey(name), Data: filled(data) };
    const reply = await fire(call, event);
    if (reply.status >= 200 && reply.status < 300) return { id: instanceOf(reply) };
    throw refusal(reply, event);
  },
};

interface EntryEvent {
  ContactKey: string;
  EventDefinitionKey: string;
  Data: Record<string, FieldValue>;
}

function fire(call: Call, event: EntryEvent): Promise<HttpReply> {
  // The vendor asks for the charset to be named where a value goes beyond ASCII.
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  return call.request({ method: 'POST', path: '/interaction/v1/events', headers, bytes: new TextEncoder().encode(JSON.stringify(event)) });
}

/** The vendor forbids a period in the key. @throws Problem `vendor.rejected` before anything is sent */
function definitionKey(name: string): string {
  const key = name.trim();
  if (key !== '' && !key.includes('.')) return key;
  const say = `"${name}" is no event definition key: it may not be empty or hold a period. Copy the key from Journey Builder's Event Administration into the mapping.`;
  throw new Problem('vendor.rejected', { say, facts: { event: name } });
}

/** What has no value is left out: the column of the entry data extension stays empty, whether or not the vendor reads null as empty. */
function filled(data: Record<string, FieldValue>): Record<string, FieldValue> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
}

/** A missing id is no failure: the entry was made, and failing here would invite a second. */
function instanceOf(reply: HttpReply): string | null {
  const id = isObject(reply.body) ? reply.body['eventInstanceId'] : null;
  return typeof id === 'string' && id !== '' ? id : null;
}

function refusal(reply: HttpReply, event: EntryEvent): Problem {
  const values = [event.ContactKey, ...Object.values(event.Data).map(String)];
  const facts: Record<string, string | number> = { ...factsOf(reply, values), event: event.EventDefinitionKey };
  // 503 says that nothing was taken on. Any other fault of the server, or of a gateway before it, says nothing of what was done until then.
  if (reply.status >= 500 && reply.status !== REFUSED_FOR_NOW) return new Problem('vendor.lost-reply', { facts });
  if (reply.status !== 400 && reply.status !== 404) return problemOf(reply, values);
  return new Problem('vendor.rejected', {
    say: `Marketing Cloud took no entry for the event ${event.EventDefinitionKey}. ${ADVICE} It says: ${facts['message'] ?? 'nothing'}`,
    facts,
  });
}
