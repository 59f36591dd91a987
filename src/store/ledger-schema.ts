import type { EffectKind } from '#core/effect';
import type { FactType } from '#core/fact';
import type { Correlation, EffectId, EnvelopeId, FactId, MappingId, NoticeId, ReceiptId, TenantId } from '#core/ids';
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
export type LedgerName = 'facts' | 'receipts' | 'audit';
