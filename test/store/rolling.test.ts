import { CompiledQuery } from 'kysely';
import { afterEach, expect, it } from 'vitest';
import { migrations } from '#migrations/index';
import { migrate } from '#store/database';
import { unknownMigrations } from '#store/health';
import { JOBS_SCHEMA } from '#store/jobs';
import { append, verifyLedger } from '#store/ledger';
import { asServer } from '#store/scope';
import { eachDatabase } from './databases.ts';
import { elsewhere, killedBefore } from './elsewhere.ts';
import { fact, putAccount } from './fixtures.ts';

const shipped = [...migrations];
afterEach(() => void migrations.splice(0, migrations.length, ...shipped));

eachDatabase((_name, open) => {
  it('a process that is killed before any statement of the migrations leaves the schema as it was, and the next one goes through', async () => {
    const { db, address } = await open({ empty: true });
    // Every single one takes minutes: test/crash/migrations.ts does that.
    for (const statement of [100]) {
      expect(await killedBefore(statement, address)).toBe('SIGKILL');
      // The runner of jobs brings its own schema up to date by itself, and has it whole or not at all.
      const tables = (await db.introspection.getTables()).filter(({ schema }) => schema !== JOBS_SCHEMA);
      expect(tables.filter(({ name }) => name !== 'migrations')).toEqual([]);
    }
    expect(await elsewhere<string[]>('migrate', address)).toEqual(migrations.map(({ name }) => name));
    await asServer(async () => {
      const { tenant } = await putAccount(db);
      await db.transaction().execute((tx) => append(tx, tenant, 'facts', [fact()]));
      expect(await verifyLedger(db, tenant, 'facts')).toMatchObject({ ok: true, entries: 1 });
    });
  }, 90_000);

  it('a release that meets a schema newer than its own leaves it alone and says what it does not know', async () => {
    const { db } = await open({ empty: true });
    migrations.push({ name: '9999-next', up: (run) => run('create table next_things (tenant text not null, id text not null, primary key (tenant, id))') });
    expect(await migrate(db)).toContain('9999-next');
    migrations.pop();
    expect(await migrate(db)).toEqual([]);
    expect(await unknownMigrations(db)).toEqual(['9999-next']);
    await db.executeQuery(CompiledQuery.raw('select * from next_things'));
  });
});
