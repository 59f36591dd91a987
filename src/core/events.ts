import { CONSENT_HOWS, CONSENT_TYPES } from '#core/consent';
import * as z from 'zod';
import { ENVELOPE_STATUSES, RECIPIENT_STATUSES, type EnvelopeStatus } from '#core/envelope';

/**
 * What happens to envelopes and consents, as tools outside hear of it. A published form: members may be added, and none changes its meaning or goes. Pointers and status
 * alone: no name, no address, no words that a person wrote.
 */
const time = z.string().describe('ISO 8601, UTC.');
const account = z.object({
  connector: z.string().describe('The id of the connector.'),
  account: z.string().describe("The vendor's own id of the account."),
});

const envelopeData = z
  .object({
    envelope: z.string().describe("Countersign's id of the envelope."),
    deal: z.string().describe("The CRM's id of the deal."),
    crm: account,
    provider: account.extend({ envelope: z.string().nullable().describe("The provider's own id of the envelope; null where it has none.") }),
    template: z.object({ id: z.string(), name: z.string() }),
    rule: z.string().describe('The rule of the send mapping.'),
    status: z.enum(ENVELOPE_STATUSES as [EnvelopeStatus, ...EnvelopeStatus[]]),
    attempt: z.number().int().describe('How many envelopes came before this one for the same intent.'),
    recipients: z.array(
      z.object({ role: z.string(), order: z.number().int().describe('Routing order, from the lowest.'), status: z.enum(RECIPIENT_STATUSES), signedAt: time.nullable() }),
    ),
    waitingFor: z.array(z.string()).describe('Roles whose turn it is.'),
    requestedAt: time,
    sentAt: time.nullable(),
    viewedAt: time.nullable(),
    completedAt: time.nullable(),
    closedAt: time.nullable().describe('When it came to its end, whichever that was.'),
    expiresAt: time.nullable(),
    attribution: z.record(z.string(), z.string()).describe('First and last touch as the CRM named them at the moment of sending. Frozen: equal in every event of one envelope.'),
    correlation: z.string().describe('The story that it belongs to, from the first webhook to the last write.'),
    url: z.string().describe('Its page in the console.'),
  })
  .meta({ id: 'envelope' });

const consentData = z
  .object({
    consent: z.string().describe('The entry in the ledger of consents.'),
    person: z.string().describe("Countersign's id of the person; no name, no address."),
    type: z.enum(CONSENT_TYPES).describe('What was agreed to. None of them implies another.'),
    purpose: z.string().nullable(),
    channel: z.string().nullable(),
    text: z.object({ name: z.string(), version: z.number().int(), hash: z.string().describe('SHA-256 of the wording that was shown.') }).nullable(),
    locale: z.string().nullable(),
    jurisdiction: z.string().nullable(),
    basis: z.string().describe('The legal basis.'),
    how: z.enum(CONSENT_HOWS).describe('Where it comes from: envelope field, capture page, API, import, CRM change.'),
    envelope: z.string().nullable(),
    expiresAt: time.nullable(),
    correlation: z.string(),
  })
  .meta({ id: 'consent' });

const testData = z.object({ endpoint: z.string(), say: z.string() }).meta({ id: 'test' });

const event = <Type extends string, Data extends z.ZodType>(type: Type, data: Data, say: string) =>
  z.object({ type: z.literal(type), timestamp: time.describe('When it happened, as the vendor says. ISO 8601, UTC.'), data }).describe(say);

/** Every type of event with its schema and what it says. */
export const EVENTS = {
  document_sent: event('document_sent', envelopeData, 'The provider has sent the envelope to its first recipients.'),
  document_viewed: event('document_viewed', envelopeData, 'A recipient has opened it, the first time.'),
  document_partially_signed: event('document_partially_signed', envelopeData, 'The first of several recipients has signed.'),
  document_completed: event('document_completed', envelopeData, 'Everybody has signed. Final.'),
  document_declined: event('document_declined', envelopeData, 'A recipient has declined to sign. Final.'),
  document_voided: event('document_voided', envelopeData, 'It was withdrawn before its end. Final.'),
  document_expired: event('document_expired', envelopeData, 'Its time was over before everybody had signed. Final.'),
  document_failed: event('document_failed', envelopeData, 'The provider did not take it. Should it have taken it all the same, a later event still follows.'),
  consent_granted: event('consent_granted', consentData, 'A person has given a consent.'),
  consent_declined: event('consent_declined', consentData, 'A person was asked for a consent and did not give it.'),
  consent_withdrawn: event('consent_withdrawn', consentData, 'A person has withdrawn a consent.'),
  endpoint_test: event('endpoint_test', testData, 'Somebody pressed Send a test event. It goes to that endpoint whatever it subscribes to.'),
} as const;

export type EventType = keyof typeof EVENTS;
export type Event<Type extends EventType = EventType> = z.infer<(typeof EVENTS)[Type]>;
export type EnvelopeEventData = z.infer<typeof envelopeData>;
export type ConsentEventData = z.infer<typeof consentData>;

const isEventType = (type: string): type is EventType => Object.hasOwn(EVENTS, type);
export const EVENT_TYPES = Object.keys(EVENTS).filter(isEventType);
/** What an endpoint may subscribe to: a test comes unasked. */
export const SUBSCRIBABLE = EVENT_TYPES.filter((type) => type !== 'endpoint_test');

/** The event that a status is told by. Nothing is told of an envelope that was only asked for. */
const OF_STATUS: Record<EnvelopeStatus, EventType | null> = {
  requested: null,
  sent: 'document_sent',
  viewed: 'document_viewed',
  partially_signed: 'document_partially_signed',
  completed: 'document_completed',
  declined: 'document_declined',
  voided: 'document_voided',
  expired: 'document_expired',
  failed: 'document_failed',
};
export const eventTypeOf = (status: EnvelopeStatus): EventType | null => OF_STATUS[status];

const iso = (at: number): string => new Date(at).toISOString();

/** What a consent fact is told as. `at` is when the person acted, milliseconds since the epoch. */
export function consentEvent(status: 'granted' | 'declined' | 'withdrawn', at: number, data: ConsentEventData): { type: EventType; timestamp: string; data: ConsentEventData } {
  return { type: `consent_${status}`, timestamp: iso(at), data };
}

/** A test for one endpoint. */
export function testEvent(endpoint: string, at: number): Event<'endpoint_test'> {
  return { type: 'endpoint_test', timestamp: iso(at), data: { endpoint, say: 'This is a test from Countersign. Nothing has happened.' } };
}

/** The JSON Schema of every event: `docs/events.schema.json`, and `/events.schema.json` of a server. */
export function eventsJsonSchema(): object {
  const [first, ...others] = EVENT_TYPES.map((type) => EVENTS[type]);
  if (!first) return {};
  // As input: a receiver that checks by it goes on when members are added.
  return { ...z.toJSONSchema(z.discriminatedUnion('type', [first, ...others]), { io: 'input' }), title: 'An event of Countersign' };
}
