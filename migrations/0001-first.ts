import { appendOnly, guardSql, type Guard } from './guards.ts';
import type { Migration } from './index.ts';

const TABLES = `
create table tenants (
  id text primary key, name text not null, created_at bigint not null
);
create table installs (
  id text primary key, tenant text not null references tenants(id), vendor text not null, account text not null, name text not null,
  environment text not null, base_url text not null, details text not null, scopes text not null, state text not null, reason text,
  tokens text, expires_at bigint not null, refresh_until bigint not null, hook text not null unique, webhook_keys text,
  send_allowed integer not null, day_share integer not null, day_use text, listening integer not null, granted_at bigint not null, created_at bigint not null, updated_at bigint not null, last_ok_at bigint,
  unique (vendor, account)
);
create index installs_by_tenant on installs (tenant);
create table oauth_states (
  state_hash text primary key, vendor text not null, login text, tenant text, operator integer not null, browser_hash text not null, verifier text not null,
  expires_at bigint not null
);
create table deliveries (
  id text primary key, vendor text not null, received_at bigint not null, headers text not null, body BYTES, fault text
);
create index deliveries_by_time on deliveries (received_at);
create index deliveries_faulty on deliveries (received_at) where fault is not null;
create table inbox (
  id text not null, tenant text not null, install text not null, vendor text not null, delivery text, position integer not null, key text not null, kind text not null,
  at bigint not null, payload text, state text not null, attempts integer not null, run_at bigint not null, error text,
  correlation text not null, received_at bigint not null,
  primary key (tenant, id)
);
create unique index inbox_by_key on inbox (install, key);
create index inbox_ready on inbox (run_at, id) where state = 'ready';
create index inbox_line on inbox (tenant, run_at, id) where state = 'ready';
create index inbox_dead on inbox (tenant, id) where state = 'dead';
create index inbox_by_delivery on inbox (delivery) where delivery is not null;
create table facts (
  tenant text not null, seq bigint not null, id text not null, type text not null, at bigint not null, recorded_at bigint not null, notice text,
  envelope text, deal text, correlation text not null, data text not null, outcome text not null, why text not null, prev text not null, hash text not null,
  primary key (tenant, seq)
);
create index facts_by_envelope on facts (tenant, envelope) where envelope is not null;
create index facts_by_correlation on facts (tenant, correlation);
create table receipts (
  tenant text not null, seq bigint not null, id text not null, effect text not null, kind text not null, at bigint not null, outcome text not null, envelope text,
  correlation text not null, remote text, mapping text, request_hash text not null, detail text not null, prev text not null, hash text not null,
  primary key (tenant, seq)
);
create index receipts_by_effect on receipts (tenant, effect);
create index receipts_by_correlation on receipts (tenant, correlation);
create table audit (
  tenant text not null, seq bigint not null, id text not null, at bigint not null, actor text not null, action text not null, subject text not null,
  detail text not null, prev text not null, hash text not null,
  primary key (tenant, seq)
);
create table ledger_heads (
  tenant text not null, ledger text not null, seq bigint not null, hash text not null, primary key (tenant, ledger)
);
create table envelopes (
  tenant text not null, id text not null, intent text not null, deal text not null, deal_name text not null, crm text not null, sign text not null, remote text,
  rule text not null, template text not null, template_name text not null, status text not null, document text not null, attribution text not null,
  send_mapping text not null, writeback_mapping text not null, journey_mapping text not null, pipeline text not null, stage text not null,
  attempt integer not null, void_by text, reason text, correlation text not null, requested_at bigint not null, sent_at bigint, viewed_at bigint,
  completed_at bigint, closed_at bigint, expires_at bigint, updated_at bigint not null,
  primary key (tenant, id), unique (tenant, crm, intent)
);
create unique index envelopes_by_remote on envelopes (sign, remote) where remote is not null;
create index envelopes_by_deal on envelopes (tenant, crm, deal, id);
create index envelopes_by_status on envelopes (tenant, status, id);
create index envelopes_by_correlation on envelopes (tenant, correlation);
create table recipients (
  tenant text not null, id text not null, envelope text not null, role text not null, position integer not null, status text not null, contact text,
  person text not null, personal text, remote text, viewed_at bigint, signed_at bigint,
  primary key (tenant, id), unique (tenant, envelope, role)
);
create index recipients_by_contact on recipients (tenant, contact) where contact is not null;
create index recipients_by_person on recipients (tenant, person);
create table persons (
  tenant text not null, id text not null, email_hash text, key text, erased_at bigint, primary key (tenant, id)
);
create unique index persons_by_email on persons (tenant, email_hash) where email_hash is not null;
create table outbox (
  tenant text not null, id text not null, key text not null, ordinal bigint not null, install text not null, kind text not null, data text not null, record text,
  priority integer not null, state text not null, run_at bigint not null, attempts integer not null, epoch bigint not null, envelope text,
  correlation text not null, why text not null, error text, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id), unique (tenant, key)
);
create index outbox_ready on outbox (install, priority, ordinal) where state = 'ready';
create index outbox_due on outbox (install, run_at) where state = 'ready';
create index outbox_leased on outbox (install) where state = 'leased';
create index outbox_held on outbox (install) where state = 'held';
create index outbox_parked on outbox (tenant, id) where state = 'parked';
create index outbox_by_record on outbox (tenant, record, ordinal) where record is not null;
create index outbox_by_correlation on outbox (tenant, correlation);
create table lanes (
  install text primary key, tenant text not null, next_at bigint not null, lease_until bigint not null, served_at bigint not null, epoch bigint not null
);
create table cursors (
  tenant text not null, install text not null, name text not null, cursor text not null, next_at bigint not null, lease_until bigint not null, started_at bigint, last_ok_at bigint, error text,
  failures integer not null, seen integer not null, gaps integer not null, gaps_total integer not null, primary key (install, name)
);
create table mappings (
  tenant text not null, id text not null, crm text not null, kind text not null, version integer not null, text text not null, hash text not null, origin text not null,
  note text not null, created_by text not null, created_at bigint not null, active integer not null, frozen_at bigint,
  primary key (tenant, id), unique (tenant, crm, kind, version)
);
create unique index mappings_active on mappings (tenant, crm, kind) where active = 1;
create table grounds (
  tenant text not null, install text not null, kind text not null, data text not null, read_at bigint not null, primary key (install, kind)
);
create table sessions (
  token_hash text primary key, tenant text, created_at bigint not null, expires_at bigint not null
);
create table links (
  token_hash text primary key, tenant text, expires_at bigint not null, used_at bigint
);
create table alarms (
  id text primary key, tenant text, code text not null, subject text not null, say text not null, count integer not null, first_at bigint not null, last_at bigint not null
);
create table settings (
  name text primary key, value text not null
)`;

/** Rows that the database itself refuses to change beside the ledgers: what is pinned on an envelope or frozen in a mapping. */
const GUARDS: Guard[] = [
  {
    table: 'envelopes',
    on: 'update',
    when: 'old.attribution <> new.attribution or old.intent <> new.intent or old.send_mapping <> new.send_mapping or old.writeback_mapping <> new.writeback_mapping or old.journey_mapping <> new.journey_mapping',
    say: 'attribution and pinned mappings never change',
  },
  {
    table: 'mappings',
    on: 'update',
    when: 'old.id <> new.id or old.text <> new.text or old.hash <> new.hash or old.version <> new.version or old.kind <> new.kind or old.crm <> new.crm',
    say: 'a mapping version never changes',
  },
  { table: 'mappings', on: 'delete', when: 'old.frozen_at is not null', say: 'a mapping version that an envelope is pinned to stays' },
];

export const first: Migration = {
  name: '0001-first',
  async up(run, kind) {
    const bytes = kind === 'postgres' ? 'bytea' : 'blob';
    for (const statement of TABLES.split(';')) await run(statement.replace('BYTES', bytes));
    for (const table of ['facts', 'receipts', 'audit']) for (const statement of appendOnly(kind, table)) await run(statement);
    for (const guard of GUARDS) for (const statement of guardSql(kind, guard)) await run(statement);
  },
};
