/**
 * Ranks of the envelope lattice: a fact of a lower or equal rank than the present state is noted and moves nothing.
 * `failed` is our word for what the provider did not take; should the provider have taken it all the same, its word lifts ours.
 */
export const ENVELOPE_RANK = {
  requested: 0,
  failed: 1,
  sent: 2,
  viewed: 3,
  partially_signed: 4,
  completed: 9,
  declined: 9,
  voided: 9,
  expired: 9,
} as const;
export type EnvelopeStatus = keyof typeof ENVELOPE_RANK;
export const ENVELOPE_STATUSES = Object.keys(ENVELOPE_RANK) as EnvelopeStatus[];
/** A status as a sentence names it. */
export const statusWords = (status: EnvelopeStatus | 'blocked'): string => (status === 'partially_signed' ? 'partially signed' : status);

/** Ranks of the recipient lattice. `bounced` is left when the recipient is corrected and mail goes out again. */
export const RECIPIENT_RANK = { waiting: 0, sent: 1, bounced: 2, viewed: 3, signed: 9, declined: 9 } as const;
export type RecipientStatus = keyof typeof RECIPIENT_RANK;
export const RECIPIENT_STATUSES = Object.keys(RECIPIENT_RANK) as RecipientStatus[];

const FINAL = 9;
/** The provider's last word: it stays. */
export const isFinal = (status: EnvelopeStatus): boolean => ENVELOPE_RANK[status] === FINAL;
/** Nothing more is expected of it. */
export const isClosed = (status: EnvelopeStatus): boolean => isFinal(status) || status === 'failed';
export const isSettled = (status: RecipientStatus): boolean => RECIPIENT_RANK[status] === FINAL;

/** The state after hearing `heard`: the higher of both, and whatever is final stays. Commutes up to which final state is heard first. */
export function moveEnvelope(now: EnvelopeStatus, heard: EnvelopeStatus): EnvelopeStatus {
  return ENVELOPE_RANK[heard] > ENVELOPE_RANK[now] ? heard : now;
}

export function moveRecipient(now: RecipientStatus, heard: RecipientStatus): RecipientStatus {
  return RECIPIENT_RANK[heard] > RECIPIENT_RANK[now] ? heard : now;
}

/** What the recipients' states alone say about an envelope that is out: someone looked, someone signed. Never final: only the provider says that. */
export function impliedByRecipients(recipients: readonly RecipientStatus[]): EnvelopeStatus {
  if (recipients.includes('signed')) return 'partially_signed';
  if (recipients.includes('viewed')) return 'viewed';
  return 'sent';
}
