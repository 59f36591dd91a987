import type { Brake, Ceiling, HoldCause } from '#core/brakes';
import type { Effect } from '#core/effect';
import type { ConsentAct } from '#core/consent';
import type { ConsentGiven, SendRequest } from '#core/fact';
import type { ConsentId, EnvelopeId, InstallId, PersonId, RecipientId, StopId } from '#core/ids';
import type { EnvelopeStatus } from '#core/envelope';
import type { ConsentView, ViewedAct } from '#core/mapping/consent-language';
import type { ShownText } from '#core/pinned-consent';
import type { EnvelopeView, Moment, PlannedAttachment, PlannedStep, PlannedWait, PlannedWrite, Reason, SendDecision, SendPlan } from '#core/plan';
import type { CrmSchema, FieldValue, Snapshot } from '#core/records';
import type { EnvelopeChange, EnvelopeState, RecipientChange } from '#core/state';

/** What started a send. */
export type Trigger = { kind: 'stage' } | { kind: 'request'; request: SendRequest };

/** A tenant's mappings, compiled: the active ones, or those to which an envelope is pinned. */
export interface Rules {
  /** Whether some rule starts at a stage; `pipeline` is null where only the stage is known. */
  startsAt(pipeline: string | null, stage: string): boolean;
  /** The rule that would start at a stage if that had not been renamed since, and what to say of it. */
  renamed(pipeline: string | null, stage: string): { rule: string; reason: Reason } | null;
  /** `touched`: first and last touch as our own ledger knows them, by name, where the CRM says nothing of them. */
  plan(snapshot: Snapshot, trigger: Trigger, touched?: Readonly<Record<string, string>>, texts?: readonly ShownText[]): SendDecision;
  /** What a rule says of its ceiling, and what makes it start. */
  brake(rule: string): { ceiling: Partial<Ceiling>; start: string };
  /** Names of the consent texts that some rule puts into an envelope. */
  texts(): readonly string[];
  /** Reasons why a write-back would surely fail on this account. */
  preflight(): Reason[];
  writes(view: EnvelopeView): PlannedWrite[];
  /** Whether a write-once field that somebody overwrote is set back to what was frozen. */
  restores(): boolean;
  /** Fields that an act of consent sets on a contact of whoever acted. @throws Problem `mapping.failed` */
  consentWrites(view: ConsentView): Record<string, FieldValue>;
  attachments(view: EnvelopeView): PlannedAttachment[];
  steps(view: EnvelopeView, moment: Moment): PlannedStep[];
  /** Journey rules that wait in this status before they run. */
  waits(status: EnvelopeStatus): PlannedWait[];
}

/** An account as `decide` sees it. */
export interface InstallState {
  id: InstallId;
  name: string;
  usable: boolean;
  /** Test and cloned accounts send to live people only when told so. */
  maySend: boolean;
  /** False where the provider does not tell what signers ticked; asked of e-sign accounts alone. */
  answers?: boolean;
}

/** Everything that a decision may rest on. */
export interface Situation {
  now: number;
  /** What the fact came with: equal causes are one, so that deciding again gives equal effects. */
  cause: string;
  /** How long background writes wait for others to the same record, milliseconds. */
  coalesceMs: number;
  crm: InstallState;
  sign: InstallState | null;
  rules: Rules;
  schema: CrmSchema | null;
  /** Whether what the accounts have was read at all; before that nothing can be decided on a deal. */
  grounded: boolean;
  /** The envelope that the fact is about. */
  envelope: EnvelopeState | null;
  /** Whether a later envelope of the same deal is out or completed: then the deal tells of that one. */
  overtaken: boolean;
  /** Envelopes of the deal that are not final. */
  open: EnvelopeState[];
  /** Whether a write of ours put the deal where it now stands: that starts nothing. */
  ownEntry: boolean;
  /** First and last touch of those who would sign first, as our own ledger knows them, by name. */
  touched: Readonly<Record<string, string>>;
  /** What keeps the rule back that would send now; null where the fact can send nothing. */
  brake: Brake | null;
  /** Whether an envelope with this intent was ever made. */
  intentKnown(intent: string): boolean;
  /** The id that a new envelope will have, and its page. */
  fresh: { id: EnvelopeId; url: string };
  /** Connected accounts that journeys can be told through beside the CRM, by the id of their connector. */
  targets: ReadonlyMap<string, InstallId>;
  provider: string;
  /** What the envelope's people agreed to, by the CRM's id of the contact. */
  consents: ReadonlyMap<string, readonly ConsentAct[]>;
  /** Whom `consent.acted` or `person.linked` is about; null where nobody here is known by that contact. */
  person: PersonState | null;
  /** The workflow that waits for what becomes of the send that the fact is about; null where none does. */
  callback: string | null;
}

/** A person as `decide` sees them: no name, no address. */
export interface PersonState {
  id: PersonId;
  /** Nobody knew them until now but this account, by this contact. */
  stranger?: { install: InstallId; contact: string };
  /** Every act in the ledger. */
  acts: readonly (ConsentAct & ViewedAct & { id: ConsentId; source: string; textHash: string | null })[];
  /** Accounts that keep consent and know the person, with their id of the contact. */
  known: readonly { install: InstallId; contact: string }[];
  /** CRMs that know the person, with the fields that an act sets there. */
  records: readonly { install: InstallId; contact: string; writes: Rules['consentWrites'] }[];
  /** Where the proof of an act lies. */
  page(consent: ConsentId): string;
}

export interface NewEnvelope {
  id: EnvelopeId;
  intent: string;
  plan: SendPlan;
  deal: { id: string; name: string; owner: string | null; company: string | null };
  /** Open leads of recipients, by role. */
  leads: Record<string, string>;
  pipeline: string;
  stage: string;
  attempt: number;
}

export interface NewHold {
  cause: HoldCause;
  stop: StopId | null;
  rule: string;
  intent: string;
  deal: { id: string; name: string };
  stage: string;
  /** What made it, in words. */
  say: string;
}

/** Next state, and what should follow. Pure: equal facts in equal situations give equal decisions. */
export interface Decision {
  outcome: 'moved' | 'noted';
  /** Plain words for the timeline. They enter the ledger, so they name no person. */
  why: string;
  effects: Effect[];
  create?: NewEnvelope;
  /** A send that waits for a person, instead of an envelope. */
  hold?: NewHold;
  /** The rule that would send for a deal which waits until its crowd is known. */
  settling?: string;
  changes: { envelope: EnvelopeId; set: EnvelopeChange; recipients: Map<RecipientId, RecipientChange> }[];
  /** Something that the tenant must hear of, though the state moved on: a mapping that failed. */
  alarm?: string;
  /** A signed form without the wording that was sent: the tenant must hear of it. */
  wordingDiffers?: { envelope: EnvelopeId; say: string };
  /** Acts that enter the consent ledger. */
  consents?: { person: PersonId; acts: { id: ConsentId; act: ConsentGiven }[]; introduced?: { install: InstallId; contact: string } };
  /** A CRM contact whose personal data goes. */
  erase?: string;
}

export const noted = (why: string): Decision => ({ outcome: 'noted', why, effects: [], changes: [] });
export const moved = (why: string, effects: Effect[]): Decision => ({ outcome: 'moved', why, effects, changes: [] });
