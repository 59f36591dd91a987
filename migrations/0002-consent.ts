import { appendOnly } from './guards.ts';
import type { Migration } from './index.ts';

const TABLES = `
create table consent_texts (
  tenant text not null, id text not null, name text not null, version integer not null, type text not null, purpose text, channel text, locale text not null,
  jurisdiction text, title text not null, wording text not null, hash text not null, valid_from bigint not null, published_at bigint not null, published_by text not null,
  primary key (tenant, id), unique (tenant, name, locale, version)
);
create table consents (
  tenant text not null, seq bigint not null, id text not null, person text not null, type text not null, purpose text, channel text, status text not null,
  text text, text_name text, text_version integer, text_hash text, locale text, jurisdiction text, basis text not null, captured_at bigint not null, recorded_at bigint not null,
  expires_at bigint, how text not null, source text not null, envelope text, document_hash text, evidence text not null, evidence_uri text, personal_hash text,
  correlation text not null, prev text not null, hash text not null,
  primary key (tenant, seq)
);
create unique index consents_by_id on consents (tenant, id);
create index consents_by_person on consents (tenant, person);
create index consents_by_envelope on consents (tenant, envelope) where envelope is not null;
create table consent_personal (
  tenant text not null, consent text not null, person text not null, personal text, primary key (tenant, consent)
);
create index consent_personal_by_person on consent_personal (tenant, person);
create table person_records (
  tenant text not null, install text not null, contact text not null, person text not null, linked_at bigint not null, primary key (tenant, install, contact)
);
create index person_records_by_person on person_records (tenant, person);
create table touches (
  tenant text not null, seq bigint not null, id text not null, key text not null, person text not null, at bigint not null, recorded_at bigint not null, via text not null,
  data text not null, prev text not null, hash text not null,
  primary key (tenant, seq), unique (tenant, key)
);
create index touches_by_person on touches (tenant, person, at);
create table attributions (
  tenant text not null, seq bigint not null, id text not null, envelope text not null, point text not null, at bigint not null, data text not null, corrects text,
  by text not null, why text not null, prev text not null, hash text not null,
  primary key (tenant, seq)
);
create index attributions_by_envelope on attributions (tenant, envelope)`;

/** What people agreed to, how they came, and what of it was frozen. */
export const consent: Migration = {
  name: '0002-consent',
  async up(run, kind) {
    for (const statement of TABLES.split(';')) await run(statement);
    for (const table of ['consent_texts', 'consents', 'touches', 'attributions']) for (const statement of appendOnly(kind, table)) await run(statement);
  },
};
