import { sha256 } from '#lib/hmac';
import { Problem } from '#core/problem';
import type { FieldValue } from '#core/records';
import type { Call, HttpReply } from '#ports/call';
import type { Journey } from '#ports/crm';
import { replyProblem } from './problem.ts';

/** Of optional scopes HubSpot grants those that the account's subscription covers. */
export const SEND_SCOPE = 'analytics.behavioral_events.send';
/** One event of ours stands for all: which one it is stands in its property `event`, so that an account needs one definition and no more. */
const EVENT = 'countersign_envelope';
/** What workflows filter by. Whatever else a mapping tells stands in `data`, as JSON. */
const PROPERTIES = ['event', 'envelope', 'deal', 'status', 'template', 'data'] as const;
/** HubSpot takes no longer value. */
const LONGEST = 256;
const DEFINITIONS = '/events/v3/event-definitions';
const ABSENT =
  'This HubSpot account takes no custom events: they come with an Enterprise subscription and a permission of their own. Use a list or a property, or connect the account again once it has them; then replay.';

/** HubSpot puts the account's id before the name of every event. */
const nameIn = (call: Call): string => `pe${call.install.account}_${EVENT}`;

/**
 * Sends a custom event, about a contact. HubSpot knows an event again by its `uuid`, so telling it twice is telling it once.
 * @throws Problem `feature.unsupported` where the account has no custom events, `vendor.rejected` where a value is longer than HubSpot takes
 */
export const emit: NonNullable<Journey['emit']> = async (call, { name, member, data, key }) => {
  const uuid = uuidOf(key);
  const json = { eventName: nameIn(call), objectId: member.contact, uuid, properties: propertiesOf(name, data) };
  const send = () => call.request({ method: 'POST', path: '/events/v3/send', json });
  const first = await send();
  // Somebody deleted the definition, or the subscription came after the account was prepared.
  const reply = first.status === 404 && (await prepareEvent(call)).length > 0 ? await send() : first;
  if (isAbsent(reply)) throw new Problem('feature.unsupported', { say: ABSENT, facts: { status: reply.status } });
  if (!isGood(reply)) throw replyProblem(reply);
  return { id: uuid };
};

/** What an account cannot do that did not grant, or could not grant, the permission. */
export const lacks: NonNullable<Journey['lacks']> = (granted) => (granted.includes(SEND_SCOPE) ? {} : { event: ABSENT });

/** Defines our event where the account has custom events at all; says what was made. */
export async function prepareEvent(call: Call): Promise<string[]> {
  const known = await call.request({ method: 'GET', path: `${DEFINITIONS}/${nameIn(call)}` });
  if (isGood(known) || known.status === 403) return [];
  if (known.status !== 404) throw replyProblem(known);
  const made = await call.request({ method: 'POST', path: DEFINITIONS, json: DEFINITION });
  // 409: another process made it meanwhile. 403 and 404: there is no such feature here.
  if (isAbsent(made) || made.status === 409) return [];
  if (!isGood(made)) throw replyProblem(made);
  return [`custom event ${EVENT}`];
}

const DEFINITION = {
  name: EVENT,
  label: 'Countersign envelope',
  description: 'What becomes of an envelope that was sent for signature.',
  primaryObject: 'CONTACT',
  includeDefaultProperties: false,
  propertyDefinitions: PROPERTIES.map((name) => ({ name, label: name, type: 'string' })),
};

const isGood = ({ status }: HttpReply): boolean => status >= 200 && status < 300;
const isAbsent = ({ status }: HttpReply): boolean => status === 403 || status === 404;

function propertiesOf(event: string, data: Record<string, FieldValue>): Record<string, string> {
  const told = Object.entries(data).filter(([, value]) => value !== null);
  const others = told.filter(([name]) => !isProperty(name));
  const properties: Record<string, string> = { event };
  for (const [name, value] of told) if (isProperty(name)) properties[name] = String(value);
  if (others.length > 0) properties.data = JSON.stringify(Object.fromEntries(others));
  const [long] = Object.entries(properties).filter(([, value]) => value.length > LONGEST);
  if (!long) return properties;
  const what = long[0] === 'data' ? `The event's data beside ${PROPERTIES.slice(1, -1).join(', ')} is` : `The event's "${long[0]}" is`;
  throw new Problem('vendor.rejected', { say: `${what} longer than the ${LONGEST} characters that HubSpot takes. Tell less in the mapping, then replay.` });
}

/** Names that a mapping may fill; `event` and `data` are ours. */
const isProperty = (name: string): boolean => PROPERTIES.slice(1, -1).some((property) => property === name);

/** The same UUID for the same key. */
function uuidOf(key: string): string {
  const hex = sha256(key);
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
