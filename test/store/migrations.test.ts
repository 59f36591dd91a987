import { CompiledQuery } from 'kysely';
import { afterEach, expect, it } from 'vitest';
import { migrations } from '#migrations/index';
import { isPostgres, migrate, type Db } from '#store/database';
import { append } from '#store/ledger';
import { eachDatabase } from './databases.ts';
import { elsewhere } from './elsewhere.ts';
import { fact, putAccount } from './fixtures.ts';

const names = migrations.map(({ name }) => name);
const shipped = [...migrations];
afterEach(() => void migrations.splice(0, migrations.length, ...shipped));

async function tablesOf(db: Db): Promise<string[]> {
  return (await db.introspection.getTables()).map(({ name }) => name).sort();
}

eachDatabase((name, open) => {
  it('bring an empty database up to date, once', async () => {
    const { db } = await open({ empty: true });
    expect(await migrate(db)).toEqual(names);
    expect(await tablesOf(db)).toContain('facts');
    expect(await migrate(db)).toEqual([]);
  });

  it('run once where several connections start at once', async () => {
    const { peers } = await open({ empty: true });
    const ran = await Promise.all(peers(4).map(migrate));
    expect(ran.flat()).toEqual(names);
  });

  it('run once where several processes start at once', async () => {
    const { db, address } = await open({ empty: true });
    const ran = await Promise.all([1, 2, 3].map(() => elsewhere<string[]>('migrate', address)));
    expect(ran.flat()).toEqual(names);
    expect(await migrate(db)).toEqual([]);
  });

  it('leave nothing behind when one fails, and go on once it is mended', async () => {
    const { db } = await open({ empty: true });
    await migrate(db);
    const before = await tablesOf(db);
    const steps = ['create table half_done (id text primary key)', "insert into half_done values ('a row')", 'create table half_done (id text primary key)'];
    const next = {
      name: '9999-next',
      up: async (run: (statement: string) => Promise<void>) => {
        for (const step of steps) await run(step);
      },
    };
    migrations.push(next);

    await expect(migrate(db)).rejects.toThrow(/half_done/);
    expect(await tablesOf(db)).toEqual(before);

    steps.pop();
    expect(await migrate(db)).toEqual(['9999-next']);
    expect(await tablesOf(db)).toEqual([...before, 'half_done'].sort());
  });

  it('end a database with whole numbers of 64 bits as numbers, and bytes as they were', async () => {
    const { db } = await open();
    const body = Buffer.from([0, 1, 254, 255]);
    await db.insertInto('deliveries').values({ id: 'dlv_1', vendor: 'a-crm', received_at: 8_640_000_000_000_000, headers: '{}', body, fault: null }).execute();
    const row = await db.selectFrom('deliveries').selectAll().executeTakeFirstOrThrow();
    expect(row.received_at).toBe(8_640_000_000_000_000);
    expect(Buffer.from(row.body ?? [])).toEqual(body);
  });

  it('keep what they are told durable', async () => {
    const { db } = await open();
    const { rows } = await db.executeQuery(CompiledQuery.raw(isPostgres(db) ? 'show synchronous_commit' : 'pragma synchronous'));
    expect(rows).toEqual([name === 'SQLite' ? { synchronous: 2 } : { synchronous_commit: 'on' }]);
  });

  if (name === 'PostgreSQL') {
    it('a connection that breaks fails its own work and nothing else', async () => {
      const { db, peers } = await open();
      const [, other = db] = peers(2);
      const { tenant } = await putAccount(db);
      const breaking = db.transaction().execute(async (tx) => {
        await append(tx, tenant, 'facts', [fact()]);
        await other.executeQuery(CompiledQuery.raw('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'));
        await append(tx, tenant, 'facts', [fact()]);
      });
      await expect(breaking).rejects.toThrow();
      // All of its connections were ended; the pool finds out one by one.
      await expect.poll(() => db.selectFrom('facts').selectAll().execute().catch(String), { timeout: 20_000 }).toEqual([]);
    });
  }
});
