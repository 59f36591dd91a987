import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrations, type Migration } from '#migrations/index';
import { migrate } from '#store/database';
import { JOBS_SCHEMA } from '#store/jobs';
import { LEDGERS } from '#store/ledger-schema';
import { verifyLedgers } from '#store/moves';
import { asServer } from '#store/scope';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { faultsOf } from '../tidy/additive.ts';
import { plantDeal } from './deals.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

/** What the next release may bring, by the rule for migrations: a column on every table that is no ledger, a table, an index. */
function nextRelease(tables: readonly string[]): Migration {
  const loose = tables.filter((name) => !(LEDGERS as readonly string[]).includes(name) && name !== 'migrations');
  return {
    name: '9999-next',
    async up(run) {
      for (const table of loose) await run(`alter table ${table} add column of_the_next_release text`);
      await run('create table next_things (tenant text not null, id text not null, primary key (tenant, id))');
      await run('create index outbox_by_next on outbox (of_the_next_release)');
    },
  };
}

describe.each(['SQLite', 'PostgreSQL'] as const)('%s', (name) => {
  let database: TestDatabase;
  let w: TestWorld;
  beforeAll(async () => {
    database = await openTestDatabase(name);
    const tables = (await database.db.introspection.getTables()).filter(({ schema }) => schema !== JOBS_SCHEMA).map((table) => table.name);
    const next = nextRelease(tables);
    expect(await faultsOf(next)).toEqual([]);
    migrations.push(next);
    try {
      expect(await migrate(database.db)).toEqual(['9999-next']);
    } finally {
      migrations.splice(migrations.indexOf(next), 1);
    }
    w = await openWorld({ database: database.address, variables: { COUNTERSIGN_KEY: TEST_KEY } });
  });
  afterAll(async () => {
    await w.stop();
    await database.close();
  });

  test('this release starts on the schema of the next one, says so, and carries a deal from its stage to the last signature', async () => {
    expect(w.logs.join('')).toContain('9999-next');
    const deal = plantDeal(w);
    deal.move('contractsent');
    const { envelopeId } = await deal.sent();
    for (const role of ['Customer', 'Countersigner']) w.sandbox.docusign.sign(envelopeId, role);
    await deal.becomes('completed');
    await w.settled();
    const dead = await w.db.selectFrom('outbox').select(['kind', 'error']).where('state', 'in', ['parked', 'held']).execute();
    expect(dead).toEqual([]);
    const checks = await asServer(() => verifyLedgers(w.db));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.find(({ ledger }) => ledger === 'facts')).toMatchObject({ ok: true });
  });
});
