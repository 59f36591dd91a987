import type { Migration } from './index.ts';

const TABLES = `
create table stage_entries (
  tenant text not null, crm text not null, deal text not null, stage text not null, at bigint not null, rule text, sent_at bigint,
  primary key (tenant, crm, deal, stage)
);
create index stage_entries_by_rule on stage_entries (tenant, crm, rule, at);
create index stage_entries_by_time on stage_entries (at);
create index stage_entries_sent on stage_entries (tenant, crm, rule, sent_at) where sent_at is not null;
create table rule_runs (
  tenant text not null, crm text not null, rule text not null, start text not null, first_at bigint not null, sent integer not null, reviewed_at bigint, reviewed_by text,
  primary key (tenant, crm, rule, start)
);
create table holds (
  tenant text not null, id text not null, crm text not null, rule text not null, stage text not null, cause text not null, stop text, say text not null, waiting integer not null, sent integer not null,
  first_at bigint not null, last_at bigint not null, opened_at bigint not null, closed_at bigint, primary key (tenant, id)
);
create unique index holds_open on holds (tenant, crm, rule, stage, cause, coalesce(stop, '')) where closed_at is null;
create table held_sends (
  tenant text not null, id text not null, hold text not null, crm text not null, deal text not null, deal_name text not null, intent text not null, state text not null,
  correlation text not null, at bigint not null, decided_at bigint, decided_by text,
  primary key (tenant, id), unique (tenant, crm, intent)
);
create index held_sends_waiting on held_sends (tenant, hold, id) where state = 'waiting';
create index held_sends_by_hold on held_sends (tenant, hold, id);
create table stops (
  tenant text not null, id text not null, crm text, rule text, because text not null, by text not null, at bigint not null, ended_at bigint, ended_by text,
  primary key (tenant, id)
);
create unique index stops_in_force on stops (tenant, coalesce(crm, ''), coalesce(rule, '')) where ended_at is null;
create table server_stops (
  id text primary key, because text not null, by text not null, at bigint not null, ended_at bigint, ended_by text
);
create unique index server_stops_in_force on server_stops (coalesce(ended_at, 0)) where ended_at is null;
insert into rule_runs (tenant, crm, rule, start, first_at, sent, reviewed_at, reviewed_by)
  select tenant, crm, rule, '', min(requested_at), count(*), min(requested_at), 'before ceilings' from envelopes group by tenant, crm, rule`;

/**
 * What keeps sends back: who entered a stage of late, rules on their first run, sends that wait for a person, and stops. A rule that has sent before is on
 * no first run, however it starts: an empty start stands for all.
 */
export const brakes: Migration = {
  name: '0009-brakes',
  async up(run) {
    for (const statement of TABLES.split(';')) await run(statement);
  },
};
