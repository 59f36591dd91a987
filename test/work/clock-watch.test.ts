import { CompiledQuery } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { isAhead, systemClock, type Clock } from '#lib/clock';
import { createLog } from '#lib/log';
import type { InstallId } from '#core/ids';
import { listAlarms } from '#store/alarms';
import type { Db } from '#store/database';
import { claimLane, nextEffectAt, releaseLane, settleEffects } from '#store/outbox';
import { OVERDUE } from '#store/overdue';
import { asServer } from '#store/scope';
import { alone } from '#work/alone';
import { createClockWatch } from '#work/clock-watch';
import { createEmbeddedLanes } from '#work/embedded-lanes';
import { createGraphileLanes } from '#work/graphile-lanes';
import type { Lanes, LaneWork } from '#work/lanes';
import { eachDatabase, type DatabaseName } from '../store/databases.ts';
import { NOW, notice, put, putAccount, write, type Account } from '../store/fixtures.ts';
import { until } from './stage.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const log = createLog('silent');

/** A watch over a clock that the test plays: `pass` lets time go by, `jump` moves the clock alone. */
function watching(db: Db) {
  const time = { wall: NOW, steady: 5 };
  const woken = { times: 0 };
  const clock: Clock = { ...systemClock, now: () => time.wall };
  const watch = createClockWatch({ db, clock, steady: () => time.steady, log, host: 'a-host', wake: () => void woken.times++ });
  const pass = async (ms: number, jumpMs = 0) => {
    time.wall += ms + jumpMs;
    time.steady += ms;
    await watch.turn();
  };
  const alarms = async () => (await listAlarms(db)).map(({ say }) => say);
  return { pass, alarms, woken, now: () => time.wall };
}

eachDatabase((name, open) => {
  const dated = async (db: Db, run_at: number) => {
    const { crm } = await putAccount(db);
    await db
      .insertInto('inbox')
      .values(notice(crm, 'one', { run_at }))
      .execute();
    return async () => (await db.selectFrom('inbox').select('run_at').executeTakeFirstOrThrow()).run_at;
  };

  it('a clock that is steered, or slow to be looked at, has not jumped', async () => {
    const { db } = await open();
    const w = watching(db);
    const at = await dated(db, NOW + 5 * MINUTE_MS);
    for (let time = 0; time < 5; time++) await w.pass(SECOND_MS, time % 2 ? 29_000 : -29_000);
    await w.pass(10 * MINUTE_MS);
    expect([await w.alarms(), w.woken.times, await at()]).toEqual([[], 0, NOW + 5 * MINUTE_MS]);
  });

  it('a jump back is told, what was due by then is due now, and the lanes are woken, once', async () => {
    const { db } = await open();
    const w = watching(db);
    const at = await dated(db, NOW);
    await w.pass(SECOND_MS);
    await w.pass(SECOND_MS, -10 * MINUTE_MS);
    expect([await w.alarms(), w.woken.times, await at()]).toEqual([[expect.stringMatching(/^The clock of a-host jumped back by 10 minutes, to 2025-/)], 1, w.now()]);
    await w.pass(SECOND_MS);
    expect([(await listAlarms(db)).map(({ count }) => count), w.woken.times]).toEqual([[1], 1]);
  });

  it('a jump ahead is told, and moves nothing', async () => {
    const { db } = await open();
    const w = watching(db);
    const at = await dated(db, NOW + HOUR_MS);
    await w.pass(SECOND_MS, 3 * HOUR_MS);
    expect([await w.alarms(), w.woken.times, await at()]).toEqual([[expect.stringContaining('jumped ahead by 3 hours')], 0, NOW + HOUR_MS]);
  });

  it('the alarm goes once the clock has been steady for an hour', async () => {
    const { db } = await open();
    const w = watching(db);
    await w.pass(SECOND_MS, -40 * SECOND_MS);
    await w.pass(HOUR_MS - 2 * MINUTE_MS);
    expect(await w.alarms()).toEqual([expect.stringContaining('back by 40 seconds')]);
    await w.pass(2 * MINUTE_MS);
    expect(await w.alarms()).toEqual([]);
  });

  it('what the database refused is done once it answers, in the words of the jump', async () => {
    const { db } = await open();
    const w = watching(db);
    const at = await dated(db, NOW);
    const rename = (from: string, to: string) => db.executeQuery(CompiledQuery.raw(`alter table ${from} rename to ${to}`));
    await rename('messages', 'elsewhere');
    await expect(w.pass(SECOND_MS, -10 * MINUTE_MS)).rejects.toThrow();
    await rename('elsewhere', 'messages');
    await db.updateTable('inbox').set({ run_at: NOW }).execute();
    await w.pass(SECOND_MS);
    expect([(await listAlarms(db)).map(({ count }) => count), w.woken.times, await at()]).toEqual([[1], 1, w.now()]);
    await w.pass(SECOND_MS);
    expect(w.woken.times).toBe(1);
  });

  it('a clock that came back by itself, before anything could be done, owes nothing', async () => {
    const { db } = await open();
    const w = watching(db);
    const at = await dated(db, NOW + 5 * MINUTE_MS);
    await db.executeQuery(CompiledQuery.raw('alter table messages rename to elsewhere'));
    await expect(w.pass(SECOND_MS, -HOUR_MS)).rejects.toThrow();
    await db.executeQuery(CompiledQuery.raw('alter table elsewhere rename to messages'));
    await db
      .updateTable('inbox')
      .set({ run_at: NOW + 5 * MINUTE_MS })
      .execute();
    await w.pass(SECOND_MS, HOUR_MS);
    expect([w.woken.times, await at()]).toEqual([0, NOW + 5 * MINUTE_MS]);
  });

  describe('lanes whose clock goes back', () => {
    const running: Lanes[] = [];
    afterEach(async () => {
      for (const lanes of running.splice(0)) await lanes.stop();
    });

    it('do what was dated before, and what comes after whether or not anybody wakes them', async () => {
      const { db, address } = await open();
      const { lanes, done, watch, shift, give } = await begin(name, db, address);
      running.push(lanes);
      await give(0);
      await until('the first', () => done.length === 1);
      // Due in a moment, by a clock that does not come there any more.
      await give(300);
      shift(-10 * MINUTE_MS);
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(done).toHaveLength(1);
      await watch.turn();
      await until('what was due', () => done.length === 2);
      await give(0, { unheard: true });
      await until('what nobody was told of', () => done.length === 3, 15_000);
    });
  });

  it('what one process does for all is done by the clock as it is now', async () => {
    const { db } = await open();
    const time = { now: NOW };
    const turns: number[] = [];
    let next = 0;
    const work = { nextAt: async () => next, turn: async () => turns.push(time.now) > 0 };
    const clock: Clock = { ...systemClock, now: () => time.now };
    const [one, other] = [alone({ db, clock, name: 'upkeep', leaseMs: MINUTE_MS }, work), alone({ db, clock, name: 'upkeep', leaseMs: MINUTE_MS }, work)];
    await one.turn();
    expect([await other.turn(), await other.nextAt()]).toEqual([false, NOW + 15_000]);
    time.now -= HOUR_MS;
    next = time.now;
    expect(await other.nextAt()).toBe(time.now);
    await other.turn();
    expect(turns).toEqual([NOW, NOW - HOUR_MS]);
  });
});

it('what lies further ahead than it can is not waited for', () => {
  expect([NOW - 1, NOW, NOW + 1, NOW + MINUTE_MS, NOW + MINUTE_MS + 1].map((at) => isAhead(at, NOW, MINUTE_MS))).toEqual([false, false, true, true, false]);
});

/** Real lanes of the outbox, on a clock that can be shifted. */
async function begin(name: DatabaseName, db: Db, address: string) {
  let skewMs = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + skewMs };
  const lanes = name === 'SQLite' ? createEmbeddedLanes({ clock, log }) : createGraphileLanes({ db, address, clock, log });
  const account: Account = await putAccount(db);
  const done: string[] = [];
  const perform: LaneWork = {
    width: 2,
    async turn(lane) {
      const claimed = await claimLane(db, clock.now(), 100, lane as InstallId | undefined);
      if (!claimed) return false;
      const settled = claimed.effects.map(({ id }) => ({ id, state: 'done' as const }));
      await db.transaction().execute((tx) => settleEffects(tx, claimed.lane, settled, clock.now()));
      await releaseLane(db, claimed.lane, 0);
      done.push(...settled.map(({ id }) => id));
      return true;
    },
    nextAt: (lane) => nextEffectAt(db, clock.now(), lane as InstallId | undefined),
    overdue: (since, limit) => OVERDUE.perform(db, since, clock.now(), limit),
  };
  const idle: LaneWork = { width: 1, turn: async () => false, nextAt: async () => null, overdue: async () => [] };
  asServer(() => lanes.start({ advance: idle, perform, deliver: idle, reconcile: idle }));
  let ordinal = 0;
  async function give(inMs: number, { unheard = false } = {}): Promise<void> {
    await put(db, account, ++ordinal, write(account.crm, `record-${ordinal}`, { notBefore: clock.now() + inMs }));
    if (unheard && name === 'PostgreSQL') await db.executeQuery(CompiledQuery.raw('delete from graphile_worker._private_jobs where locked_at is null'));
    if (!unheard) lanes.wake('perform');
  }
  const watch = createClockWatch({ db, clock, steady: systemClock.now, log, host: 'a-host', wake: () => lanes.wake('perform') });
  return { lanes, done, give, watch, shift: (ms: number) => void (skewMs += ms) };
}
