import type { ActStatus, ConsentNeed, ConsentTopic } from '#core/consent';
import type { EnvelopeStatus } from '#core/envelope';
import type { CaptureId, ConsentId, EnvelopeId, InstallId, PersonId } from '#core/ids';
import type { FieldValue, RecordRef } from '#core/records';
import type { ReadPurpose } from '#core/fact';

/** Something that we shall do to somebody. What each kind needs to be performed; names no person. */
export interface EffectData {
  'deal.read': { deal: string; purpose: ReadPurpose };
  'envelope.create': { envelope: EnvelopeId };
  'envelope.void': { envelope: EnvelopeId; reason: string };
  'envelope.remind': { envelope: EnvelopeId };
  /** Asks nobody anything: it is due when an envelope has stood in a status for as long as a journey rule waits. `since` is when it got there. */
  'envelope.wait': { envelope: EnvelopeId; status: EnvelopeStatus; rule: string; since: number };
  /** `once` names fields that are written only while they are empty. */
  'record.write': { record: RecordRef; set: Record<string, FieldValue>; once?: string[] };
  'task.create': { deal: string; owner: string | null; subject: string; body: string };
  /** Adds a person to a list, by the list's name; the list is made if the account lacks it. `status` is the member's, where lists have one. */
  'journey.join': { contact: string; list: string; status?: string; consent?: ConsentNeed };
  /** Takes a person off a list, by the list's name. Nobody's consent is needed for that. */
  'journey.leave': { contact: string; list: string };
  /** Lets a workflow that waits for a send go on, with what became of it. `reason` names no person. */
  'journey.complete': { callback: string; outcome: SendOutcome; envelope: EnvelopeId | null; reason: string };
  /** Tells a journey of something that a person did. `consent` is asked for again when it is done: it may be withdrawn by then. */
  'journey.emit': { contact: string; event: string; data: Record<string, FieldValue>; consent?: ConsentNeed };
  /** Tells a system of a consent act that is in the ledger. `dueAt`: until when it should know. */
  'consent.tell': { contact: string; person: PersonId; consent: ConsentId; topic: ConsentTopic; status: ActStatus; dueAt: number };
  /** Reads from the provider what the signers of a completed envelope ticked, and the hash of what they signed. */
  'answers.read': { envelope: EnvelopeId };
  /** Makes or finds the contact of somebody who filled in a form, and the deal where the page asks for one. */
  'contact.intake': { post: CaptureId; person: PersonId; page: string };
  /** Keeps the signed document with a record. */
  'document.attach': { record: RecordRef; envelope: EnvelopeId };
}
export type EffectKind = keyof EffectData;

/** What became of a send that a workflow waits for: the envelope's end, or that there is none. */
export type SendOutcome = 'completed' | 'declined' | 'voided' | 'expired' | 'failed' | 'blocked';

/** People's clicks go first. Lower runs earlier (Bottleneck's order). */
export const PRIORITY = { click: 2, event: 5, background: 8 } as const;

export type Effect<Kind extends EffectKind = EffectKind> = {
  [K in Kind]: {
    kind: K;
    /** Equal keys are one effect for ever, per tenant. Derived from what caused it, never from chance. */
    key: string;
    install: InstallId;
    data: EffectData[K];
    priority: number;
    /** Earliest time to run, milliseconds since the epoch: the coalescing window. */
    notBefore: number;
    envelope: EnvelopeId | null;
    /** Why, in plain words, for the timeline. */
    why: string;
  };
}[Kind];
