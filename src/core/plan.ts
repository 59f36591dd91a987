import type { ConsentNeed } from '#core/consent';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { EnvelopeId } from '#core/ids';
import type { PinnedConsent } from '#core/pinned-consent';
import type { FieldValue, RecordRef } from '#core/records';

/** What happens to an envelope that is out when its deal goes back to an earlier stage. */
export const BACKWARD_POLICIES = ['keep', 'void', 'ask'] as const;
export type BackwardPolicy = (typeof BACKWARD_POLICIES)[number];

export interface Policies {
  reminders: { afterDays: number; everyDays: number } | null;
  expiresAfterDays: number | null;
  backward: BackwardPolicy;
  /** How often an expired envelope is sent again by itself. */
  retries: number;
}
export interface PlannedRecipient {
  role: string;
  name: string;
  email: string;
  order: number;
  /** The CRM contact, where the recipient is one. */
  contact: string | null;
  /** Signs at once, at our side of the wire, and is mailed nothing. */
  embedded?: true;
}
export interface PlannedField {
  role: string;
  label: string;
  value: string;
}
/** Everything about an envelope before it exists. */
export interface SendPlan {
  rule: string;
  template: { id: string; name: string };
  subject: string;
  message: string;
  recipients: PlannedRecipient[];
  fields: PlannedField[];
  /** Checkboxes tied to wordings; absent where the rule asks for no consent. */
  consents?: PinnedConsent[];
  policies: Policies;
  /** First and last touch by name, as frozen at send; what the records do not tell is absent. */
  attribution: Record<string, string>;
}
/** Why something is not sent, in words for the person who can mend it. */
export interface Reason {
  code: string;
  say: string;
  /** Place in the mapping, such as `rules[0].recipients[1].from`. */
  path: string;
}
export type SendDecision = { send: true; plan: SendPlan } | { send: false; rule: string | null; reasons: Reason[] };

/** What write-back and journey expressions see of an envelope. Times are ISO 8601 texts. */
export interface EnvelopeView {
  /** Empty for a send that was blocked, and so is `url`. */
  id: EnvelopeId | '';
  deal: string;
  /** The CRM's id of the deal's company. */
  company: string | null;
  /** `blocked` while a send is refused: there is no envelope then. */
  status: EnvelopeStatus | 'blocked';
  rule: string;
  template: string;
  provider: string;
  /** Its page in the console. */
  url: string;
  requestedAt: string | null;
  sentAt: string | null;
  viewedAt: string | null;
  completedAt: string | null;
  closedAt: string | null;
  expiresAt: string | null;
  recipients: { role: string; order: number; status: RecipientStatus; contact: string | null; lead: string | null; signedAt: string | null }[];
  /** Roles whose turn it is. */
  waitingFor: string[];
  /** Why it was blocked, declined, voided or failed; an empty text otherwise. */
  reason: string;
  /** First and last touch as frozen at send. */
  attribution: Record<string, string>;
}
export interface PlannedWrite {
  record: RecordRef;
  set: Record<string, FieldValue>;
  /** Fields of `set` to write only while they are empty. */
  once: string[];
}
/** A file that is kept with a record. */
export interface PlannedAttachment {
  record: RecordRef;
}
/** What a journey rule runs for: a status just reached, a wait that is over in it, or a recipient whose mail came back. */
export type Moment = EnvelopeView['status'] | { waited: string; status: EnvelopeStatus } | { bounced: string };
/** A journey rule that runs later, if the envelope is still in the status by then. */
export interface PlannedWait {
  rule: string;
  afterMs: number;
}
export type PlannedStep = (
  | { kind: 'set'; contact: string; set: Record<string, FieldValue> }
  /** `in`: another account than the CRM, by its connector's id. */
  | { kind: 'list'; contact: string; list: string; status?: string; in?: string }
  | { kind: 'leave'; contact: string; list: string; in?: string }
  | { kind: 'event'; contact: string; event: string; data: Record<string, FieldValue>; in?: string }
  | { kind: 'task'; subject: string; body: string }
) & {
  /** The journey rule that asks for it. */
  rule: string;
  /** What the person must have agreed to before the step may reach them. `decide` enforces it. */
  consent: ConsentNeed;
};
