import { afterEach, expect, it } from 'vitest';
import { PRIORITY } from '#core/effect';
import type { Db } from '#store/database';
import { claimLane } from '#store/outbox';
import { eachDatabase, type TestDatabase } from '../store/databases.ts';
import { put, putAccount, write, type Account } from '../store/fixtures.ts';
import { dieAfterCommit } from './dying.ts';
import { createEngine, give, total, until, type Engine, type StageOptions } from './stage.ts';

const SOON_MS = 1_500;

const running: Engine[] = [];

eachDatabase((name, open) => {
  // Before the databases are closed: what was added last runs first.
  afterEach(async () => {
    for (const { lanes } of running.splice(0)) await lanes.stop();
  });
  const begin = (database: TestDatabase, options: StageOptions = {}, db: Db = database.db): Engine => {
    const engine = createEngine(name, db, database.address, options);
    engine.start();
    running.push(engine);
    return engine;
  };
  const accounts = (db: Db, count: number): Promise<Account[]> => Promise.all(Array.from({ length: count }, () => putAccount(db)));

  it('a lane is served soon after the commit that gave it something to do', { retry: 2 }, async () => {
    const database = await open();
    const account = await putAccount(database.db);
    const engine = begin(database);
    await until('the first', async () => {
      await give(database.db, account, 1, {}, engine.lanes);
      return engine.turns.length > 0;
    });
    for (let time = 0; time < 5; time++) {
      const before = total(engine.turns);
      await give(database.db, account, 1, {}, engine.lanes);
      await until('a turn', () => total(engine.turns) > before, SOON_MS);
    }
  });

  // How soon is a matter of this machine's other work too, so it may be tried again.
  it('what is due later is done at its time, not before and hardly after, and does not delay what is due now', { retry: 2 }, async () => {
    const database = await open();
    const account = await putAccount(database.db);
    const engine = begin(database);
    const due = Date.now() + 2_500;
    await give(database.db, account, 1, { notBefore: due + 3_600_000 }, engine.lanes);
    await give(database.db, account, 1, { notBefore: due }, engine.lanes);
    await give(database.db, account, 1, {}, engine.lanes);
    await until('what is due now', () => total(engine.turns) === 1);
    expect(Date.now()).toBeLessThan(due);
    await until('what is due later', () => total(engine.turns) === 2);
    expect(Date.now()).toBeGreaterThanOrEqual(due);
    expect(Date.now()).toBeLessThan(due + 1_000);
  });

  it('a lane has one turn at a time, over all processes, and different lanes have theirs beside each other', async () => {
    const database = await open();
    const some = await accounts(database.db, 3);
    const during = () => new Promise<void>((resolve) => setTimeout(resolve, 15));
    const engines = database.peers(2).map((db) => begin(database, { batch: 1, during }, db));
    for (let time = 0; time < 6; time++) for (const account of some) await give(database.db, account, 1, {}, engines[time % 2]?.lanes);
    const turns = () => engines.flatMap((engine) => engine.turns);
    await until('all of it', () => turns().length === 18 && turns().every((one) => one.until < Number.POSITIVE_INFINITY));
    const beside = (same: boolean) =>
      turns().filter((one) => turns().some((other) => other !== one && (other.lane === one.lane) === same && other.from < one.until && one.from < other.until)).length;
    expect(beside(true)).toBe(0);
    expect(beside(false)).toBeGreaterThan(0);
    expect(total(turns())).toBe(18);
  });

  it('lanes take turns: a noisy one holds up no quiet one', async () => {
    const database = await open();
    const [noisy, ...quiet] = await accounts(database.db, 9);
    if (!noisy) throw new Error('There are nine.');
    await give(database.db, noisy, 100);
    const engine = begin(database, { width: 1, batch: 1, during: () => new Promise((resolve) => setTimeout(resolve, 2)) });
    await until('the noisy one to be served', () => engine.turns.length > 2);
    for (const account of quiet) await give(database.db, account, 1, {}, engine.lanes);
    const from = engine.turns.length;
    await until('the quiet ones', () => quiet.every(({ crm }) => engine.turns.some(({ lane }) => lane === crm.id)));
    const between = engine.turns.slice(from).findLastIndex(({ lane }) => lane !== noisy.crm.id) + 1;
    // One turn of the noisy lane for each of theirs is sixteen; a few more pass while they are being put there.
    expect(between).toBeLessThan(40);
  });

  if (name === 'PostgreSQL')
    it('a click is served before what waits longer', async () => {
      const database = await open();
      const [click, ...others] = await accounts(database.db, 6);
      if (!click) throw new Error('There are six.');
      for (const account of others) await give(database.db, account, 1);
      await give(database.db, click, 1, { priority: PRIORITY.click });
      // The net looks for lanes as well, but after whatever is waiting.
      const engine = begin(database, { width: 1 });
      await until('all', () => total(engine.turns) === 6);
      expect(engine.turns.findIndex(({ lane }) => lane === click.crm.id)).toBe(0);
    });

  it('a turn that throws is repeated after a pause, and holds up nobody meanwhile', { retry: 2 }, async () => {
    const database = await open();
    const [bad, good] = await accounts(database.db, 2);
    if (!bad || !good) throw new Error('There are two.');
    let thrown = 0;
    const engine = begin(database, {
      during: async (lane) => {
        if (lane !== bad.crm.id || thrown++ > 0) return;
        // What a holder does that fails: its lease ends, what it took is found by the next.
        await database.db.updateTable('lanes').set({ lease_until: 0 }).where('install', '=', lane).execute();
        throw new Error('The first turn fails.');
      },
    });
    await give(database.db, bad, 1, {}, engine.lanes);
    await until('the fault', () => thrown > 0);
    await give(database.db, good, 1, {}, engine.lanes);
    await until('the other lane', () => engine.turns.some(({ lane }) => lane === good.crm.id), SOON_MS);
    await until('the second try', () => engine.turns.filter(({ lane, until: end }) => lane === bad.crm.id && end < Number.POSITIVE_INFINITY).length === 1);
  });

  it('stopping waits for the turns that run and begins no more, and the rest is there for whoever comes next', async () => {
    const database = await open();
    const account = await putAccount(database.db);
    await give(database.db, account, 3);
    const first = begin(database, { batch: 1, during: () => new Promise((resolve) => setTimeout(resolve, 200)) });
    await until('a turn', () => first.turns.length === 1);
    await first.lanes.stop();
    expect(first.turns.map((one) => one.until < Number.POSITIVE_INFINITY)).toEqual([true]);
    const next = begin(database);
    await until('the rest', () => total(next.turns) === 2);
    expect(first.turns).toHaveLength(1);
  });

  it('what a process committed before it was killed is served by another', { retry: 2 }, async () => {
    const database = await open();
    const account = await putAccount(database.db);
    const engine = begin(database);
    await dieAfterCommit(database.address, account);
    await until('its work', () => total(engine.turns) === 2, 3_000);
  });

  it('what a process held when it was killed is served by another, once its lease has run out', async () => {
    const database = await open();
    const account = await putAccount(database.db);
    await put(database.db, account, 1, write(account.crm, 'held'));
    const held = await claimLane(database.db, Date.now() - 119_500, 10);
    expect(held?.effects).toHaveLength(1);
    const engine = begin(database);
    expect(engine.turns).toEqual([]);
    await until('what was held', () => total(engine.turns) === 1, 9_000);
  });
});
