import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { EffectId, EnvelopeId } from '#core/ids';
import type { RecordRef, Snapshot } from '#core/records';

/** Who is behind a change in the CRM, as far as the vendor tells. `countersign` is our own write coming back. */
export type Source = 'person' | 'automation' | 'countersign' | 'unknown';

/** Why a deal is read: what shall be decided once it is known. */
export type ReadPurpose =
  /** It entered, left or may have entered a stage. `seenBy` tells a webhook from reconciliation, which counts as a gap found. */
  | { kind: 'stage'; seenBy: 'webhook' | 'reconcile' }
  /** A person pressed Send for signature. */
  | { kind: 'request'; request: SendRequest }
  /** An envelope expired and its rule lets it be sent again. */
  | { kind: 'retry'; envelope: EnvelopeId };

/** A purpose as the ledger keeps it: without the people that a request names. */
export type DealPurpose = { kind: 'stage'; seenBy: 'webhook' | 'reconcile' } | { kind: 'request'; key: string } | { kind: 'retry'; envelope: EnvelopeId };

export interface SendRequest {
  /** Made by the client; the same key is the same request, however often it is posted. */
  key: string;
  /** Rule to follow; the first rule that may be requested where absent. */
  rule?: string;
  /** Template to use instead of the rule's choice. */
  template?: string;
  /** Recipients by role, instead of the rule's. */
  recipients?: { role: string; name: string; email: string; contact?: string }[];
  /** Who asked, as the console or the CRM names them. */
  by: string;
}

/**
 * What a notice means, in our words. `data` enters the append-only ledger and names no person; what does
 * (names, addresses, a reason in someone's words) travels in `personal` and is kept apart.
 */
export interface FactData {
  'deal.stage-changed': { deal: string; stage: string | null; source: Source; seenBy: 'webhook' | 'reconcile' };
  'deal.deleted': { deal: string };
  'deal.read': { deal: string; stage: string; pipeline: string; enteredAt: number | null; purpose: DealPurpose; effect: EffectId };
  'deal.read-failed': { deal: string; code: string; effect: EffectId };
  'send.requested': { deal: string; key: string };
  'envelope.status': {
    /** The provider's id; null where nothing was made there. */
    remote: string | null;
    /** Our id, where the provider gave our correlation key back. */
    envelope: EnvelopeId | null;
    status: EnvelopeStatus;
    seenBy: 'webhook' | 'reconcile' | 'call';
    recipients: RecipientHeard[];
    /** When it was sent and first viewed, where the provider says so with every message: then the order of messages does not matter. */
    times?: { sent: number | null; viewed: number | null };
  };
  'envelope.create-failed': { envelope: EnvelopeId; code: string; say: string };
  'envelope.void-requested': { envelope: EnvelopeId; by: string };
  'envelope.remind-requested': { envelope: EnvelopeId; by: string };
  'person.erased': { contact: string };
  'record.write-failed': { record: RecordRef; fields: string[]; code: string; say: string };
}
export interface RecipientHeard {
  /** Our role name; matched with the provider's order where it has no role. */
  role: string | null;
  /** The provider's recipient id. */
  remote: string;
  status: RecipientStatus;
  at: number | null;
}

export type FactType = keyof FactData;
export interface Personal {
  snapshot?: Snapshot;
  request?: SendRequest;
  /** Words that a person wrote, such as the reason of a decline. */
  reason?: string;
}
export type Fact<Type extends FactType = FactType> = {
  [T in Type]: {
    type: T;
    /** The vendor's time of the event, milliseconds since the epoch. */
    at: number;
    data: FactData[T];
    personal?: Personal;
  };
}[Type];
