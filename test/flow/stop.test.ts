import { describe, expect, test } from 'vitest';
import { verifyLedger } from '#store/ledger';
import { migrate, openDatabase } from '#store/database';
import { createWorld } from '#src/world';
import { createLog } from '#lib/log';
import { openTestDatabase } from '../store/databases.ts';
import { plantDeal } from './deals.ts';
import { postCrm, stageEvent } from './wire.ts';
import { openWorld, TEST_KEY, testConfig } from './world.ts';

describe('a server that is stopped under load', () => {
  test('has kept every delivery that it accepted, and ends what it began', async () => {
    const w = await openWorld();
    const deals = Array.from({ length: 20 }, () => plantDeal(w));
    for (const deal of deals.slice(0, 5)) deal.move('contractsent');
    const answers = Array.from({ length: 300 }, (_, index) => {
      const event = stageEvent(w, deals[index % deals.length]?.id ?? '', 'qualified', { occurredAt: 1_000_000 + index });
      return postCrm(w, [event]).then(
        ({ status }) => ({ status, at: 1_000_000 + index }),
        () => ({ status: 0, at: 1_000_000 + index }),
      );
    });
    await w.until('some of them', async () => (await w.db.selectFrom('inbox').select('id').where('at', '<', 2_000_000).execute()).length > 20);
    await w.stop(true);
    const settled = await Promise.all(answers);
    const accepted = settled.filter(({ status }) => status === 204).map(({ at }) => at);
    expect(accepted.length).toBeGreaterThan(20);
    expect(settled.every(({ status }) => [204, 503, 0].includes(status))).toBe(true);

    const db = openDatabase(`${w.folder}/test.db`);
    const kept = new Set((await db.selectFrom('inbox').select('at').execute()).map(({ at }) => at));
    expect(accepted.filter((at) => !kept.has(at))).toEqual([]);
    // What was begun has come to an end: no effect is in anybody's hands.
    expect(await db.selectFrom('outbox').select('id').where('state', '=', 'leased').execute()).toEqual([]);
    for (const ledger of ['facts', 'receipts', 'audit'] as const) expect(await verifyLedger(db, w.tenant, ledger)).toMatchObject({ ok: true });
    await db.destroy();
    await w.stop();
  });

  test('stops once, however often it is told to, and answers that it is not ready', async () => {
    const w = await openWorld({ connect: false });
    await Promise.all([w.world.stop(), w.world.stop()]);
    await expect(fetch(`${w.address}/readyz`)).rejects.toThrow();
    await w.stop();
  });
});

describe('two servers on one database', () => {
  test('do nothing twice between them', { timeout: 240_000 }, async () => {
    const database = await openTestDatabase('PostgreSQL');
    const variables = { COUNTERSIGN_KEY: TEST_KEY };
    const first = await openWorld({ database: database.address, variables });
    // The second one is reached at its own port and believes to be the first: so it would be behind one public address.
    const config = testConfig(first.folder, { database: database.address, variables, config: { publicUrl: first.address } });
    const second = await createWorld(config, { clock: first.clock, log: createLog('silent'), seed: 2, engine: 'embedded' });
    await second.start();
    const deals = Array.from({ length: 12 }, () => plantDeal(first));
    first.misbehave({ duplicate: 1, lostReply: 0.05 });
    for (const deal of deals) deal.move('contractsent');
    await Promise.all(deals.map((deal) => second.desk.send(first.tenant, deal.id, { key: `two ${deal.id}`, by: 'a test' })));
    for (const deal of deals) await deal.becomes('sent');
    for (const deal of deals) {
      const [remote] = deal.remote();
      if (remote) first.sandbox.docusign.sign(remote.envelopeId, 'Customer');
      if (remote) first.sandbox.docusign.decline(remote.envelopeId, 'Countersigner', 'No.');
    }
    for (const deal of deals) await deal.becomes('declined');
    await first.settled();
    first.behave();
    expect(deals.map((deal) => deal.remote().length)).toEqual(deals.map(() => 1));
    expect(deals.map((deal) => first.sandbox.hubspot.account.linked(deal.id, 'tasks').length)).toEqual(deals.map(() => 1));
    for (const { flow } of [first.world, second]) expect((await flow.metrics.facts.get()).values.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThan(0);
    const twice = await database.db
      .selectFrom('receipts')
      .select(['effect', ({ fn }) => fn.countAll<number>().as('times')])
      .where('outcome', 'in', ['done', 'partly'])
      .groupBy('effect')
      .having(({ fn }) => fn.countAll(), '>', 1)
      .execute();
    expect(twice).toEqual([]);
    for (const ledger of ['facts', 'receipts', 'audit'] as const) expect(await verifyLedger(database.db, first.tenant, ledger)).toMatchObject({ ok: true });
    await second.stop();
    await first.stop();
    await database.close();
  });

  test('started at the same time on an empty one both come up', async () => {
    const database = await openTestDatabase('PostgreSQL', { empty: true });
    const peers = [openDatabase(database.address), openDatabase(database.address)];
    const ran = await Promise.all(peers.map((peer) => migrate(peer)));
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
    for (const peer of peers) await peer.destroy();
    await database.close();
  });
});
