import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Effect } from '#core/effect';
import { updateInstall } from '#store/installs';
import type { Db } from '#store/database';
import {
  claimLane,
  getEffect,
  holdEffects,
  LANE_LEASE_MS,
  nextEffectAt,
  releaseLane,
  reviveEffect,
  settleEffects,
  type Lane,
  type OutboxEffect,
  type Settlement,
} from '#store/outbox';
import { parkLeft, scrubEffect } from '#store/remains';
import { fieldsWrittenLater } from '#store/written';
import { eachDatabase } from './databases.ts';
import { NOW, put, putAccount, write, type Account } from './fixtures.ts';

type Claim = { lane: Lane; effects: OutboxEffect[] };

async function claim(db: Db, now = NOW, limit = 100): Promise<Claim> {
  const claimed = await claimLane(db, now, limit);
  if (!claimed) throw new Error('No lane has anything due.');
  return claimed;
}
const settle = (db: Db, lane: Lane, effects: readonly OutboxEffect[], as: Omit<Settlement, 'id'> = { state: 'done' }, now = NOW) =>
  db.transaction().execute((tx) =>
    settleEffects(
      tx,
      lane,
      effects.map(({ id }) => ({ id, ...as })),
      now,
    ),
  );
async function serve(db: Db, now: number, limit = 100): Promise<Claim | null> {
  const claimed = await claimLane(db, now, limit);
  if (!claimed) return null;
  await settle(db, claimed.lane, claimed.effects, { state: 'done' }, now);
  await releaseLane(db, claimed.lane, 0);
  return claimed;
}
const rows = (db: Db) => db.selectFrom('outbox').selectAll().orderBy('ordinal').execute();
const states = async (db: Db) => (await rows(db)).map(({ state }) => state);
const deals = (effects: readonly OutboxEffect[]) => effects.map(({ record }) => record?.replace('deal:', ''));
const remind = ({ sign }: Account, over: Partial<Effect> = {}) => ({ ...write(sign, ''), kind: 'envelope.remind', data: { envelope: 'env_1' }, ...over }) as Effect;

eachDatabase((_name, open) => {
  it('equal keys are one effect for ever, for each tenant by itself', async () => {
    const { db } = await open();
    const [a, b] = [await putAccount(db), await putAccount(db)];
    const same = { key: 'write|1' };
    expect(await put(db, a, 1, write(a.crm, '1', same), write(a.crm, '1', same), write(a.crm, '2'))).toBe(2);
    await serve(db, NOW);
    expect(await put(db, a, 2, write(a.crm, '1', same))).toBe(0);
    expect(await put(db, b, 1, write(b.crm, '1', same))).toBe(1);
    expect(await put(db, b, 1)).toBe(0);
    expect((await states(db)).sort()).toEqual(['done', 'done', 'ready']);
  });

  it('each of 200 lanes is served before any is served twice, however much a noisy one has', async () => {
    const { db } = await open();
    const noisy = await putAccount(db);
    await put(db, noisy, 1, ...Array.from({ length: 500 }, (_, place) => write(noisy.crm, `noisy-${place}`)));
    const { tenant } = noisy;
    const installs = Array.from({ length: 199 }, (_, place) => ({ ...noisy.crm, id: `ins_quiet${place}` as const, account: `quiet-${place}`, hook: `hook-${place}` }));
    await db.insertInto('installs').values(installs).execute();
    await db
      .insertInto('lanes')
      .values(installs.map(({ id }) => ({ install: id, tenant, next_at: 0, lease_until: 0, served_at: 0, epoch: 0 })))
      .execute();
    for (const one of installs) await put(db, noisy, 2, write(one, 'x'), write(one, 'y'));
    const served: string[] = [];
    for (let turn = 1; turn <= 250; turn++) served.push((await serve(db, NOW + turn, 1))?.lane.install ?? 'nobody');
    expect(new Set(served.slice(0, 200)).size).toBe(200);
    expect(new Set(served.slice(200)).size).toBe(50);
    expect(served).not.toContain('nobody');
  });

  it('clicks go first, then what is older; a turn performs what it took in the order of its causes', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const { crm } = account;
    await put(db, account, 1, write(crm, 'old'), write(crm, 'background', { priority: 8 }));
    await put(db, account, 2, write(crm, 'newer'), write(crm, 'click', { priority: 2 }));
    await put(db, account, 3, write(crm, 'not due', { notBefore: NOW + 1 }));
    const turns = [];
    for (let turn = 0; turn < 2; turn++) turns.push(deals((await serve(db, NOW, 2))?.effects ?? []));
    expect(turns).toEqual([
      ['old', 'click'],
      ['background', 'newer'],
    ]);
    expect(await claimLane(db, NOW, 2)).toBeNull();
  });

  it('a later value of a record is never written before an earlier one, whatever their times, priorities and the size of a turn', async () => {
    const { db } = await open();
    const one = fc.record({ record: fc.integer({ min: 1, max: 3 }), priority: fc.constantFrom(2, 5, 8), wait: fc.constantFrom(0, 0, 10, 100) });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 4 }), async (effects, limit) => {
        const account = await putAccount(db);
        for (const [ordinal, { record, priority, wait }] of effects.entries())
          await put(db, account, ordinal, write(account.crm, `${record}`, { priority, notBefore: NOW + wait }));
        const written = new Map<string, number>();
        for (let now = NOW; now < NOW + 200; now += 5) {
          const served = await serve(db, now, limit);
          for (const { record, ordinal } of served?.effects ?? []) {
            expect(ordinal).toBeGreaterThan(written.get(record ?? '') ?? -1);
            written.set(record ?? '', ordinal);
          }
        }
        expect(await db.selectFrom('outbox').select('id').where('state', '<>', 'done').execute()).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('a lane has one holder; of many who ask at once, each gets another lane', async () => {
    const { db, peers } = await open();
    const accounts = [await putAccount(db), await putAccount(db), await putAccount(db)];
    for (const account of accounts) await put(db, account, 1, write(account.crm, '1'));
    const claims = await Promise.all(peers(5).map((peer) => claimLane(peer, NOW, 10)));
    const taken = claims.flatMap((one) => one?.lane.install ?? []);
    expect(new Set(taken).size).toBe(taken.length);
    while (taken.length < 3) taken.push((await claim(db)).lane.install);
    expect([...taken].sort()).toEqual(accounts.map(({ crm }) => crm.id).sort());
    expect(await claimLane(db, NOW, 10)).toBeNull();
  });

  it('a worker that stalled settles nothing, and what it left is done by another with the attempt counted', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1'), write(account.crm, '2'));
    const stalled = await claim(db);
    expect(stalled.effects.map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect(await claimLane(db, NOW + LANE_LEASE_MS - 1, 10)).toBeNull();

    const next = await claim(db, NOW + LANE_LEASE_MS);
    expect(next.effects.map(({ id, attempts }) => [id, attempts])).toEqual(stalled.effects.map(({ id }) => [id, 2]));
    expect(await settle(db, stalled.lane, stalled.effects)).toEqual(new Set());
    expect(await states(db)).toEqual(['leased', 'leased']);

    await releaseLane(db, stalled.lane, 0);
    expect(await claimLane(db, NOW + LANE_LEASE_MS, 10)).toBeNull();
    expect(await settle(db, next.lane, next.effects)).toEqual(new Set(next.effects.map(({ id }) => id)));
    expect(await settle(db, next.lane, next.effects)).toEqual(new Set());
  });

  it('what a worker left is taken up even where nothing else is due', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1'));
    await claim(db);
    await put(db, account, 2, write(account.crm, '2', { notBefore: NOW + 10 * LANE_LEASE_MS }));
    expect(deals((await claim(db, NOW + LANE_LEASE_MS)).effects)).toEqual(['1']);
  });

  it('settled effects are ready again, parked, held or cancelled as told, with their error', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, ...['done', 'ready', 'parked', 'held', 'cancelled'].map((state) => write(account.crm, state)));
    const { lane, effects } = await claim(db);
    const mine = await db.transaction().execute((tx) =>
      settleEffects(
        tx,
        lane,
        effects.map(({ id, record }) => {
          const state = record?.slice(5) as Settlement['state'];
          return { id, state, ...(state === 'ready' ? { runAt: NOW + 7 } : {}), error: state === 'done' ? null : `"${state}"` };
        }),
        NOW,
      ),
    );
    expect(mine.size).toBe(5);
    expect((await rows(db)).map(({ state, error, run_at }) => [state, error, run_at - NOW])).toEqual([
      ['done', null, 0],
      ['ready', '"ready"', 7],
      ['parked', '"parked"', 0],
      ['held', '"held"', 0],
      ['cancelled', '"cancelled"', 0],
    ]);
  });

  it('a lane stays closed while its vendor wants a pause, and while its install needs a person', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const { tenant, crm } = account;
    await put(db, account, 1, write(crm, '1'), remind(account));
    const lanes = [await claim(db), await claim(db)];
    for (const { lane, effects } of lanes) {
      await settle(db, lane, effects, { state: 'ready' });
      await releaseLane(db, lane, lane.install === crm.id ? NOW + 100 : 0);
    }
    expect((await claim(db)).lane.install).toBe(account.sign.id);
    expect(await claimLane(db, NOW + 99, 10)).toBeNull();
    await updateInstall(db, tenant, crm.id, { state: 'reauthorize' });
    expect(await claimLane(db, NOW + 100, 10)).toBeNull();
    await updateInstall(db, tenant, crm.id, { state: 'active' });
    expect((await claim(db, NOW + 100)).lane.install).toBe(crm.id);
  });

  it('the time of the next effect counts pauses, and neither held lanes nor installs that need a person', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    expect(await nextEffectAt(db, NOW)).toBeNull();
    await put(db, account, 1, write(account.crm, '1', { notBefore: NOW + 50 }), write(account.crm, '2', { notBefore: NOW + 20 }));
    expect(await nextEffectAt(db, NOW)).toBe(NOW + 20);
    await db
      .updateTable('lanes')
      .set({ next_at: NOW + 30 })
      .execute();
    expect(await nextEffectAt(db, NOW)).toBe(NOW + 30);
    const { lane } = await claim(db, NOW + 30);
    expect(await nextEffectAt(db, NOW + 30)).toBeNull();
    await releaseLane(db, lane, NOW + 60);
    expect(await nextEffectAt(db, NOW + 30)).toBe(NOW + 60);
    await updateInstall(db, account.tenant, account.crm.id, { state: 'left' });
    expect(await nextEffectAt(db, NOW + 60)).toBeNull();
  });

  it('effects of one install are held and go on again; what is under way or done stays as it is', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1'));
    await claim(db);
    await put(db, account, 2, write(account.crm, '2'), remind(account));
    await holdEffects(db, account.tenant, account.crm.id, true, NOW);
    expect(await states(db)).toEqual(['leased', 'held', 'ready']);
    await holdEffects(db, account.tenant, account.crm.id, false, NOW);
    expect(await states(db)).toEqual(['leased', 'ready', 'ready']);
  });

  it('a dead letter is mended and goes ahead of background work, or is laid aside, once', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    const { tenant, crm } = account;
    await put(db, account, 1, write(crm, '1'), write(crm, '2'));
    const { lane, effects } = await claim(db);
    await settle(db, lane, effects, { state: 'parked', error: '"refused"' });
    const [first, second] = effects.map(({ id }) => id);
    if (!first || !second) throw new Error('Two effects were claimed.');
    expect(await reviveEffect(db, tenant, first, { state: 'ready', data: '{"mended":true}' }, NOW + 1)).toMatchObject({
      state: 'ready',
      data: '{"mended":true}',
      priority: 2,
      run_at: NOW + 1,
      attempts: 1,
    });
    expect(await reviveEffect(db, tenant, second, { state: 'cancelled' }, NOW)).toMatchObject({ state: 'cancelled', priority: 5 });
    await expect(reviveEffect(db, tenant, second, { state: 'ready' }, NOW)).rejects.toMatchObject({ code: 'request.not-found' });
    await db.transaction().execute((tx) => scrubEffect(tx, tenant, second, '{}'));
    expect(await getEffect(db, tenant, second)).toMatchObject({ data: '{}' });
    await expect(getEffect(db, tenant, 'eff_other')).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('a field that was refused is a dead letter of its own, once; and what was written later is known', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, write(account.crm, '1'));
    await put(db, account, 2, write(account.crm, '1', { data: { record: { type: 'deal', id: '1' }, set: { signed: true, at: null } } }));
    const { lane, effects } = await claim(db);
    await settle(db, lane, effects);
    const [first] = effects;
    if (!first) throw new Error('Two effects were claimed.');
    const park = () => db.transaction().execute((tx) => parkLeft(tx, first, 'status', 'sent', '"refused"', NOW));
    await park();
    await park();
    const parked = (await rows(db)).filter(({ state }) => state === 'parked');
    expect(parked).toMatchObject([{ record: 'deal:1', ordinal: first.ordinal, data: '{"record":{"type":"deal","id":"1"},"set":{"status":"sent"}}', error: '"refused"' }]);
    expect(await fieldsWrittenLater(db, account.tenant, 'deal:1', first.ordinal)).toEqual(new Set(['signed', 'at']));
    expect(await fieldsWrittenLater(db, account.tenant, 'deal:2', 0)).toEqual(new Set());
  });
});
