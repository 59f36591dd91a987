import { appendOnly } from './guards.ts';
import type { Migration } from './index.ts';

const TABLES = `
create table capture_pages (
  tenant text not null, slug text not null, version integer not null, text text not null, hash text not null, note text not null, created_by text not null, created_at bigint not null,
  primary key (tenant, slug, version)
);
create table capture_states (
  tenant text not null, slug text not null, version integer not null, open integer not null, updated_at bigint not null, primary key (tenant, slug)
);
create table capture_renderings (
  tenant text not null, hash text not null, slug text not null, version integer not null, locale text not null, texts text not null, html text not null, first_shown_at bigint not null,
  primary key (tenant, hash)
);
create table capture_posts (
  tenant text not null, id text not null, slug text not null, version integer not null, locale text not null, person text not null, personal text not null, install text not null,
  correlation text not null, posted_at bigint not null, contact text, deal text, created integer, done_at bigint,
  primary key (tenant, id)
);
create index capture_posts_by_page on capture_posts (tenant, slug, posted_at);
create index capture_posts_by_person on capture_posts (tenant, person);
create table api_keys (
  tenant text not null, id text not null, name text not null, hash text not null, hint text not null, scopes text not null, created_by text not null, created_at bigint not null,
  used_at bigint, revoked_at bigint,
  primary key (tenant, id)
);
create unique index api_keys_by_hash on api_keys (hash);
create table api_calls (
  tenant text not null, api_key text not null, key text not null, request_hash text not null, status integer not null, body text not null, at bigint not null,
  primary key (tenant, api_key, key)
);
create index api_calls_by_time on api_calls (at)`;

/** Pages at which people leave their address and their consent, what they were shown there, and keys for programs that do the same. */
export const capture: Migration = {
  name: '0006-capture',
  async up(run, kind) {
    for (const statement of TABLES.split(';')) await run(statement);
    for (const table of ['capture_pages', 'capture_renderings']) for (const statement of appendOnly(kind, table)) await run(statement);
  },
};
