import type { Effect } from '#core/effect';
import type { SendRequest } from '#core/fact';
import type { EnvelopeId, InstallId, RecipientId } from '#core/ids';
import type { EnvelopeStatus } from '#core/envelope';
import type { EnvelopeView, PlannedStep, PlannedWrite, Reason, SendDecision, SendPlan } from '#core/plan';
import type { CrmSchema, Snapshot } from '#core/records';
import type { EnvelopeChange, EnvelopeState, RecipientChange } from '#core/state';

/** What started a send. */
export type Trigger = { kind: 'stage' } | { kind: 'request'; request: SendRequest };

/** A tenant's mappings, compiled: the active ones, or those to which an envelope is pinned. */
export interface Rules {
  /** Whether some rule starts at a stage; `pipeline` is null where only the stage is known. */
  startsAt(pipeline: string | null, stage: string): boolean;
  plan(snapshot: Snapshot, trigger: Trigger): SendDecision;
  /** Reasons why a write-back would surely fail on this account. */
  preflight(): Reason[];
  writes(view: EnvelopeView): PlannedWrite[];
  steps(view: EnvelopeView, status: EnvelopeStatus): PlannedStep[];
}

/** An account as `decide` sees it. */
export interface InstallState {
  id: InstallId;
  name: string;
  usable: boolean;
  /** Test and cloned accounts send to live people only when told so. */
  maySend: boolean;
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
  /** Whether an envelope with this intent was ever made. */
  intentKnown(intent: string): boolean;
  /** The id that a new envelope will have, and its page. */
  fresh: { id: EnvelopeId; url: string };
  provider: string;
}

export interface NewEnvelope {
  id: EnvelopeId;
  intent: string;
  plan: SendPlan;
  deal: { id: string; name: string; owner: string | null };
  pipeline: string;
  stage: string;
  attempt: number;
}

/** Next state, and what should follow. Pure: equal facts in equal situations give equal decisions. */
export interface Decision {
  outcome: 'moved' | 'noted';
  /** Plain words for the timeline. They enter the ledger, so they name no person. */
  why: string;
  effects: Effect[];
  create?: NewEnvelope;
  changes: { envelope: EnvelopeId; set: EnvelopeChange; recipients: Map<RecipientId, RecipientChange> }[];
  /** Something that the tenant must hear of, though the state moved on: a mapping that failed. */
  alarm?: string;
  /** A CRM contact whose personal data goes. */
  erase?: string;
}

export const noted = (why: string): Decision => ({ outcome: 'noted', why, effects: [], changes: [] });
export const moved = (why: string, effects: Effect[]): Decision => ({ outcome: 'moved', why, effects, changes: [] });
