import type { AttributionId, Correlation, DeliveryId, EffectId, EnvelopeId, InstallId, MappingId, NoticeId, PersonId, TenantId } from '#core/ids';
import type { EnvelopeStatus } from '#core/envelope';
import type { SendRequest } from '#core/fact';
import type { PlannedWrite, SendDecision } from '#core/plan';
import type { Fields, Template } from '#core/records';
import type { ConsentText, NewText } from '#store/consent-texts';
import type { CaptureDesk } from '#flow/capture/desk';
import type { ConsentReport } from '#flow/desk/consents';
import type { RecipientStatus } from '#core/envelope';
import type { ProofFile } from '#core/proof';
import type { CorrectionInput } from '#flow/desk/attribution';
import type { BrakeDesk } from '#flow/desk/brakes';
import type { EndpointDesk } from '#flow/desk/endpoints';

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
  /** Journey steps, status by status, in words: `when` where more has to come about, `withheld` where consent would keep the step back today, and why. */
  steps: { status: EnvelopeStatus; say: string; when?: string; withheld?: string }[];
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
  send(tenant: TenantId, deal: string, request: SendRequest, crm?: string): Promise<{ correlation: Correlation }>;
  void(tenant: TenantId, envelope: EnvelopeId, reason: string, by: string): Promise<void>;
  remind(tenant: TenantId, envelope: EnvelopeId, by: string): Promise<void>;
  /** Asks the CRM for the deal, then plans. `texts` are mappings to try instead of the active ones. */
  dryRun(tenant: TenantId, deal: string, texts?: Partial<Record<MappingKind, string>>, request?: SendRequest, crm?: string): Promise<DryRun>;
  card(tenant: TenantId, deal: string, crm?: string): Promise<DealCard>;
  /** Asks the CRM for deals to choose from, newest first. */
  deals(tenant: TenantId, text: string, crm?: string): Promise<{ id: string; name: string; stage: string; fields: Fields }[]>;

  /** Publishes a wording as the next version of its name and locale; equal words give the newest version back. */
  publishText(tenant: TenantId, text: NewText, by: string): Promise<ConsentText>;
  /** Puts consent acts of one person on the line. The same `key` is the same report. */
  reportConsent(tenant: TenantId, report: ConsentReport, by: string): Promise<{ correlation: Correlation; person: PersonId }>;

  /** Everything that proves what a person agreed to, as files of a bundle. @throws Problem `request.not-found` where the person never acted */
  exportProof(tenant: TenantId, person: PersonId, by: string): Promise<ProofFile[]>;

  /** Adds a row that corrects the ends of a frozen attribution and points back at it; the row itself stays. Returns the new row. */
  correctAttribution(tenant: TenantId, attribution: AttributionId, data: CorrectionInput, why: string, by: string): Promise<AttributionId>;

  replayEffect(tenant: TenantId, effect: EffectId, by: string, set?: Record<string, string | number | boolean | null>): Promise<void>;
  discardEffect(tenant: TenantId, effect: EffectId, by: string): Promise<void>;
  replayNotice(tenant: TenantId, notice: NoticeId, by: string): Promise<void>;
  discardNotice(tenant: TenantId, notice: NoticeId, by: string): Promise<void>;
  /** For operators: forgets a signed delivery that could not be read and names no account. It is in the log, for it has no ledger. */
  discardDelivery(delivery: DeliveryId, by: string): Promise<void>;

  /** Faults of the active mappings, or of `texts` in their place, against the account as last seen. */
  checkMappings(tenant: TenantId, texts?: Partial<Record<MappingKind, string>>, crm?: string): Promise<MappingFault[]>;
  /** Saves a new version and makes it the active one; with errors nothing is saved. */
  saveMapping(
    tenant: TenantId,
    kind: MappingKind,
    text: string,
    note: string,
    by: string,
    crm?: string,
  ): Promise<{ saved: true; id: MappingId; version: number } | { saved: false; faults: MappingFault[] }>;
  activateMapping(tenant: TenantId, kind: MappingKind, version: number, by: string, crm?: string): Promise<void>;
  /** The CRMs that are connected, by the id of their connector, oldest first. Where there are several, `crm` of the others has to name one. */
  crms(tenant: TenantId): Promise<string[]>;

  /** Reads fields, stages and templates from the account again. */
  refreshGround(tenant: TenantId, install: InstallId): Promise<void>;
  /** Lets the next reconciliation begin at once. */
  reconcileNow(tenant: TenantId, install: InstallId, by: string): Promise<void>;
  /** Percent of the account's calls of a day that we may use, 1 to 100, where the vendor counts them. */
  setDayShare(tenant: TenantId, install: InstallId, percent: number, by: string): Promise<void>;
  /** Hears changes as a stream too, or no more. */
  setListening(tenant: TenantId, install: InstallId, on: boolean, by: string): Promise<void>;
  /** Makes a new key for the requests of the CRM's cards, good beside the last one. It is shown this once. */
  makeCardKey(tenant: TenantId, install: InstallId, by: string): Promise<string>;
  allowSending(tenant: TenantId, install: InstallId, allow: boolean, by: string): Promise<void>;
  setWebhookKeys(tenant: TenantId, install: InstallId, keys: string[], by: string): Promise<void>;
  /** Connects the account of the server's own key, at once. For operators: the key acts for whom the server's configuration names. */
  connectByKey(tenant: TenantId, vendor: string, by: string): Promise<void>;
  /** Tells the vendor that we leave, forgets the tokens and holds what waits. */
  disconnect(tenant: TenantId, install: InstallId, by: string): Promise<void>;

  /** What keeps sends back, and what waits for a person. */
  brakes: BrakeDesk;
  /** Where events are told to. */
  endpoints: EndpointDesk;
  /** Capture pages, and keys of the API. */
  capture: CaptureDesk;
}
