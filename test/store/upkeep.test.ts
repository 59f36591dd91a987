import { CompiledQuery } from 'kysely';
import { expect, it } from 'vitest';
import { migrations } from '#migrations/index';
import { databaseHealth, overdueEffects } from '#store/health';
import { updateInstall } from '#store/installs';
import { claimLane, releaseLane, settleEffects } from '#store/outbox';
import { sweepDeliveries } from '#store/retention';
import { eachDatabase } from './databases.ts';
import { NOW, notice, put, putAccount, write } from './fixtures.ts';

const GUARDS_OF_POSTGRES = 'select tgname as name, tgrelid::regclass::text as of from pg_trigger where not tgisinternal';

eachDatabase((name, open) => {
  it('a database that is up to date is healthy; a guard that is gone and a migration that has not run are named', async () => {
    const { db } = await open();
    const kind = name === 'SQLite' ? 'sqlite' : 'postgres';
    expect(await databaseHealth(db)).toEqual({ kind, behind: [], missingGuards: [], durable: true });
    const triggers = name === 'SQLite' ? "select name, tbl_name as of from sqlite_master where type = 'trigger'" : GUARDS_OF_POSTGRES;
    const guards = (await db.executeQuery<{ name: string; of: string }>(CompiledQuery.raw(triggers))).rows.filter((guard) => guard.name.includes('_no_'));
    for (const { name: guard, of } of guards) await db.executeQuery(CompiledQuery.raw(`drop trigger ${guard}${name === 'SQLite' ? '' : ` on ${of}`}`));
    await db.deleteFrom('migrations').execute();
    const health = await databaseHealth(db);
    expect(health).toMatchObject({ kind, behind: migrations.map((one) => one.name), durable: true });
    expect(health.missingGuards.toSorted()).toEqual(guards.map((guard) => guard.name).toSorted());
  });

  if (name === 'PostgreSQL')
    it('a guard that is there and does not stand is missing', async () => {
      const { db } = await open();
      await db.executeQuery(CompiledQuery.raw('alter table consents disable trigger consents_no_update'));
      expect((await databaseHealth(db)).missingGuards).toEqual(['consents_no_update']);
    });

  it('a database that forgets what it confirmed is told', async () => {
    const { db, peers } = await open();
    const [peer = db] = peers(1);
    if (name === 'SQLite') await peer.executeQuery(CompiledQuery.raw('pragma synchronous = normal'));
    else await peer.executeQuery(CompiledQuery.raw('set synchronous_commit = off'));
    expect(await databaseHealth(peer)).toMatchObject({ durable: false });
  });

  it('effects that nobody serves are told, and not those that wait for a pause, a person or their time', async () => {
    const { db } = await open();
    const [late, paused, lost] = [await putAccount(db), await putAccount(db), await putAccount(db)];
    for (const account of [late, paused, lost]) await put(db, account, 1, write(account.crm, '1'), write(account.crm, '2', { notBefore: NOW + 5000 }));
    await db
      .updateTable('lanes')
      .set({ next_at: NOW + 5000 })
      .where('install', '=', paused.crm.id)
      .execute();
    await updateInstall(db, lost.tenant, lost.crm.id, { state: 'reauthorize' });
    expect((await overdueEffects(db, NOW + 1)).map(({ install, count }) => [install, Number(count)])).toEqual([[late.crm.id, 1]]);
    const claimed = await claimLane(db, NOW, 10);
    if (!claimed) throw new Error('An effect is due.');
    await db.transaction().execute((tx) =>
      settleEffects(
        tx,
        claimed.lane,
        claimed.effects.map(({ id }) => ({ id, state: 'done' })),
        NOW,
      ),
    );
    await releaseLane(db, claimed.lane, 0);
    expect(await overdueEffects(db, NOW + 1)).toEqual([]);
  });

  it('old deliveries go once they are settled; what waits, is a dead letter or is young stays', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    const states = ['ready', 'dead', 'done', 'noted'] as const;
    const delivery = (id: string, received_at: number) => ({ id: `dlv_${id}` as const, vendor: 'a-crm', received_at, headers: '{}', body: Buffer.from(id), fault: null });
    await db
      .insertInto('deliveries')
      .values([...states.map((state) => delivery(state, NOW)), delivery('mixed', NOW), delivery('nothing', NOW), delivery('young', NOW + 1)])
      .execute();
    await db
      .insertInto('inbox')
      .values([...states.map((state) => notice(crm, state, { state, delivery: `dlv_${state}` })), notice(crm, 'own', { state: 'ready' })])
      .execute();
    await db
      .insertInto('inbox')
      .values([notice(crm, 'mixed 1', { state: 'done', delivery: 'dlv_mixed' }), notice(crm, 'mixed 2', { state: 'ready', delivery: 'dlv_mixed' })])
      .execute();
    expect([await sweepDeliveries(db, NOW + 1), await sweepDeliveries(db, NOW + 1)]).toEqual([3, 0]);
    const left = await db.selectFrom('deliveries').select('id').orderBy('id').execute();
    expect(left.map(({ id }) => id)).toEqual(['dlv_dead', 'dlv_mixed', 'dlv_ready', 'dlv_young']);
  });
});
