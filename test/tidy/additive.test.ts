import { describe, expect, it } from 'vitest';
import { migrations } from '#migrations/index';
import { breaks, CONTRACTIONS, faultsOf, LAST_OF_FIRST_RELEASE, laterMigrations } from './additive.ts';

describe('migrations only add', () => {
  it('from the first release on, so that the release before runs on the new schema', async () => {
    expect((await Promise.all(laterMigrations().map(faultsOf))).flat()).toEqual([]);
  });
  it('the border and the exceptions name migrations that are there', () => {
    const names = migrations.map(({ name }) => name);
    expect([LAST_OF_FIRST_RELEASE, ...Object.keys(CONTRACTIONS)].filter((name) => !names.includes(name))).toEqual([]);
  });

  const cases: [statement: string, allowed: boolean][] = [
    ['create table things (tenant text not null, id text not null)', true],
    ['create index outbox_by_kind on outbox (kind)', true],
    ['create unique index things_by_name on things (name)', true],
    ['alter table outbox add column weight integer', true],
    ['alter table outbox add column weight integer not null default 0', true],
    ['alter table things enable row level security', true],
    ['create trigger x before update on outbox for each row begin select 1; end', true],
    ['create unique index outbox_once on outbox (kind)', false],
    ['alter table outbox add column weight integer not null', false],
    ['alter table facts add column weight integer', false],
    ['alter table outbox enable row level security', false],
    ['alter table outbox drop column why', false],
    ['alter table outbox rename column why to reason', false],
    ['alter table outbox alter column why set not null', false],
    ['drop table callbacks', false],
    ['drop index outbox_ready', false],
    ["update outbox set why = ''", false],
    ['delete from inbox', false],
  ];
  it.each(cases)('%s: %s', (statement, allowed) => expect(breaks(statement, new Set(['things'])) === null).toBe(allowed));
});
