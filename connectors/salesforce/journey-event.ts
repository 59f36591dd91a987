import { isObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { FieldValue } from '#core/records';
import type { Call } from '#ports/call';
import type { Journey } from '#ports/crm';
import { listOf } from './describe-fields.ts';
import { stored } from './describe-objects.ts';
import { missing } from './missing.ts';
import { recordProblem, RefusedProblem } from './problem.ts';
import { sendJson } from './request.ts';
import { orgOf } from './schema.ts';

const EVENT = 'Envelope_Event__e';
/** Length of the text fields that hold a key or a name, and of an id. */
const TEXT = 80;
const ENVELOPE = 40;
const ID = 18;
/** The cap on published events is an hourly one. */
const HOURLY_MS = 10 * 60_000;

/**
 * Publishes the package's platform event, which flows in the org and subscribers outside may begin with. Salesforce does not know the same event again, so it
 * carries our key in `Event_Id__c` for those who listen. Success means that it is queued, and is told by an "error" OPERATION_ENQUEUED [D].
 * @throws Problem `vendor.unavailable` where the org has published too many in an hour
 */
export const emit: NonNullable<Journey['emit']> = async (call, event) => {
  const { namespace } = await orgOf(call);
  const object = stored(namespace, EVENT);
  const outcome = outcomeOf(await publish(call, `/sobjects/${object}`, bodyOf(namespace, event), object), object);
  if (!outcome.ok) throw outcome.problem;
  return { id: outcome.id };
};

/**
 * Up to 200 in one call, as a collection [U]: documented for records, and told by one page alone for events. Each has an answer of its own.
 * @throws Problem where the whole failed
 */
export const emitAll: NonNullable<Journey['emitAll']> = async (call, events) => {
  const { namespace } = await orgOf(call);
  const object = stored(namespace, EVENT);
  const records = events.map((event) => ({ attributes: { type: object }, ...bodyOf(namespace, event) }));
  const answers = await publish(call, '/composite/sobjects', { allOrNone: false, records }, object);
  return events.map((_event, index) => outcomeOf(Array.isArray(answers) ? (answers as unknown[])[index] : undefined, object));
};

function outcomeOf(answer: unknown, object: string): { ok: true; id: string | null } | { ok: false; problem: Problem } {
  const errors = listOf(isObject(answer) ? answer.errors : null);
  if (isObject(answer) && answer.success === true) {
    const queued = errors.find(({ statusCode }) => statusCode === 'OPERATION_ENQUEUED')?.message;
    return { ok: true, id: typeof queued === 'string' && queued !== '' ? queued : typeof answer.id === 'string' ? answer.id : null };
  }
  if (errors.some(({ statusCode }) => statusCode === 'INVALID_TYPE')) return { ok: false, problem: missing(object) };
  return { ok: false, problem: errors.length > 0 ? capped(recordProblem(errors)) : new Problem('vendor.odd-answer') };
}

async function publish(call: Call, path: string, body: Record<string, unknown>, object: string): Promise<unknown> {
  try {
    return await sendJson(call, 'POST', path, body);
  } catch (thrown) {
    if (!(thrown instanceof RefusedProblem)) throw thrown;
    if (thrown.code === 'vendor.not-found' || thrown.refusal.errors.some(({ code }) => code === 'INVALID_TYPE')) throw missing(object);
    throw capped(thrown);
  }
}

function capped(problem: RefusedProblem): Problem {
  if (!problem.refusal.errors.some(({ code }) => code === 'LIMIT_EXCEEDED')) return problem;
  // Not a pause of the whole account: records are written as before.
  return new Problem('vendor.unavailable', { say: 'The org has published as many platform events as it may in an hour. It is tried again by itself.', retryAfterMs: HOURLY_MS });
}

function bodyOf(namespace: string, { name, member, data, key }: Parameters<NonNullable<Journey['emit']>>[1]): Record<string, unknown> {
  const text = (value: FieldValue | undefined, length: number): string | null => (typeof value === 'string' && value !== '' && value.length <= length ? value : null);
  const fields: Record<string, string | null> = {
    Event_Id__c: key.slice(0, TEXT),
    Event__c: name.slice(0, TEXT),
    Contact_Id__c: text(member.contact, ID),
    // What flows filter by stands in fields of its own; the rest is for those who read JSON.
    Envelope_Id__c: text(data.envelope, ENVELOPE),
    Opportunity_Id__c: text(data.deal, ID),
    Status__c: text(data.status, ENVELOPE),
    Data__c: JSON.stringify(data),
  };
  return Object.fromEntries(Object.entries(fields).flatMap(([field, value]) => (value === null ? [] : [[stored(namespace, field), value]])));
}
