import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { EffectKind } from '#core/effect';
import type { Correlation, DeliveryId, EffectId, EnvelopeId, InstallId, MappingId, NoticeId, PersonId, RecipientId, TenantId } from '#core/ids';
import type { Flag, JsonText, Sealed, Time } from '#store/columns';
import type { ApiCallsTable, ApiKeysTable, CapturePagesTable, CapturePostsTable, CaptureRenderingsTable, CaptureStatesTable } from '#store/capture-schema';
import type { BrakeTables } from '#store/brakes-schema';
import type { CallbacksTable } from '#store/callbacks-schema';
import type { ConsentPersonalTable, ConsentTextsTable, PersonRecordsTable } from '#store/consent-schema';
import type { EndpointsTable, MessagesTable } from '#store/endpoints-schema';
import type { LedgerHeadsTable, LedgerRows } from '#store/ledger-schema';
import type { LeasesTable, MigrationsTable, RootKeysTable, SettingsTable } from '#store/server-schema';
import type { HeadTimestampsTable, SignedHeadsTable, SigningKeysTable } from '#store/proof-schema';

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
  /** Percent of the account's calls of a day that we may use, where the vendor counts them. */
  day_share: number;
  /** What was last known of the day's calls. */
  day_use: JsonText | null;
  /** What the vendor said last of the windows in which it counts. */
  budgets: JsonText | null;
  /** Whether changes are heard as a stream beside webhooks and asking, where the vendor has one. */
  listening: Flag;
  /** When a person last authorised it: tells one grant from the next. */
  granted_at: Time;
  created_at: Time;
  updated_at: Time;
  last_ok_at: Time | null;
}
export interface OauthStatesTable {
  state_hash: string;
  vendor: string;
  /** The host at which the person chose to sign in, for vendors with several. */
  login: string | null;
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
  /** `type:id` of the record written, `member:contact:list` for who joins or leaves a list, null for other kinds. */
  record: string | null;
  priority: number;
  /** `held`: its install needs a person, or sending is stopped. `parked`: a dead letter, with its cause. */
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
  /** The CRM that it is written for, by its connector's id. */
  crm: string;
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

export interface Database extends LedgerRows, BrakeTables {
  tenants: TenantsTable;
  installs: InstallsTable;
  oauth_states: OauthStatesTable;
  deliveries: DeliveriesTable;
  inbox: InboxTable;
  ledger_heads: LedgerHeadsTable;
  envelopes: EnvelopesTable;
  recipients: RecipientsTable;
  persons: PersonsTable;
  person_records: PersonRecordsTable;
  consent_texts: ConsentTextsTable;
  consent_personal: ConsentPersonalTable;
  capture_pages: CapturePagesTable;
  capture_states: CaptureStatesTable;
  capture_renderings: CaptureRenderingsTable;
  capture_posts: CapturePostsTable;
  api_keys: ApiKeysTable;
  api_calls: ApiCallsTable;
  outbox: OutboxTable;
  endpoints: EndpointsTable;
  messages: MessagesTable;
  callbacks: CallbacksTable;
  lanes: LanesTable;
  cursors: CursorsTable;
  mappings: MappingsTable;
  grounds: GroundsTable;
  sessions: SessionsTable;
  links: LinksTable;
  alarms: AlarmsTable;
  settings: SettingsTable;
  root_keys: RootKeysTable;
  leases: LeasesTable;
  signing_keys: SigningKeysTable;
  signed_heads: SignedHeadsTable;
  head_timestamps: HeadTimestampsTable;
  migrations: MigrationsTable;
}
