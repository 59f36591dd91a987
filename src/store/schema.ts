import type { Generated } from 'kysely';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { EffectKind } from '#core/effect';
import type { Correlation, DeliveryId, EffectId, EnvelopeId, InstallId, MappingId, NoticeId, PersonId, RecipientId, TenantId } from '#core/ids';
import type { Flag, JsonText, Sealed, Time } from '#store/columns';
import type { AuditTable, FactsTable, LedgerHeadsTable, ReceiptsTable } from '#store/ledger-schema';

export interface TenantsTable {
  id: TenantId;
  name: string;
  created_at: Time;
}
export interface InstallsTable {
  id: InstallId;
  tenant: TenantId;
  vendor: string;
  account: string;
  name: string;
  environment: 'live' | 'test';
  base_url: string;
  details: JsonText;
  scopes: JsonText;
  /** `reauthorize`: effects are held until a person connects it again. `left`: disconnected, kept for its history. */
  state: 'active' | 'reauthorize' | 'left';
  reason: string | null;
  tokens: Sealed | null;
  expires_at: Time;
  /** Until when one process has the right to refresh. */
  refresh_until: Time;
  /** Unguessable part of this install's webhook address. */
  hook: string;
  webhook_keys: Sealed | null;
  /** Whether a test or cloned account may send to live people. */
  send_allowed: Flag;
  /** When a person last authorised it: tells one grant from the next. */
  granted_at: Time;
  created_at: Time;
  updated_at: Time;
  last_ok_at: Time | null;
}
export interface OauthStatesTable {
  state_hash: string;
  vendor: string;
  tenant: TenantId | null;
  /** Whether an operator's session began it: what admits an account that is not known yet. */
  operator: Flag;
  browser_hash: string;
  verifier: Sealed;
  expires_at: Time;
}
export interface DeliveriesTable {
  id: DeliveryId;
  vendor: string;
  received_at: Time;
  headers: JsonText;
  body: Uint8Array | null;
  /** Why a signed delivery could not be read; null for good ones. */
  fault: string | null;
}
export interface InboxTable {
  id: NoticeId;
  tenant: TenantId;
  install: InstallId;
  vendor: string;
  delivery: DeliveryId | null;
  /** Which notice of its delivery: the body is kept once, there. */
  position: number;
  key: string;
  kind: string;
  at: Time;
  /** For notices that came without a delivery: our own, and those of reconciliation. Emptied when done where it may name people. */
  payload: JsonText | null;
  state: 'ready' | 'done' | 'noted' | 'dead';
  attempts: number;
  run_at: Time;
  error: string | null;
  correlation: Correlation;
  received_at: Time;
}
export interface EnvelopesTable {
  tenant: TenantId;
  id: EnvelopeId;
  /** Equal intents are one envelope for ever. */
  intent: string;
  deal: string;
  deal_name: string;
  crm: InstallId;
  sign: InstallId;
  remote: string | null;
  rule: string;
  template: string;
  template_name: string;
  status: EnvelopeStatus;
  /** What is sent: subject, message, fields, policies. Emptied on erasure of a recipient. */
  document: JsonText;
  attribution: JsonText;
  send_mapping: MappingId;
  writeback_mapping: MappingId;
  journey_mapping: MappingId;
  pipeline: string;
  stage: string;
  /** How many envelopes came before this one for the same intent (retries after expiry). */
  attempt: number;
  /** Who asked us for a void; null when nobody did, so that the provider's own void is told apart. */
  void_by: string | null;
  reason: string | null;
  correlation: Correlation;
  requested_at: Time;
  sent_at: Time | null;
  viewed_at: Time | null;
  completed_at: Time | null;
  closed_at: Time | null;
  expires_at: Time | null;
  updated_at: Time;
}
export interface RecipientsTable {
  tenant: TenantId;
  id: RecipientId;
  envelope: EnvelopeId;
  role: string;
  position: number;
  status: RecipientStatus;
  contact: string | null;
  person: PersonId;
  /** Name and address, sealed under the person's key; null once erased. */
  personal: Sealed | null;
  remote: string | null;
  viewed_at: Time | null;
  signed_at: Time | null;
}
export interface PersonsTable {
  tenant: TenantId;
  id: PersonId;
  /** Keyed hash of the address, to find the same person again; null once erased. */
  email_hash: string | null;
  /** The person's own key, sealed under the root key; null once erased, which makes what it sealed unreadable everywhere. */
  key: Sealed | null;
  erased_at: Time | null;
}
export interface OutboxTable {
  tenant: TenantId;
  id: EffectId;
  key: string;
  /** Order within the tenant: later effects on one record win. */
  ordinal: number;
  install: InstallId;
  kind: EffectKind;
  data: JsonText;
  /** `type:id` of the record written, null for other kinds. */
  record: string | null;
  priority: number;
  /** `held`: its install needs a person. `parked`: a dead letter, with its cause. */
  state: 'ready' | 'leased' | 'done' | 'parked' | 'held' | 'cancelled';
  run_at: Time;
  attempts: number;
  epoch: number;
  envelope: EnvelopeId | null;
  correlation: Correlation;
  why: string;
  error: JsonText | null;
  created_at: Time;
  updated_at: Time;
}
export interface LanesTable {
  install: InstallId;
  tenant: TenantId;
  next_at: Time;
  lease_until: Time;
  served_at: Time;
  epoch: number;
}
export interface CursorsTable {
  tenant: TenantId;
  install: InstallId;
  name: string;
  cursor: JsonText;
  next_at: Time;
  /** Until when the process that runs a round has it alone. */
  lease_until: Time;
  started_at: Time | null;
  last_ok_at: Time | null;
  error: string | null;
  /** Failed rounds in a row. */
  failures: number;
  /** Seen in the running or last round, and how many of them no webhook had told. */
  seen: number;
  gaps: number;
  gaps_total: number;
}
export interface MappingsTable {
  tenant: TenantId;
  id: MappingId;
  kind: 'send' | 'writeback' | 'journey';
  version: number;
  text: string;
  hash: string;
  origin: 'shipped' | 'tenant';
  note: string;
  created_by: string;
  created_at: Time;
  active: Flag;
  /** When the first envelope was pinned to it. */
  frozen_at: Time | null;
}
export interface GroundsTable {
  tenant: TenantId;
  install: InstallId;
  /** `schema`: the CRM's fields and stages; `templates`: the provider's templates. */
  kind: 'schema' | 'templates';
  data: JsonText;
  read_at: Time;
}
export interface SessionsTable {
  token_hash: string;
  /** Null: an operator, who sees every tenant. */
  tenant: TenantId | null;
  created_at: Time;
  expires_at: Time;
}
export interface LinksTable {
  token_hash: string;
  tenant: TenantId | null;
  expires_at: Time;
  used_at: Time | null;
}
export interface AlarmsTable {
  /** `code|subject`. */
  id: string;
  tenant: TenantId | null;
  code: string;
  subject: string;
  say: string;
  count: number;
  first_at: Time;
  last_at: Time;
}
/** What a database remembers of itself. */
export interface SettingsTable {
  /** `mode`: the mode of its first start. `entered`: that somebody has been in the console. */
  name: 'mode' | 'entered';
  value: string;
}
export interface MigrationsTable {
  name: string;
  at: Generated<Time>;
}

export interface Database {
  tenants: TenantsTable;
  installs: InstallsTable;
  oauth_states: OauthStatesTable;
  deliveries: DeliveriesTable;
  inbox: InboxTable;
  facts: FactsTable;
  receipts: ReceiptsTable;
  audit: AuditTable;
  ledger_heads: LedgerHeadsTable;
  envelopes: EnvelopesTable;
  recipients: RecipientsTable;
  persons: PersonsTable;
  outbox: OutboxTable;
  lanes: LanesTable;
  cursors: CursorsTable;
  mappings: MappingsTable;
  grounds: GroundsTable;
  sessions: SessionsTable;
  links: LinksTable;
  alarms: AlarmsTable;
  settings: SettingsTable;
  migrations: MigrationsTable;
}
