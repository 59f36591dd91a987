import { consentSeenInCrm } from '#core/crm-consent';
import type { ConsentChannel } from '#core/consent';
import type { Fact } from '#core/fact';
import { entryOf, type Json, type JsonObject } from '#lib/json';
import type { Notice } from '#ports/inbound';
import { isOut, markIn } from './consent-mark.ts';
import { slug } from './consent-places.ts';
import { id18, isId } from './ids.ts';
import { moment } from './moment.ts';
import { textFrom } from './values.ts';

/** What `changes` calls a consent that it found; `decode` reads it again. */
export const CONSENT = 'reconcile.Consent';
type Row = Record<string, unknown>;

const CHANNELS: Record<string, ConsentChannel> = { Email: 'email', Phone: 'phone', MailingAddress: 'post' };
const notice = (account: string, key: string, at: number, payload: Json): Notice => ({ account, key: `sf|${account}|consent|${key}`, kind: CONSENT, at, payload });

/**
 * A record of consent that somebody made or changed, for each contact whose Individual it is about. What we wrote ourselves and nobody changed means nothing. An objection
 * counts from when it was saved: who edits an agreement into one leaves its date of capture as it was.
 */
export function pointNotices(account: string, row: Row, contacts: readonly string[]): Notice[] {
  const status = isOut(row.PrivacyConsentStatus) ? 'withdrawn' : row.PrivacyConsentStatus === 'OptIn' ? 'granted' : null;
  const channel = entryOf(CHANNELS, textFrom(row.ContactPointType));
  const saved = moment(row.SystemModstamp);
  if (status === null || channel === undefined || saved === null || !isId(row.Id) || markIn(row.CaptureSource, row.PrivacyConsentStatus) !== null) return [];
  const at = status === 'withdrawn' ? saved : (moment(row.CaptureDate) ?? saved);
  const purpose = textFrom((row.DataUsePurpose as Row | null | undefined)?.Name);
  const id = id18(row.Id);
  return contacts.map((contact) =>
    notice(account, `${id}|${status}|${saved}|${contact}`, at, {
      contact,
      status,
      channel,
      purpose: purpose === '' ? null : slug(purpose),
      object: 'ContactPointTypeConsent',
      record: id,
    }),
  );
}

/** An Individual who wants to hear of nothing at all. */
export function individualNotices(account: string, row: Row, contacts: readonly string[]): Notice[] {
  const saved = moment(row.SystemModstamp);
  if (saved === null || !isId(row.Id)) return [];
  const id = id18(row.Id);
  return contacts.map((contact) =>
    notice(account, `${id}|${saved}|${contact}`, saved, { contact, status: 'withdrawn', channel: null, purpose: null, object: 'Individual', record: id }),
  );
}

/**
 * A contact with the box Email Opt Out ticked. Heard once a contact, whenever it is first seen: nothing says when the box was ticked, and each later edit of the contact
 * would otherwise count as a new objection, even against what the person agreed to since.
 */
export function contactNotices(account: string, row: Row): Notice[] {
  const saved = moment(row.SystemModstamp);
  if (saved === null || !isId(row.Id)) return [];
  const contact = id18(row.Id);
  return [notice(account, `left-mail|${contact}`, saved, { contact, status: 'withdrawn', channel: 'email', purpose: null, object: 'Contact', record: contact })];
}

export function decodeConsent(payload: JsonObject, at: number): Fact[] {
  const { contact, status, purpose, object, record } = payload;
  if (!isId(contact) || (status !== 'withdrawn' && status !== 'granted')) return [];
  const channel = Object.values(CHANNELS).find((known) => known === payload.channel) ?? null;
  const evidence = { object: textFrom(object), record: textFrom(record) };
  return [consentSeenInCrm(id18(contact), at, { type: 'marketing', purpose: typeof purpose === 'string' ? purpose : null, channel }, status, evidence)];
}
