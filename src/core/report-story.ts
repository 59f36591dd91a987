import { impliedByRecipients, isClosed, moveEnvelope, moveRecipient, type EnvelopeStatus, type RecipientStatus } from '#core/envelope';
import type { FactData } from '#core/fact';

/** How far an envelope came, as its facts tell it. */
export interface EnvelopeStory {
  status: EnvelopeStatus;
  /** When somebody first looked at it, milliseconds since the epoch. */
  viewedAt: number | null;
  /** How many have signed. */
  signed: number;
}
export interface StatusFact {
  at: number;
  data: FactData['envelope.status'];
}

/** Folds the facts of one envelope, in the order of the ledger. Told twice is told once. */
export function storyOf(facts: readonly StatusFact[]): EnvelopeStory {
  const recipients = new Map<string, RecipientStatus>();
  let status: EnvelopeStatus = 'requested';
  let viewedAt: number | null = null;
  for (const { at, data } of facts) {
    for (const { role, remote, status: heard } of data.recipients) {
      const key = role ?? remote;
      recipients.set(key, moveRecipient(recipients.get(key) ?? 'waiting', heard));
    }
    status = moveEnvelope(status, data.status);
    if (status !== 'requested' && !isClosed(status)) status = moveEnvelope(status, impliedByRecipients([...recipients.values()]));
    viewedAt = data.times?.viewed ?? viewedAt ?? (VIEWED.has(status) ? at : null);
  }
  return { status, viewedAt, signed: [...recipients.values()].filter((one) => one === 'signed').length };
}

const VIEWED: ReadonlySet<EnvelopeStatus> = new Set(['viewed', 'partially_signed', 'completed']);

/** Where a journey stands that has not come to its end, and whether it still may. */
export const STOPS = ['not-viewed', 'not-signed', 'partly-signed'] as const;
export type Stop = (typeof STOPS)[number];
export const ENDINGS = ['open', 'declined', 'ended'] as const;
/** `ended`: it expired or was voided. */
export type Ending = (typeof ENDINGS)[number];

export function stopOf({ status, viewedAt, signed }: EnvelopeStory): { stop: Stop; ending: Ending } | null {
  if (status === 'completed') return null;
  const ending: Ending = status === 'declined' ? 'declined' : isClosed(status) ? 'ended' : 'open';
  return { stop: signed > 0 ? 'partly-signed' : viewedAt !== null || status === 'declined' ? 'not-signed' : 'not-viewed', ending };
}
