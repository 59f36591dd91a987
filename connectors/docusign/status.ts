import { impliedByRecipients, type EnvelopeStatus, type RecipientStatus } from '#core/envelope';
import type { RecipientHeard } from '#core/fact';
import type { EnvelopeId } from '#core/ids';
import { entryOf } from '#lib/json';
import { instant, PASSIVE_KINDS, SIGNING_KINDS, type WireEnvelope, type WireRecipient } from './wire.ts';

/** The envelope custom field that carries our id. */
export const CORRELATION_FIELD = 'countersign_envelope';

/** Our id on the vendor's envelope: the custom field, which stays, or the transaction id, which the vendor knows for seven days. */
export function correlationOf(envelope: WireEnvelope): EnvelopeId | null {
  const field = envelope.customFields?.textCustomFields.find(({ name }) => name === CORRELATION_FIELD)?.value;
  return ownId(field) ?? ownId(envelope.transactionId);
}
const ownId = (text: string | undefined): EnvelopeId | null => (text && /^env_\w+$/.test(text) ? (text as EnvelopeId) : null);

/** What the vendor's envelope status means; null for a status that is not known. Statuses differ in case between messages. */
export function statusOf(envelope: WireEnvelope): EnvelopeStatus | 'draft' | null {
  switch (envelope.status?.toLowerCase()) {
    case 'created':
    case 'processing':
      return 'draft';
    case 'sent':
    case 'correct':
      return impliedByRecipients(recipientsOf(envelope).map(({ status }) => status));
    // Everybody has looked. The vendor has no status of its own for "some have signed", nor do we take `signed`, which precedes `completed`, for the end.
    case 'delivered':
      return recipientsOf(envelope).some(({ status }) => status === 'signed') ? 'partially_signed' : 'viewed';
    case 'signed':
      return 'partially_signed';
    case 'completed':
      return 'completed';
    case 'declined':
      return 'declined';
    case 'voided':
      return expired(envelope) ? 'expired' : 'voided';
    case 'deleted':
      return 'voided';
    case 'timedout':
      return 'expired';
    default:
      return null;
  }
}

/**
 * Whether a void was the vendor's own, because the time was over. Expiry has no status: the envelope is voided with the reason "Envelope has expired."
 * (the vendor's support pages [T]; not seen in other languages). Where the API tells when it was to expire, a void at or after that time is an expiry too [K].
 */
function expired(envelope: WireEnvelope): boolean {
  if (/^\s*envelope has expired\b/i.test(envelope.voidedReason ?? '')) return true;
  const due = instant(envelope.expireDateTime);
  const voided = instant(envelope.voidedDateTime);
  return due !== null && voided !== null && voided >= due;
}

const RECIPIENT_STATUS: Record<string, RecipientStatus> = {
  created: 'waiting',
  sent: 'sent',
  faxpending: 'sent',
  delivered: 'viewed',
  signed: 'signed',
  completed: 'signed',
  declined: 'declined',
  autoresponded: 'bounced',
};

/** Everyone on the envelope. Those who do not sign never count as having signed: "completed" says of a copy that it was mailed. */
export function recipientsOf(envelope: WireEnvelope): RecipientHeard[] {
  const lists = envelope.recipients;
  if (!lists) return [];
  const signing = SIGNING_KINDS.flatMap((kind) => lists[kind].map((one) => heard(one)));
  const passive = PASSIVE_KINDS.flatMap((kind) => lists[kind].map((one) => heard(one, 'sent')));
  return [...signing, ...passive];
}

function heard(recipient: WireRecipient, insteadOfSigned: RecipientStatus = 'signed'): RecipientHeard {
  const known = entryOf(RECIPIENT_STATUS, recipient.status?.toLowerCase() ?? '') ?? 'waiting';
  const times: Record<RecipientStatus, string | undefined> = {
    waiting: undefined,
    sent: recipient.sentDateTime,
    bounced: recipient.sentDateTime,
    viewed: recipient.deliveredDateTime,
    signed: recipient.signedDateTime,
    declined: recipient.declinedDateTime,
  };
  const status = known === 'signed' ? insteadOfSigned : known;
  return { role: recipient.roleName || null, remote: recipient.recipientId ?? '', status, at: instant(times[status]) };
}

/** Words that a person wrote about the end of the envelope, if any. */
export function reasonOf(envelope: WireEnvelope): string | null {
  const status = statusOf(envelope);
  if (status === 'voided') return envelope.voidedReason || null;
  if (status !== 'declined' || !envelope.recipients) return null;
  const lists = envelope.recipients;
  const decliner = [...SIGNING_KINDS, ...PASSIVE_KINDS].flatMap((kind) => lists[kind]).find((one) => one.declinedReason);
  return decliner?.declinedReason ?? null;
}

/** When the envelope went out and when the first signer opened it: every message carries both, so they hold whatever order messages come in. */
export function timesOf(envelope: WireEnvelope): { sent: number | null; viewed: number | null } {
  const lists = envelope.recipients;
  const opened = SIGNING_KINDS.flatMap((kind) => lists?.[kind] ?? []).flatMap((one) => instant(one.deliveredDateTime) ?? []);
  return { sent: instant(envelope.sentDateTime), viewed: opened.length > 0 ? Math.min(...opened) : null };
}
