import { appendOnly, guardSql } from './guards.ts';
import type { Migration } from './index.ts';

const STATEMENTS = [
  `create table signing_keys (
    id text not null primary key, public_key text not null, private_key text not null, made_at bigint not null, retired_at bigint
  )`,
  'create unique index signing_keys_in_use on signing_keys ((retired_at is null)) where retired_at is null',
  `create table signed_heads (
    tenant text not null, ledger text not null, seq bigint not null, hash text not null, at bigint not null, key text not null, line text not null, signature text not null,
    primary key (tenant, ledger, seq, key)
  )`,
  'create index signed_heads_by_time on signed_heads (tenant, ledger, at)',
  `create table head_timestamps (
    tenant text not null, ledger text not null, seq bigint not null, key text not null, token text not null, at bigint not null, url text not null,
    primary key (tenant, ledger, seq, key)
  )`,
];

/** Heads of ledgers that are signed, the keys that signed them, and what a time-stamping authority said of them: it answers later, so its word is a row of its own. */
export const proof: Migration = {
  name: '0005-proof',
  async up(run, kind) {
    for (const statement of STATEMENTS) await run(statement);
    for (const table of ['signed_heads', 'head_timestamps']) for (const statement of appendOnly(kind, table)) await run(statement);
    const kept = 'a signing key is only ever retired';
    const changed = 'old.id <> new.id or old.public_key <> new.public_key or old.private_key <> new.private_key or old.retired_at is not null';
    for (const statement of guardSql(kind, { table: 'signing_keys', on: 'update', when: changed, say: kept })) await run(statement);
    for (const statement of guardSql(kind, { table: 'signing_keys', on: 'delete', when: '', say: kept })) await run(statement);
  },
};
