import SQLite from 'better-sqlite3';
import { idFloor } from '#lib/ids';
import { migrate, openDatabase } from '#store/database';
import { freshRemote } from './events.ts';
import { seedEnvelopes, seedTenant, type Seeded } from './seed.ts';

/** What was is spread over so many days: fewer than anything is kept for, so that nothing of it is swept away meanwhile. */
const DAYS = 28;
const DAY_MS = 86_400_000;
/** Of a hundred envelopes, so many were declined, and so many are still out. */
const DECLINED = 6;
const OUT = 4;

/**
 * A past: many envelopes over some weeks, each with its recipients, people, notice, facts, write and receipt, all done but a few that are out. Made by the database
 * itself, for the store would take an hour for a million. The ledgers are as long as real ones; their hashes are not.
 */
export async function fillPast(path: string, count: number): Promise<Seeded> {
  const db = openDatabase(path);
  await migrate(db);
  const seeded = await seedTenant(db);
  await seedEnvelopes(db, seeded, [{ deal: '1', contact: '1', remote: freshRemote(), status: 'completed' }]);
  await db.destroy();
  const database = new SQLite(path);
  try {
    for (const pragma of ['journal_mode = memory', 'synchronous = off', 'cache_size = -400000']) database.pragma(pragma);
    withoutIndexes(database, () => fill(database, count, seeded));
    database.pragma('journal_mode = wal');
  } finally {
    database.close();
  }
  return seeded;
}

/** Drops the indexes that stand apart from their tables, and makes them again: sorted in one go, a million entries take a second instead of twenty. */
function withoutIndexes(database: SQLite.Database, work: () => void): void {
  const names = "'envelopes', 'recipients', 'persons', 'inbox', 'outbox', 'facts', 'receipts'";
  const indexes = database
    .prepare<[], { name: string; sql: string }>(`select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name in (${names})`)
    .all();
  for (const { name } of indexes) database.exec(`drop index ${name}`);
  work();
  for (const index of indexes) database.exec(index.sql);
}

function fill(database: SQLite.Database, count: number, { tenant, crm, sign }: Seeded): void {
  const now = Date.now();
  const at = (place: number) => Math.floor(now - DAYS * DAY_MS * (1 - place / (count + 1)));
  const id = (prefix: string, place: number) => `${idFloor(prefix, at(place))}${String(place).padStart(16, '0')}`;
  database.function('made', { deterministic: true }, id as (...given: unknown[]) => unknown);
  database.function('at', { deterministic: true }, at as (...given: unknown[]) => unknown);
  const columns = (table: string) =>
    database
      .prepare<[], { name: string }>(`pragma table_info(${table})`)
      .all()
      .map(({ name }) => name);
  const copy = (table: string, from: string, changed: Record<string, string>) => {
    const values = columns(table).map((name) => changed[name] ?? `t.${name}`);
    database.exec(`insert into ${table} select ${values.join(', ')} from n cross join (${from}) t`);
  };
  const insert = (table: string, given: Record<string, string>) =>
    database.exec(`insert into ${table} (${Object.keys(given).join(', ')}) select ${Object.values(given).join(', ')} from n`);

  const mine = { tenant: `'${tenant}'`, correlation: `made('cor', i)` };
  const status = `case when i % 100 < ${DECLINED} then 'declined' when i % 100 < ${DECLINED + OUT} then 'sent' else 'completed' end`;
  const closed = `case when i % 100 between ${DECLINED} and ${DECLINED + OUT - 1} then null else at(i) + 60000 end`;
  const link = { prev: `'-'`, hash: `'-'` };
  database.exec('begin');
  database.exec(`create temp table n as with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count}) select i from n`);
  copy('envelopes', 'select * from envelopes limit 1', {
    ...{ id: `made('env', i)`, intent: `'stage|' || i`, deal: `i + 1000`, deal_name: `'Deal ' || (i + 1000)`, remote: `lower(hex(randomblob(16)))`, status },
    ...{ correlation: mine.correlation, requested_at: 'at(i)', sent_at: 'at(i)', updated_at: 'at(i) + 60000', closed_at: closed, completed_at: closed },
  });
  copy('recipients', 'select * from recipients order by position limit 2', {
    ...{ id: `made('sgn', i * 2 + t.position)`, envelope: `made('env', i)`, person: `made('per', i)`, contact: `case t.position when 1 then i + 1000 end`, status: `'signed'` },
  });
  copy('persons', 'select * from persons limit 1', { id: `made('per', i)`, email_hash: 'hex(randomblob(32))' });
  insert('inbox', {
    ...mine,
    ...{ id: `made('ntc', i)`, install: `'${sign.id}'`, vendor: `'docusign'`, position: '0', key: `at(i) || '|' || i`, kind: `'envelope-completed'`, at: 'at(i)' },
    ...{ state: `'done'`, attempts: '0', run_at: 'at(i)', received_at: 'at(i)' },
  });
  insert('outbox', {
    ...mine,
    ...{
      id: `made('eff', i)`,
      key: `made('fct', i) || '|write'`,
      ordinal: 'i * 1000',
      install: `'${crm.id}'`,
      kind: `'record.write'`,
      data: `'{}'`,
      record: `'deal:' || (i + 1000)`,
    },
    ...{ priority: '5', state: `'done'`, run_at: 'at(i)', attempts: '1', epoch: '1', envelope: `made('env', i)`, why: `''`, created_at: 'at(i)', updated_at: 'at(i)' },
  });
  insert('facts', {
    ...{ ...mine, ...link, seq: 'i', id: `made('fct', i)`, type: `'envelope.status'`, at: 'at(i)', recorded_at: 'at(i)', notice: `made('ntc', i)`, envelope: `made('env', i)` },
    ...{ data: `'{"status":"completed"}'`, outcome: `'moved'`, why: `'Everybody has signed.'` },
  });
  insert('receipts', {
    ...{ ...mine, ...link, seq: 'i', id: `made('rcp', i)`, effect: `made('eff', i)`, kind: `'record.write'`, at: 'at(i)', outcome: `'done'`, envelope: `made('env', i)` },
    ...{ request_hash: `'-'`, detail: `'{}'` },
  });
  for (const ledger of ['facts', 'receipts']) database.exec(`insert or replace into ledger_heads values ('${tenant}', '${ledger}', ${count}, '-')`);
  database.exec('commit');
}
