import type { Fact, Source } from '#core/fact';
import { Problem } from '#core/problem';
import { isObject, type Json, type JsonObject } from '#lib/json';
import type { Inbound, Notice, RawDelivery, Verdict } from '#ports/inbound';
import { CLIENT } from './client.ts';
import { CONSENT, decodeConsent } from './consent-notice.ts';
import { id18, isId } from './ids.ts';
import { manifest } from './manifest.ts';
import { moment } from './moment.ts';
import { readOutboundMessage, type Notification } from './outbound-message.ts';

/** Kinds of the notices that `changes` makes, that come as Outbound Messages, and that the Pub/Sub API streams. */
export const RECONCILED = 'reconcile.Opportunity';
const OUTBOUND = 'outbound.Opportunity';
const CHANGED = 'change.Opportunity';

/** Addresses end in 24 random bytes, 32 letters. Whatever is shorter was guessed or typed. */
const SECRET_PATH = /\/[\w-]{24,200}$/;
const XML = /^(?:text|application)\/(?:soap\+)?xml\b/i;
/** The org stands before the records, of which there may be a hundred. */
const HEAD_BYTES = 16_384;
const ORG = /<(?:[\w-]{1,40}:)?OrganizationId\s*>\s*([A-Za-z0-9]{15,18})\s*</;

export const inbound: Inbound = { verify, split, decode };

/**
 * Outbound Messages are not signed. The address is the secret, one an org, and the caller sees to it that the org in the body is the one whose address it is.
 * What comes is a hint all the same: the deal is read again before anything is done.
 */
function verify(delivery: RawDelivery): Verdict {
  const { method, url, headers, body } = delivery;
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  if (method !== 'POST' || !SECRET_PATH.test(path) || body.length === 0 || !XML.test(headers['content-type'] ?? '')) return { ok: false, reason: 'missing' };
  const [, org] = ORG.exec(new TextDecoder().decode(body.subarray(0, HEAD_BYTES))) ?? [];
  return isId(org) ? { ok: true } : { ok: false, reason: 'mismatch' };
}

function split(delivery: RawDelivery): Notice[] {
  if (delivery.body.length > (manifest.webhook?.maxBytes ?? 0)) throw new Problem('delivery.malformed', { say: 'The body is longer than an Outbound Message may be.' });
  const { org, notifications } = readOutboundMessage(delivery.body);
  if (!isId(org)) throw new Problem('delivery.malformed', { say: 'The Outbound Message names an org by what is no id.' });
  return notifications.map((notification) => noticeOf(id18(org), notification));
}

/** The notification's id stays when Salesforce sends it again, up to 24 hours later and with the record's data of then. */
function noticeOf(account: string, { id, type, fields }: Notification): Notice {
  const record = fields.get('Id');
  if (!isId(id) || !isId(record)) throw new Problem('delivery.malformed', { say: 'The Outbound Message names a notification or a record by what is no id.' });
  const stage = fields.get('StageName') || null;
  // A message has no time of its own. The entry into the stage is the best, for the same entry found by polling then leads to the same reading of the deal.
  const at = moment(fields.get('LastStageChangeDate')) ?? moment(fields.get('SystemModstamp')) ?? moment(fields.get('LastModifiedDate')) ?? 0;
  return { account, key: `om|${id18(id)}`, kind: `outbound.${type}`, at, payload: { id: id18(record), stage } };
}

function decode(notice: Notice): Fact[] {
  const { payload, at } = notice;
  if (!isObject(payload)) return [];
  switch (notice.kind) {
    case RECONCILED:
      return idsOf([payload.id]).map((deal) => (payload.deleted === true ? deleted(deal, at) : staged(deal, payload, at, 'unknown', 'reconcile')));
    case CONSENT:
      return decodeConsent(payload, at);
    case OUTBOUND:
      return idsOf([payload.id]).map((deal) => staged(deal, payload, at, 'unknown', 'webhook'));
    case CHANGED:
      return decodeChange(payload, at);
    default:
      return [];
  }
}

/** One event may tell of several deals that one transaction changed alike. Those that name none (wildcards, overflow) are left to reconciliation. */
function decodeChange(event: JsonObject, at: number): Fact[] {
  const deals = idsOf(Array.isArray(event.ids) ? event.ids : []);
  const source = sourceOf(event.origin);
  switch (event.changeType) {
    case 'UPDATE':
      // An update carries what it changed and nothing else.
      return event.stage === undefined ? [] : deals.map((deal) => staged(deal, event, at, source, 'webhook'));
    case 'CREATE':
    case 'UNDELETE':
      return deals.map((deal) => staged(deal, event, at, source, 'webhook'));
    case 'DELETE':
      return deals.map((deal) => deleted(deal, at));
    case 'GAP_CREATE':
    case 'GAP_UPDATE':
    case 'GAP_DELETE':
    case 'GAP_UNDELETE':
    case 'GAP_OVERFLOW':
      // Something changed, and the event could not be made: the deal is read again, whatever it was.
      return deals.map((deal) => staged(deal, {}, at, 'unknown', 'webhook'));
    default:
      return [];
  }
}

function staged(deal: string, { stage }: JsonObject, at: number, source: Source, seenBy: 'webhook' | 'reconcile'): Fact {
  return { type: 'deal.stage-changed', at, data: { deal, stage: typeof stage === 'string' && stage !== '' ? stage : null, source, seenBy } };
}

const deleted = (deal: string, at: number): Fact => ({ type: 'deal.deleted', at, data: { deal } });

const idsOf = (ids: (Json | undefined)[]): string[] => [...new Set(ids.filter(isId).map(id18))];

/**
 * `com/salesforce/api/rest/67.0;client=countersign` is a write of ours coming back; Salesforce's own pages name themselves [mem]. Of any other client,
 * the origin does not tell whether a person or a program is behind it.
 */
function sourceOf(origin: Json | undefined): Source {
  const parts = typeof origin === 'string' ? origin.split(';') : [];
  if (parts.includes(`client=${CLIENT}`)) return 'countersign';
  return parts.some((part) => /^client=SfdcInternalAPI\/?$/.test(part)) ? 'person' : 'unknown';
}
