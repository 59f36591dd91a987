import SQLite from 'better-sqlite3';
import { migrate, openDatabase } from '#store/database';
import { freshRemote } from './events.ts';
import { seedEnvelopes, seedTenant, type Seeded } from './seed.ts';

/** A past: many envelopes, each with its recipients, its notice and its write, all done. Copied by the database itself, for the store would take minutes. */
export async function fillPast(path: string, count: number): Promise<Seeded> {
  const db = openDatabase(path);
  await migrate(db);
  const seeded = await seedTenant(db);

  await seedEnvelopes(db, seeded, [{ deal: '1', contact: '1', remote: freshRemote(), status: 'completed' }]);
  await db.destroy();
  const database = new SQLite(path);
  const columns = (table: string) =>
    database
      .prepare<[], { name: string }>(`pragma table_info(${table})`)
      .all()
      .map(({ name }) => name);
  const copy = (table: string, changed: Record<string, string>) => {
    const values = columns(table).map((name) => changed[name] ?? name);
    database.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count}) insert into ${table} select ${values.join(', ')} from ${table}, n`);
  };
  copy('envelopes', { id: `id || i`, intent: `intent || i`, remote: `remote || i`, deal: `deal || i` });
  copy('recipients', { id: `id || i`, envelope: `envelope || i` });
  const { tenant, crm } = seeded;
  const now = Date.now();
  database.exec(`insert into inbox (id, tenant, install, vendor, position, key, kind, at, state, attempts, run_at, correlation, received_at)
    select 'ntc_' || id, '${tenant}', '${crm.id}', 'hubspot', 0, id, 'deal.propertyChange', ${now}, 'done', 0, ${now}, correlation, ${now} from envelopes`);
  database.exec(`insert into outbox (tenant, id, key, ordinal, install, kind, data, record, priority, state, run_at, attempts, epoch, envelope, correlation, why, created_at, updated_at)
    select tenant, 'eff_' || id, id, 1, '${crm.id}', 'record.write', '{}', 'deal:' || deal, 5, 'done', ${now}, 1, 1, id, correlation, '', ${now}, ${now} from envelopes`);
  database.close();
  return seeded;
}
