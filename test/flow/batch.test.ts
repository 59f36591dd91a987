import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fact } from '#core/fact';
import { newId } from '#lib/ids';
import { putOwnNotice } from '#store/inbox';
import { verifyLedger } from '#store/ledger';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { plantDeal } from './deals.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

describe.each(['SQLite', 'PostgreSQL'] as const)('notices that %s takes together', (name) => {
  let database: TestDatabase | undefined;
  let w: TestWorld;
  beforeAll(async () => {
    database = name === 'PostgreSQL' ? await openTestDatabase(name) : undefined;
    w = await openWorld(database ? { database: database.address, variables: { COUNTERSIGN_KEY: TEST_KEY } } : {});
  });
  afterAll(async () => {
    await w.stop();
    await database?.close();
  });

  const statusOf = (remote: string, status: 'viewed' | 'sent' = 'viewed'): Fact => ({
    type: 'envelope.status',
    at: w.clock.now(),
    data: { remote, envelope: null, status, seenBy: 'call', recipients: [] },
  });
  /** All or none are there when they are looked for. */
  async function tell(facts: readonly Fact[]): Promise<string[]> {
    const keys = facts.map(() => newId('ntc'));
    await w.db.transaction().execute(async (tx) => {
      for (const [place, fact] of facts.entries())
        await putOwnNotice(
          tx,
          w.tenant,
          { install: w.sign.id, key: keys[place] ?? '', kind: fact.type, at: fact.at, correlation: newId('cor'), facts: [fact] },
          w.clock.now() + place,
        );
    });
    w.world.flow.wake.inbox();
    return keys;
  }
  const read = async (keys: readonly string[]) => {
    const rows = await w.db.selectFrom('inbox').selectAll().where('key', 'in', keys).execute();
    return keys.map((key) => rows.find((row) => row.key === key) ?? expect.unreachable());
  };

  test('are laid aside alone where the database refuses one of them, and the others are settled once each', async () => {
    const keys = await tell(['one', 'two', 'not \0 for PostgreSQL', 'four', 'five'].map((remote) => statusOf(remote)));
    const refused = name === 'PostgreSQL';
    await w.until('all that can be settled', async () => (await read(keys)).every(({ state, attempts }, place) => state === 'done' || (refused && place === 2 && attempts > 0)));
    const rows = await read(keys);
    expect(rows.map(({ state, attempts }) => state === 'done' && attempts === 0)).toEqual([true, true, !refused, true, true]);
    const facts = await w.db
      .selectFrom('facts')
      .select('notice')
      .where(
        'notice',
        'in',
        rows.map(({ id }) => id),
      )
      .execute();
    expect(facts.map(({ notice }) => notice).sort()).toEqual(rows.flatMap(({ id, state }) => (state === 'done' ? id : [])).sort());
    expect(await verifyLedger(w.db, w.tenant, 'facts')).toMatchObject({ ok: true });
  });

  test('see what the ones before them changed', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent');
    const { envelopeId } = await deal.sent();
    await deal.becomes('sent');
    await w.settled();
    const keys = await tell([statusOf(envelopeId), statusOf(envelopeId), statusOf(envelopeId, 'sent')]);
    await w.until('all', async () => (await read(keys)).every(({ state }) => state === 'done'));
    const ids = (await read(keys)).map(({ id }) => id);
    const facts = await w.db.selectFrom('facts').select(['notice', 'outcome']).where('notice', 'in', ids).execute();
    // On PostgreSQL several are at work, and what comes first is not told. It moves the envelope, and the others see that.
    expect(facts.map(({ outcome }) => outcome).sort()).toEqual(['moved', 'noted', 'noted']);
    const stories = new Set((await read(keys)).map(({ correlation }) => correlation));
    expect([...stories]).toEqual([(await deal.envelopes())[0]?.envelope.correlation]);
  });
});
