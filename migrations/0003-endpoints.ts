import type { Migration } from './index.ts';

const TABLES = `
create table endpoints (
  tenant text not null, id text not null, url text not null, events text not null, description text not null, state text not null, reason text,
  secret text not null, old_secret text, old_until bigint, failing_since bigint, last_ok_at bigint, next_at bigint not null, lease_until bigint not null,
  served_at bigint not null, epoch bigint not null, created_by text not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id)
);
create unique index endpoints_by_id on endpoints (id);
create table messages (
  tenant text not null, id text not null, endpoint text not null, key text not null, ordinal bigint not null, type text not null, at bigint not null, payload text not null, envelope text,
  correlation text not null, state text not null, attempts integer not null, epoch bigint not null, run_at bigint not null, status integer, answer text, error text,
  created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id), unique (tenant, endpoint, key)
);
create index messages_ready on messages (endpoint, run_at, ordinal) where state = 'ready';
create index messages_leased on messages (endpoint) where state = 'leased';
create index messages_of_endpoint on messages (tenant, endpoint, id);
create index messages_failed on messages (tenant, endpoint, id) where state = 'failed';
create index messages_done on messages (updated_at) where state = 'done'`;

/** Whom events are told, and what they are told. */
export const endpoints: Migration = {
  name: '0003-endpoints',
  async up(run) {
    for (const statement of TABLES.split(';')) await run(statement);
  },
};
