import type { Correlation, HeldSendId, HoldId, InstallId, StopId, TenantId } from '#core/ids';
import type { HeldState, HoldCause } from '#core/brakes';
import type { Time } from '#store/columns';

/** A deal that was heard to enter a stage at which rules start: what ceilings count. Kept for a day. */
export interface StageEntriesTable {
  tenant: TenantId;
  crm: InstallId;
  deal: string;
  /** Empty while the CRM has not said which. */
  stage: string;
  /** The CRM's own time of the entry where it tells, so that what was heard late is not taken for a crowd. */
  at: Time;
  /** The rule that sends for it: null until the deal is read, empty where none does. */
  rule: string | null;
  /** When its send was decided on, without a person. */
  sent_at: Time | null;
}
/** What a rule has sent by itself since it has been what it is. */
export interface RuleRunsTable {
  tenant: TenantId;
  crm: InstallId;
  rule: string;
  /** What makes it start: another stage or condition is another rule to whoever has to trust it. */
  start: string;
  first_at: Time;
  sent: number;
  reviewed_at: Time | null;
  reviewed_by: string | null;
}
/** Sends of one rule that wait for a person, for one cause. */
export interface HoldsTable {
  tenant: TenantId;
  id: HoldId;
  crm: InstallId;
  rule: string;
  stage: string;
  cause: HoldCause;
  /** The stop behind it, where that is the cause. */
  stop: StopId | null;
  /** What made it, in words: the ceiling as it was then. */
  say: string;
  waiting: number;
  /** Sends of the same crowd that had gone out before it was one. */
  sent: number;
  /** The first and the last entry among them. */
  first_at: Time;
  last_at: Time;
  opened_at: Time;
  closed_at: Time | null;
}
export interface HeldSendsTable {
  tenant: TenantId;
  id: HeldSendId;
  hold: HoldId;
  crm: InstallId;
  deal: string;
  deal_name: string;
  intent: string;
  state: HeldState;
  correlation: Correlation;
  at: Time;
  decided_at: Time | null;
  decided_by: string | null;
}
/** A rule, where one is named, or all of a tenant. */
export interface StopsTable {
  tenant: TenantId;
  id: StopId;
  crm: InstallId | null;
  rule: string | null;
  because: string;
  by: string;
  at: Time;
  ended_at: Time | null;
  ended_by: string | null;
}
export interface ServerStopsTable {
  id: StopId;
  because: string;
  by: string;
  at: Time;
  ended_at: Time | null;
  ended_by: string | null;
}

export interface BrakeTables {
  stage_entries: StageEntriesTable;
  rule_runs: RuleRunsTable;
  holds: HoldsTable;
  held_sends: HeldSendsTable;
  stops: StopsTable;
  server_stops: ServerStopsTable;
}
