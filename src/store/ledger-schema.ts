import type { EffectKind } from '#core/effect';
import type { FactType } from '#core/fact';
import type { ConsentChannel, ConsentHow, ConsentStatus, ConsentType, LegalBasis } from '#core/consent';
import type { AttributionId, ConsentId, ConsentTextId, Correlation, EffectId, EnvelopeId, FactId, MappingId, NoticeId, PersonId, ReceiptId, TenantId, TouchId } from '#core/ids';
import type { JsonText, Time } from '#store/columns';

/** What every ledger row has: its place in the tenant's chain. */
interface LedgerRow {
  tenant: TenantId;
  seq: number;
  prev: string;
  hash: string;
}
export interface FactsTable extends LedgerRow {
  id: FactId;
  type: FactType;
  at: Time;
  recorded_at: Time;
  notice: NoticeId | null;
  envelope: EnvelopeId | null;
  deal: string | null;
  correlation: Correlation;
  data: JsonText;
  outcome: 'moved' | 'noted';
  why: string;
}
export interface ReceiptsTable extends LedgerRow {
  id: ReceiptId;
  effect: EffectId;
  kind: EffectKind;
  at: Time;
  outcome: 'done' | 'partly' | 'retry' | 'parked' | 'cancelled';
  envelope: EnvelopeId | null;
  correlation: Correlation;
  /** The vendor's id of what was made or changed. */
  remote: string | null;
  mapping: MappingId | null;
  /** SHA-256 of what was asked. */
  request_hash: string;
  detail: JsonText;
}
export interface AuditTable extends LedgerRow {
  id: string;
  at: Time;
  actor: string;
  action: string;
  subject: string;
  detail: JsonText;
}
export interface LedgerHeadsTable {
  tenant: TenantId;
  ledger: LedgerName;
  seq: number;
  hash: string;
}
/** One row a consent act: who agreed to what, or took it back. Names no person; who it was is sealed in `consent_personal`, to whose hash the row is tied. */
export interface ConsentsTable extends LedgerRow {
  id: ConsentId;
  person: PersonId;
  type: ConsentType;
  /** Of marketing alone: what for, such as `newsletter`. */
  purpose: string | null;
  /** Of marketing alone: how the person is reached. */
  channel: ConsentChannel | null;
  status: ConsentStatus;
  /** The wording that was shown; null where nobody can say, as with a change made in a CRM. */
  text: ConsentTextId | null;
  text_name: string | null;
  text_version: number | null;
  /** SHA-256 of the normalised wording. */
  text_hash: string | null;
  locale: string | null;
  jurisdiction: string | null;
  basis: LegalBasis;
  captured_at: Time;
  recorded_at: Time;
  expires_at: Time | null;
  how: ConsentHow;
  /** Which page, account, file or key it came through. */
  source: string;
  envelope: EnvelopeId | null;
  /** SHA-256 of the signed document. */
  document_hash: string | null;
  evidence: JsonText;
  evidence_uri: string | null;
  /** SHA-256 of the sealed payload's canonical JSON, salt included. */
  personal_hash: string | null;
  correlation: Correlation;
}
/** One row a touchpoint: how somebody came to us. */
export interface TouchesTable extends LedgerRow {
  id: TouchId;
  /** Equal keys are one touchpoint. */
  key: string;
  person: PersonId;
  at: Time;
  recorded_at: Time;
  via: 'capture' | 'script' | 'crm' | 'api';
  data: JsonText;
}
/** One row a frozen attribution of an envelope, or a correction that points back. */
export interface AttributionsTable extends LedgerRow {
  id: AttributionId;
  envelope: EnvelopeId;
  point: 'sent' | 'signed';
  at: Time;
  data: JsonText;
  /** The row that this one corrects. */
  corrects: AttributionId | null;
  by: string;
  why: string;
}
export interface LedgerRows {
  facts: FactsTable;
  receipts: ReceiptsTable;
  audit: AuditTable;
  consents: ConsentsTable;
  touches: TouchesTable;
  attributions: AttributionsTable;
}
export type LedgerName = keyof LedgerRows;
export const LEDGERS = ['facts', 'receipts', 'audit', 'consents', 'touches', 'attributions'] as const satisfies readonly LedgerName[];
