import type { Fact, Source } from '#core/fact';
import { Problem } from '#core/problem';
import { sha256 } from '#lib/hmac';
import { canonicalJson, entryOf, isObject, type Json, type JsonObject } from '#lib/json';
import type { Inbound, Notice, RawDelivery } from '#ports/inbound';
import { decodeContact, RECONCILE_CONTACT } from './consent-notice.ts';
import { verifySignature } from './signature.ts';

/** What `changes` calls a deal that it found; `decode` reads it like a webhook. */
export const RECONCILE_DEAL = 'reconcile.deal';

/** Fields that tell one event from another. Never `eventId`, which HubSpot does not promise to be unique, nor `attemptNumber`. */
const IDENTITY = [
  'portalId',
  'subscriptionId',
  'subscriptionType',
  'objectTypeId',
  'objectId',
  'propertyName',
  'propertyValue',
  'changeFlag',
  'fromObjectId',
  'toObjectId',
  'associationType',
  'associationRemoved',
  'primaryObjectId',
  'newObjectId',
  'occurredAt',
];
const LONGEST_PART = 120;
/** HubSpot puts no more into one delivery. */
const MOST_EVENTS = 100;

export const inbound: Inbound = { verify: verifySignature, split, decode };

/** An array of up to 100 events, of any types and several portals. One that lacks what we need, or is no event at all, still becomes a notice, so that it cannot take the others down. */
function split(delivery: RawDelivery): Notice[] {
  const events = parse(delivery.body);
  if (!Array.isArray(events)) throw new Problem('delivery.malformed', { say: 'The body is not a list of events.' });
  if (events.length > MOST_EVENTS)
    throw new Problem('delivery.malformed', { say: `The body holds ${events.length} events, more than the ${MOST_EVENTS} that HubSpot sends at once.` });
  return (events as Json[]).map(noticeOf);
}

function noticeOf(event: Json): Notice {
  const { portalId, subscriptionType, occurredAt } = isObject(event) ? event : {};
  return {
    account: idText(portalId),
    key: keyOf(event),
    kind: typeof subscriptionType === 'string' ? subscriptionType : 'unknown',
    at: typeof occurredAt === 'number' ? occurredAt : 0,
    payload: event,
  };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new Problem('delivery.malformed', { say: 'The body is not JSON.', cause });
  }
}

/** @throws Problem `delivery.malformed` for an event that is nested beyond what can be read */
function keyOf(event: Json): string {
  try {
    return isObject(event) ? identityOf(event) : oddKey(event);
  } catch (cause) {
    throw new Problem('delivery.malformed', { say: 'An event is nested too deeply.', cause });
  }
}

/** Readable and without hash, save for a value too long to be one: `hs:1:deal.propertyChange:…:dealstage:contractsent:1760000000000`. */
function identityOf(event: JsonObject): string {
  if (typeof event.occurredAt !== 'number' || event.objectId === undefined) {
    const { eventId: _id, attemptNumber: _attempt, ...rest } = event;
    return oddKey(rest);
  }
  const parts = IDENTITY.filter((name) => event[name] !== undefined).map((name) => {
    // Half a surrogate pair has no escape.
    const text = encodeURIComponent(textOf(event[name]).replace(/\p{Cs}/gu, '\ufffd'));
    return text.length > LONGEST_PART ? sha256(text) : text;
  });
  return `hs:${parts.join(':')}`;
}

const oddKey = (event: Json): string => `hs:odd:${sha256(canonicalJson(event))}`;

function decode(notice: Notice, own: { appId: string }): Fact[] {
  const { payload: event, at } = notice;
  if (!isObject(event)) return [];
  const source = sourceOf(event, own.appId);
  switch (withType(notice.kind, event)) {
    case RECONCILE_DEAL:
      return [{ type: 'deal.stage-changed', at, data: { deal: recordOf(event), stage: typeof event.stage === 'string' ? event.stage : null, source, seenBy: 'reconcile' } }];
    case 'deal.propertyChange':
      if (event.propertyName !== 'dealstage') return [];
      return [{ type: 'deal.stage-changed', at, data: { deal: recordOf(event), stage: stageOf(event), source, seenBy: 'webhook' } }];
    case 'deal.deletion':
      return [{ type: 'deal.deleted', at, data: { deal: recordOf(event) } }];
    case RECONCILE_CONTACT:
    case 'contact.propertyChange':
      return decodeContact(recordOf(event), event, at, source);
    case 'contact.privacyDeletion':
      return [{ type: 'person.erased', at, data: { contact: recordOf(event) } }];
    default:
      return [];
  }
}

/** @throws Problem `delivery.malformed`: an event that we act on tells nothing without its record. */
function recordOf(event: JsonObject): string {
  const id = idText(event.objectId);
  if (id === null) throw new Problem('delivery.malformed', { say: 'The event names no record.', facts: { field: 'objectId' } });
  return id;
}

/** Types of records that we hear of, as projects' apps get them. */
const TYPES: Record<string, string> = { '0-1': 'contact', '0-3': 'deal' };

/** Apps built as projects subscribe to `object.*` and get the type as `0-3`; older ones get `deal.*`. Both are one event. */
function withType(kind: string, event: JsonObject): string {
  if (!kind.startsWith('object.')) return kind;
  return `${entryOf(TYPES, idText(event.objectTypeId) ?? '') ?? 'object'}${kind.slice('object'.length)}`;
}

function stageOf(event: JsonObject): string | null {
  return typeof event.propertyValue === 'string' && event.propertyValue !== '' ? event.propertyValue : null;
}

/** `changeSource` is an open set. Writes by an app carry the app's id in `sourceId` [mem]. */
function sourceOf(event: JsonObject, appId: string): Source {
  const source = typeof event.changeSource === 'string' ? event.changeSource : '';
  const by = idText(event.sourceId)?.split(':').at(-1);
  if (source === 'API' || source === 'INTEGRATION' || source === 'INTEGRATIONS_PLATFORM') return appId !== '' && by === appId ? 'countersign' : 'automation';
  if (source.startsWith('CRM_UI') || source === 'CRM' || source.startsWith('MOBILE')) return 'person';
  if (source.startsWith('AUTOMATION') || source === 'WORKFLOWS' || source === 'IMPORT' || source === 'CALCULATED') return 'automation';
  return 'unknown';
}

function idText(value: Json | undefined): string | null {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? String(value) : null;
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : canonicalJson(value));
