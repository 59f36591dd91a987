import type { Correlation, EffectId, EnvelopeId, InstallId, MappingId, NoticeId, TenantId } from '#core/ids';
import type { EnvelopeStatus } from '#core/envelope';
import type { SendRequest } from '#core/fact';
import type { PlannedWrite, SendDecision } from '#core/plan';
import type { Fields, Template } from '#core/records';
import type { RecipientStatus } from '#core/envelope';

export type MappingKind = 'send' | 'writeback' | 'journey';
/** A fault of a mapping, with its place in the text. */
export interface MappingFault {
  level: 'error' | 'warning';
  kind: MappingKind;
  path: string;
  line: number;
  column: number;
  say: string;
  suggestion?: string;
}
/** What would happen to a deal, found out without doing it. */
export interface DryRun {
  deal: { id: string; name: string; stage: string; url: string | null };
  decision: SendDecision;
  /** What would be written back, status by status, as if every recipient signed. */
  writes: { status: EnvelopeStatus | 'blocked'; writes: PlannedWrite[] }[];
  /** Journey steps, status by status, in words. */
  steps: { status: EnvelopeStatus; say: string }[];
}
/** What a CRM card shows of a deal. */
export interface DealCard {
  canSend: boolean;
  why: string | null;
  rules: { id: string; title: string }[];
  templates: Template[];
  suggested: { template: string; recipients: { role: string; name: string; email: string; order: number; contact: string | null }[] } | null;
  reasons: { say: string; path: string }[];
  envelopes: { id: EnvelopeId; status: EnvelopeStatus; template: string; waitingFor: string[]; url: string; recipients: { role: string; status: RecipientStatus }[] }[];
}

/**
 * Everything that a person can do, whether in the console, on a CRM card or at the command line. Each is recorded in the audit ledger with `by`.
 * Nothing here waits for a vendor except where it says that it asks one. @throws Problem with words for the person
 */
export interface Desk {
  /** Puts a request on the line; the answer comes as facts. The same `request.key` is the same request. */
  send(tenant: TenantId, deal: string, request: SendRequest): Promise<{ correlation: Correlation }>;
  void(tenant: TenantId, envelope: EnvelopeId, reason: string, by: string): Promise<void>;
  remind(tenant: TenantId, envelope: EnvelopeId, by: string): Promise<void>;
  /** Asks the CRM for the deal, then plans. `texts` are mappings to try instead of the active ones. */
  dryRun(tenant: TenantId, deal: string, texts?: Partial<Record<MappingKind, string>>, request?: SendRequest): Promise<DryRun>;
  card(tenant: TenantId, deal: string): Promise<DealCard>;
  /** Asks the CRM for deals to choose from, newest first. */
  deals(tenant: TenantId, text: string): Promise<{ id: string; name: string; stage: string; fields: Fields }[]>;

  replayEffect(tenant: TenantId, effect: EffectId, by: string, set?: Record<string, string | number | boolean | null>): Promise<void>;
  discardEffect(tenant: TenantId, effect: EffectId, by: string): Promise<void>;
  replayNotice(tenant: TenantId, notice: NoticeId, by: string): Promise<void>;
  discardNotice(tenant: TenantId, notice: NoticeId, by: string): Promise<void>;

  /** Faults of the active mappings, or of `texts` in their place, against the account as last seen. */
  checkMappings(tenant: TenantId, texts?: Partial<Record<MappingKind, string>>): Promise<MappingFault[]>;
  /** Saves a new version and makes it the active one; with errors nothing is saved. */
  saveMapping(
    tenant: TenantId,
    kind: MappingKind,
    text: string,
    note: string,
    by: string,
  ): Promise<{ saved: true; id: MappingId; version: number } | { saved: false; faults: MappingFault[] }>;
  activateMapping(tenant: TenantId, kind: MappingKind, version: number, by: string): Promise<void>;

  /** Reads fields, stages and templates from the account again. */
  refreshGround(tenant: TenantId, install: InstallId): Promise<void>;
  /** Lets the next reconciliation begin at once. */
  reconcileNow(tenant: TenantId, install: InstallId, by: string): Promise<void>;
  allowSending(tenant: TenantId, install: InstallId, allow: boolean, by: string): Promise<void>;
  setWebhookKeys(tenant: TenantId, install: InstallId, keys: string[], by: string): Promise<void>;
  /** Connects the account of the server's own key, at once. For operators: the key acts for whom the server's configuration names. */
  connectByKey(tenant: TenantId, vendor: string, by: string): Promise<void>;
  /** Tells the vendor that we leave, forgets the tokens and holds what waits. */
  disconnect(tenant: TenantId, install: InstallId, by: string): Promise<void>;
}
