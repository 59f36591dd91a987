import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { putOwnNotice } from '#store/inbox';
import { lockLedger } from '#store/ledger';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { putAccount } from '../store/fixtures.ts';
import { plantDeal } from './deals.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

let database: TestDatabase;
let w: TestWorld;
beforeAll(async () => {
  database = await openTestDatabase('PostgreSQL');
  w = await openWorld({ database: database.address, variables: { COUNTERSIGN_KEY: TEST_KEY } });
});
afterAll(async () => {
  await w.stop();
  await database.close();
});

test('on PostgreSQL a tenant whose notices take long keeps no other waiting, also in a process that answers requests', { retry: 2 }, async () => {
  const { tenant, crm } = await putAccount(database.db, 'Slow');
  const stateOf = async () => (await database.db.selectFrom('inbox').select('state').where('tenant', '=', tenant).executeTakeFirst())?.state;
  const waiting = sql<{
    since: string;
  }>`select xact_start::text as since from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' order by xact_start`;
  const waitingSince = async () => (await waiting.execute(database.db)).rows[0]?.since;
  const deal = plantDeal(w);
  await database.db.transaction().execute(async (tx) => {
    await lockLedger(tx, tenant, 'facts');
    await putOwnNotice(w.db, tenant, { install: crm.id, key: 'slow', kind: 'send.requested', at: w.clock.now(), correlation: 'cor_1', facts: [] }, w.clock.now());
    w.world.flow.wake.inbox();
    await w.until('it to be under way', async () => (await waitingSince()) !== undefined);
    const since = await waitingSince();
    deal.move('contractsent');
    await deal.becomes('sent');
    // It is still the same transaction that waits: the other was not served after it had given up.
    expect([await stateOf(), await waitingSince()]).toEqual(['ready', since]);
  });
  await w.until('it to be settled', async () => (await stateOf()) === 'noted');
});
