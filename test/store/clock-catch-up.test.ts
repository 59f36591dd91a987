import { CompiledQuery } from 'kysely';
import { expect, it } from 'vitest';
import { catchUp, clearAged } from '#store/clock-catch-up';
import { listAlarms, raiseAlarm } from '#store/alarms';
import { claimCursor, ensureCursor, STREAM } from '#store/cursors';
import type { Db } from '#store/database';
import { putEndpoint } from '#store/endpoints';
import { claimNotices } from '#store/inbox';
import { claimMessages, putMessages } from '#store/messages';
import { claimLane } from '#store/outbox';
import { claimStream } from '#store/streams';
import { wakeLanes } from '#store/wakes';
import { eachDatabase, type DatabaseName } from './databases.ts';
import { NOW, notice, put, putAccount, write } from './fixtures.ts';

const MINUTE_MS = 60_000;
const BY_MS = 10 * MINUTE_MS;
/** Where the clock was before it went back to `NOW`. */
const OLD = NOW + BY_MS;
const back = (db: Db) => catchUp(db, { now: NOW, by: BY_MS });

/** What was to come in five minutes: moved where nobody else dates rows. */
const soon = (name: DatabaseName): number => (name === 'SQLite' ? OLD + 5 * MINUTE_MS - BY_MS : OLD + 5 * MINUTE_MS);

async function putEndpointWith(db: Db) {
  const { tenant } = await putAccount(db);
  return db.transaction().execute(async (tx) => {
    const endpoint = await putEndpoint(tx, tenant, { url: 'https://example.com', events: [], description: '', createdBy: 'test' }, () => 'sealed', NOW);
    const message = { endpoint: endpoint.id, ordinal: 1, type: 'endpoint_test' as const, at: NOW, payload: '{}', envelope: null, correlation: 'cor_test' as const };
    for (const key of ['1', '2', '3']) await putMessages(tx, tenant, [{ ...message, key }], NOW);
    return endpoint;
  });
}

eachDatabase((name, open) => {
  it('notices that were due are taken now, in their order, and pauses are no longer than they were', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    const dates = { first: NOW - 1, second: NOW + 1, third: OLD, soon: OLD + 5 * MINUTE_MS, late: OLD + 30 * 24 * 60 * MINUTE_MS };
    const rows = Object.entries(dates).map(([key, run_at], place) => notice(crm, key, { run_at, id: `ntc_${place}` }));
    await db.insertInto('inbox').values(rows.reverse()).execute();
    await back(db);
    const taken = await db.transaction().execute((tx) => claimNotices(tx, NOW, 10));
    expect(taken.map(({ key }) => key)).toEqual(['first', 'second', 'third']);
    const later = await db.selectFrom('inbox').select(['key', 'run_at']).where('run_at', '>', NOW).orderBy('run_at').execute();
    expect(later).toEqual([
      { key: 'soon', run_at: soon(name) },
      { key: 'late', run_at: dates.late },
    ]);
  });

  it('more than one statement moves is moved, once', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    const rows = Array.from({ length: 2_300 }, (_, place) => notice(crm, `key-${place}`, { run_at: OLD - (place % 3), id: `ntc_${place}` }));
    for (let from = 0; from < rows.length; from += 500)
      await db
        .insertInto('inbox')
        .values(rows.slice(from, from + 500))
        .execute();
    expect(await back(db)).toBe(2_300);
    expect(await db.selectFrom('inbox').select('run_at').distinct().execute()).toEqual([{ run_at: NOW }]);
    expect(await back(db)).toBe(0);
  });

  it('a second try moves only what was due, which the first may have moved or not', async () => {
    const { db } = await open();
    const { crm } = await putAccount(db);
    for (const [key, run_at] of [
      ['due', OLD],
      ['soon', OLD + 5 * MINUTE_MS],
    ] as const)
      await db
        .insertInto('inbox')
        .values(notice(crm, key, { run_at }))
        .execute();
    expect(await catchUp(db, { now: NOW, by: BY_MS, again: true })).toBe(1);
    const { run_at } = await db.selectFrom('inbox').select('run_at').where('key', '=', 'soon').executeTakeFirstOrThrow();
    expect(run_at).toBe(OLD + 5 * MINUTE_MS);
  });

  it('effects that wait, are held or were left behind are due again, and so is their lane; what is done stays as it is', async () => {
    const { db } = await open();
    const account = await putAccount(db);
    await put(db, account, 1, ...['ready', 'held', 'leased', 'done'].map((record) => write(account.crm, record, { notBefore: OLD - 5 })));
    for (const state of ['held', 'leased', 'done'] as const) await db.updateTable('outbox').set({ state }).where('record', '=', `deal:${state}`).execute();
    await db.updateTable('lanes').set({ next_at: OLD, served_at: OLD }).where('install', '=', account.crm.id).execute();
    expect(await claimLane(db, NOW, 10)).toBeNull();
    await back(db);
    const rows = await db.selectFrom('outbox').select(['record', 'run_at']).execute();
    expect(Object.fromEntries(rows.map(({ record, run_at }) => [record, run_at]))).toEqual({
      'deal:ready': NOW,
      'deal:held': NOW,
      'deal:leased': NOW,
      'deal:done': OLD - 5,
    });
    expect((await claimLane(db, NOW, 10))?.effects.map(({ record }) => record).sort()).toEqual(['deal:leased', 'deal:ready']);
  });

  it('a lane that was served before the jump does not come after all that were served since', async () => {
    const { db } = await open();
    const [quiet, noisy] = [await putAccount(db), await putAccount(db)];
    for (const account of [quiet, noisy]) await put(db, account, 1, write(account.crm, '1'));
    await db
      .updateTable('lanes')
      .set({ served_at: OLD - MINUTE_MS })
      .where('install', '=', quiet.crm.id)
      .execute();
    await back(db);
    await db.updateTable('lanes').set({ served_at: NOW }).where('install', '=', noisy.crm.id).execute();
    expect((await claimLane(db, NOW, 10))?.lane.install).toBe(quiet.crm.id);
  });

  it('messages and their endpoint are due again', async () => {
    const { db } = await open();
    const { id } = await putEndpointWith(db);
    await db.updateTable('messages').set({ run_at: OLD }).execute();
    await db.updateTable('messages').set({ state: 'leased' }).where('key', '=', '2').execute();
    await db.updateTable('messages').set({ state: 'done' }).where('key', '=', '3').execute();
    await db.updateTable('endpoints').set({ next_at: OLD, served_at: OLD }).where('id', '=', id).execute();
    expect(await claimMessages(db, NOW, 10)).toBeNull();
    await back(db);
    expect((await claimMessages(db, NOW, 10))?.messages.map(({ key }) => key).sort()).toEqual(['1', '2']);
    expect(await db.selectFrom('messages').select('run_at').where('state', '=', 'done').execute()).toEqual([{ run_at: OLD }]);
  });

  it('rounds are due again, but for one that runs', async () => {
    const { db } = await open();
    const { tenant, crm, sign } = await putAccount(db);
    for (const install of [crm.id, sign.id]) await ensureCursor(db, tenant, install, 'changes', OLD - 1);
    await claimCursor(db, OLD, BY_MS, { install: sign.id, name: 'changes' });
    const running = () => db.selectFrom('cursors').select(['next_at', 'lease_until', 'started_at']).where('install', '=', sign.id).executeTakeFirstOrThrow();
    const before = await running();
    expect(await claimCursor(db, NOW, BY_MS)).toBeNull();
    await back(db);
    expect((await claimCursor(db, NOW, BY_MS))?.install).toBe(crm.id);
    expect(await claimCursor(db, NOW, BY_MS)).toBeNull();
    // Where processes die and others go on, no lease lasts longer than from now on.
    if (name === 'SQLite') expect(await running()).toEqual(before);
    else expect((await running()).lease_until).toBeLessThanOrEqual(Date.now() + BY_MS);
  });

  it('a stream is begun anew: whoever heard it notices, and it can be taken at once', async () => {
    const { db } = await open();
    const { tenant, crm } = await putAccount(db);
    await ensureCursor(db, tenant, crm.id, STREAM, NOW);
    const lost = await claimStream(db, tenant, crm.id, OLD - 1, OLD + MINUTE_MS);
    expect(await claimStream(db, tenant, crm.id, NOW + 1, OLD)).toBeUndefined();
    await back(db);
    const taken = await claimStream(db, tenant, crm.id, NOW + 1, NOW + MINUTE_MS);
    expect(taken?.started_at).toBe(NOW + 1);
    expect(lost?.started_at).toBe(OLD - 1);
    // One that was begun since is left alone once the clock has come there.
    await catchUp(db, { now: NOW + 2, by: BY_MS });
    expect((await db.selectFrom('cursors').select('started_at').executeTakeFirstOrThrow()).started_at).toBe(NOW + 1);
  });

  it('an alarm goes when it is old, or of a clock that was far ahead', async () => {
    const { db } = await open();
    const cleared = async (at: number) => {
      await raiseAlarm(db, { code: 'clock-jumped', subject: 'server', tenant: null, say: 'It jumped.' }, at);
      await clearAged(db, 'clock-jumped', 'server', NOW, MINUTE_MS);
      const left = await listAlarms(db);
      await db.deleteFrom('alarms').execute();
      return left.length === 0;
    };
    const seen = [];
    for (const at of [NOW - MINUTE_MS, NOW - MINUTE_MS + 1, NOW, NOW + MINUTE_MS, NOW + MINUTE_MS + 1]) seen.push(await cleared(at));
    expect(seen).toEqual([true, false, false, false, true]);
  });

  if (name === 'PostgreSQL') {
    it('wake-ups of a database whose clock went back too are for now, and those of a later time stay', async () => {
      const { db } = await open();
      for (const lane of ['1', '2', '3']) await wakeLanes(db, [{ kind: 'perform', lane }]);
      const jobs = 'graphile_worker._private_jobs';
      const shift = (lane: string, interval: string) =>
        db.executeQuery(CompiledQuery.raw(`update ${jobs} set run_at = now() + interval '${interval}' where payload ->> 'lane' = '${lane}'`));
      await shift('1', '9 minutes');
      await shift('2', '11 minutes');
      await back(db);
      // A lane that has a wake-up gets no other, so this one would be for later still.
      await wakeLanes(db, [{ kind: 'perform', lane: '1' }]);
      const { rows } = await db.executeQuery<{ lane: string; due: boolean }>(
        CompiledQuery.raw(`select payload ->> 'lane' as lane, run_at <= now() as due from ${jobs} order by 1`),
      );
      expect(rows).toEqual([
        { lane: '1', due: true },
        { lane: '2', due: false },
        { lane: '3', due: true },
      ]);
    });
  }
});
