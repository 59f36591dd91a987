import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { Verdict } from '#core/brakes';
import type { ActStatus, ConsentHow, ConsentTopic, LegalBasis } from '#core/consent';
import type { CaptureId, ConsentTextId, EffectId, EnvelopeId, InstallId, PersonId } from '#core/ids';
import type { FieldValue, RecordRef, Snapshot } from '#core/records';

/** Who is behind a change in the CRM, as far as the vendor tells. `countersign` is our own write coming back. */
export type Source = 'person' | 'automation' | 'countersign' | 'unknown';

/** Why a deal is read: what shall be decided once it is known. */
export type ReadPurpose =
  /** It entered, left or may have entered a stage. `seenBy` tells a webhook from reconciliation, which counts as a gap found. */
  | StagePurpose
  /** It entered a stage and its send was held; somebody has decided what becomes of that. */
  | HeldPurpose
  /** A person pressed Send for signature. */
  | { kind: 'request'; request: SendRequest }
  /** An envelope expired and its rule lets it be sent again. */
  | { kind: 'retry'; envelope: EnvelopeId };

/** A purpose as the ledger keeps it: without the people that a request names. */
export type DealPurpose = StagePurpose | HeldPurpose | { kind: 'request'; key: string } | { kind: 'retry'; envelope: EnvelopeId };

/** `settled`: how often it has waited for others that entered with it. */
interface StagePurpose {
  kind: 'stage';
  seenBy: 'webhook' | 'reconcile';
  settled?: number;
}
/** `intent`: the entry that was held; the deal may have left since, or entered anew. */
interface HeldPurpose {
  kind: 'held';
  intent: string;
  verdict: Verdict;
  settled?: number;
}

export interface SendRequest {
  /** Made by the client; the same key is the same request, however often it is posted. */
  key: string;
  /** Rule to follow; the first rule that may be requested where absent. */
  rule?: string;
  /** Template to use instead of the rule's choice. */
  template?: string;
  /** Recipients by role, instead of the rule's. */
  recipients?: { role: string; name: string; email: string; contact?: string }[];
  /** Who is here and signs at once, by e-mail address; where no first signer has it, all is mailed. */
  embedded?: string;
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
  /** The time is over for which a journey rule waits after an envelope came to a status. */
  'envelope.waited': { envelope: EnvelopeId; status: EnvelopeStatus; rule: string; since: number };
  'person.erased': { contact: string };
  /** Somebody agreed, declined or withdrew. `person` is who, or `contact` of the account that told of it. */
  'consent.acted': { person: PersonId | null; contact: string | null; acts: ConsentGiven[] };
  /** Checkboxes of a signed envelope whose answer counts for nothing, because what was signed does not carry the wording that was sent. */
  'consent.refused': { envelope: EnvelopeId; refused: RefusedConsent[] };
  /** What the signers of an envelope ticked has been read, and every act among it is in the ledger by now. */
  'envelope.answered': { envelope: EnvelopeId; granted: number; declined: number; refused: number };
  /** Somebody filled in a capture page's form. What they wrote is sealed beside the post. */
  'lead.captured': { post: CaptureId; person: PersonId; page: string; version: number };
  /** A CRM has made or found the contact of somebody who filled in a form. `sign` is the rule that shall send to them, where the page says so. */
  'person.linked': { person: PersonId; install: InstallId; contact: string; deal: string | null; post: CaptureId; page: string; sign: string | null };
  'record.write-failed': { record: RecordRef; fields: string[]; code: string; say: string };
  /** A field that was written once, with what was frozen, says something else now. */
  'attribution.overwritten': { deal: string; envelope: EnvelopeId; record: RecordRef; field: string; frozen: FieldValue; found: FieldValue };
}
/** One consent act as it was captured; names no person. */
export interface ConsentGiven extends ConsentTopic {
  status: ActStatus;
  /** The wording that was shown; null where nobody can say. */
  text: { id: ConsentTextId; name: string; version: number; hash: string } | null;
  locale: string | null;
  jurisdiction: string | null;
  basis: LegalBasis;
  capturedAt: number;
  expiresAt: number | null;
  how: ConsentHow;
  /** Which page, account, file or key it came through. */
  source: string;
  envelope: EnvelopeId | null;
  /** SHA-256 of the signed document. */
  documentHash: string | null;
  /** What proves it, without naming anybody: the field's label, the method of identification, the line of a file. */
  evidence: Record<string, FieldValue>;
  evidenceUri: string | null;
}
/** Who acted, and how that is known. Sealed under the person's key. */
export interface ConsentIdentity {
  name: string | null;
  email: string | null;
  /** Such as `mail-link`, `signing-session`, `api-key`. */
  method: string;
  ip: string | null;
  userAgent: string | null;
}
/** Why an answer was not taken. Hashes alone, never what else stood in the field: a signer may have typed into it. */
export interface RefusedConsent {
  role: string;
  checkbox: string;
  /** The field that carries the hash. */
  field: string;
  text: string;
  /** The hash that was sent. */
  sent: string;
  /** The hash that was signed; null where there is none. */
  signed: string | null;
  why: 'hash-missing' | 'hash-differs' | 'wording-differs' | 'checkbox-missing' | 'another-signer' | 'no-person';
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
  /** In `deal.read` and `person.linked`: who shall sign. */
  request?: SendRequest;
  /** Words that a person wrote, such as the reason of a decline. */
  reason?: string;
  /** Who acted in `consent.acted`. */
  identity?: ConsentIdentity;
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
