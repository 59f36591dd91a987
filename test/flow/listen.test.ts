import { CompiledQuery } from 'kysely';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#lib/clock';
import { createLog } from '#lib/log';
import { createLoops } from '#src/loops';
import { createEmbeddedLanes } from '#work/embedded-lanes';
import { STREAM_LEASE_MS } from '#flow/listen';
import { claimCursor, ensureCursor, nextRoundAt } from '#store/cursors';
import { updateInstall } from '#store/installs';
import { eachDatabase } from '../store/databases.ts';
import { NOW, putAccount } from '../store/fixtures.ts';
import { createVendor, endFirst, flowOn, given, heard, stage, startProcess, until } from './stream-stage.ts';

const SECOND = 1000;
/** Far more than it takes, for machines that have other things to do. */
const SOON_MS = 5 * SECOND;
/** What stands for "soon" where nothing should happen. */
const MOMENT_MS = 60;

eachDatabase((_name, open) => {
  it('what is told lands in the inbox with its cursor, and the cursor says how it goes', async () => {
    const w = await stage(await open());
    await w.turn();
    w.vendor.tell('a', 'b');
    await heard(w, 'a', 'b');
    expect(await w.cursor()).toMatchObject({ cursor: '2', seen: 2, failures: 0, error: null, started_at: NOW, last_ok_at: NOW, lease_until: NOW + STREAM_LEASE_MS });
    expect(w.told.inbox).toBe(2);
    const rows = await w.db.selectFrom('inbox').selectAll().orderBy('key').execute();
    expect(rows.map(({ vendor, state, payload }) => [vendor, state, payload])).toEqual([
      ['a-crm', 'ready', '{"deal":"a"}'],
      ['a-crm', 'ready', '{"deal":"b"}'],
    ]);
    expect(new Set(rows.map(({ correlation }) => correlation)).size).toBe(2);
  });

  it('is heard of installs alone that are switched to it and in use', async () => {
    const w = await stage(await open(), { listening: false });
    expect(await w.turn()).toBe(false);
    await w.set({ listening: 1, state: 'reauthorize' });
    expect(await w.turn()).toBe(false);
    expect(await w.cursor()).toBeUndefined();
    await w.set({ state: 'active' });
    expect(await w.turn()).toBe(true);
    await until('the stream', () => w.vendor.open === 1);
  });

  it('no round takes a stream, nor wakes for one', async () => {
    const w = await stage(await open());
    await ensureCursor(w.db, w.tenant, w.install, 'stream', NOW);
    expect([await claimCursor(w.db, NOW, SECOND), await nextRoundAt(w.db, NOW)]).toEqual([null, null]);
    await ensureCursor(w.db, w.tenant, w.install, 'changes', NOW);
    expect(await claimCursor(w.db, NOW, SECOND)).toMatchObject({ name: 'changes' });
  });

  it('where notices cannot be stored, the cursor stays, and they come again', async () => {
    const w = await stage(await open());
    await w.turn();
    w.vendor.onItsWay = async () => void (await w.db.executeQuery(CompiledQuery.raw('alter table inbox rename to away')));
    w.vendor.tell('a');
    const kept = await given(w);
    expect(kept).toMatchObject({ cursor: 'null', seen: 0, failures: 1, last_ok_at: null });
    w.vendor.onItsWay = async () => undefined;
    await w.db.executeQuery(CompiledQuery.raw('alter table away rename to inbox'));
    w.clock.advance(2 * SECOND);
    await w.turn();
    await heard(w, 'a');
    expect(w.vendor.began).toEqual([null, null]);
    expect(await w.cursor()).toMatchObject({ cursor: '1', failures: 0, error: null });
  });

  it('an event that comes again is one notice', async () => {
    const w = await stage(await open());
    await w.turn();
    w.vendor.tell('a', 'a', 'b', 'a');
    await heard(w, 'a', 'b');
    await until('the last of them', async () => (await w.cursor())?.cursor === '4');
    expect(await w.inbox()).toEqual(['a', 'b']);
    expect(w.told.inbox).toBe(2);
  });

  it('a restart goes on behind what is stored', async () => {
    const w = await stage(await open());
    await w.turn();
    w.vendor.tell('a');
    await heard(w, 'a');
    await w.stop();
    expect([w.vendor.open, await w.turn()]).toEqual([0, false]);
    expect(await w.cursor()).toMatchObject({ cursor: '1', lease_until: 0, error: null });
    w.vendor.tell('meanwhile');
    w.clock.advance(1);
    const next = startProcess(w.db, w.listen, w.clock);
    await next.turn();
    await heard(w, 'a', 'meanwhile');
    expect(w.vendor.began).toEqual([null, 1]);
    await next.stop();
  });

  it('two processes have one stream between them, however long it lasts', async () => {
    const w = await stage(await open(), { processes: 2 });
    for (let time = 0; time < 12; time++) {
      await Promise.all(w.running.map((one) => one.turn()));
      w.clock.advance(STREAM_LEASE_MS / 4);
    }
    w.vendor.tell('a');
    await heard(w, 'a');
    expect([w.vendor.open, w.vendor.began]).toEqual([1, [null]]);
  });

  it('who died in the middle is replaced when its lease is over, and what it had not stored comes again; were it still alive, it stores nothing more', async () => {
    const w = await stage(await open(), { processes: 2 });
    const [dying, other] = w.running;
    if (!dying || !other) throw new Error('There are two.');
    await dying.turn();
    let goOn = (): void => undefined;
    w.vendor.onItsWay = () => new Promise<void>((resolve) => (goOn = resolve));
    w.vendor.tell('a', 'b');
    await until('the page to be on its way', () => w.vendor.open === 1);
    w.clock.advance(STREAM_LEASE_MS - 1);
    expect(await other.turn()).toBe(false);
    w.vendor.onItsWay = async () => undefined;
    w.clock.advance(1);
    expect(await other.turn()).toBe(true);
    await heard(w, 'a', 'b');
    const mine = await w.cursor();
    expect(w.vendor.refused).toEqual([]);
    goOn();
    await until('the one that lost it to end', () => w.vendor.open === 1);
    expect(w.vendor.refused).toHaveLength(1);
    expect([await w.inbox(), await w.cursor(), dying.told.inbox]).toEqual([['a', 'b'], mine, 0]);
    expect(w.vendor.began).toEqual([null, null]);
  });

  it('a lease that was lost ends the stream, though nothing is told', async () => {
    const w = await stage(await open());
    await w.turn();
    await until('the stream', () => w.vendor.open === 1);
    const taken = { started_at: NOW + 1, lease_until: NOW + STREAM_LEASE_MS };
    await w.db.updateTable('cursors').set(taken).where('name', '=', 'stream').execute();
    await w.turn();
    await until('its end', () => w.vendor.open === 0);
    await systemClock.sleep(MOMENT_MS);
    expect(await w.cursor()).toMatchObject({ ...taken, failures: 0, error: null });
  });

  it.each([
    ['switching it off', { listening: 0 }],
    ['disconnecting', { state: 'left' }],
  ] as const)('%s ends it, and what comes afterwards is not stored', async (_how, set) => {
    const w = await stage(await open());
    await w.turn();
    w.vendor.tell('a');
    await heard(w, 'a');
    await w.set(set);
    await w.turn();
    await given(w);
    w.vendor.tell('b');
    expect([w.vendor.open, await w.turn(), await w.inbox()]).toEqual([0, false, ['a']]);
    expect(await w.cursor()).toMatchObject({ cursor: '1', error: null, failures: 0 });
  });

  it('a connector that does not hear that it should end is left behind, and its pages are refused', async () => {
    const w = await stage(await open());
    await w.turn();
    await until('the stream', () => w.vendor.open === 1);
    w.vendor.deaf = true;
    w.vendor.tell('a');
    await heard(w, 'a');
    const began = Date.now();
    await w.stop();
    expect(Date.now() - began).toBeLessThan(SOON_MS);
    w.vendor.tell('b');
    await until('the refusal', () => w.vendor.refused.length === 1);
    expect([await w.inbox(), (await w.cursor())?.cursor]).toEqual([['a'], '1']);
  });
});

describe('more installs than one turn begins', () => {
  eachDatabase((_name, open) => {
    it('each gets its stream, and an install of another vendor none', async () => {
      const w = await stage(await open());
      for (let one = 0; one < 24; one++) {
        const { tenant, crm, sign } = await putAccount(w.db);
        for (const { id } of [crm, sign]) await updateInstall(w.db, tenant, id, { listening: 1 });
      }
      while (await w.turn());
      await until('all of them', () => w.vendor.open === 25);
      await w.stop();
      expect(w.vendor.open).toBe(0);
      expect(await w.db.selectFrom('cursors').select('install').where('lease_until', '>', 0).execute()).toEqual([]);
    });
  });
});

describe('in a server that runs', () => {
  eachDatabase((_name, open) => {
    it('begins and ends soon after being told to, and ends with the server', async () => {
      const database = await open();
      const { db } = database;
      const { tenant, crm } = await putAccount(db);
      const { vendor, listen } = createVendor();
      const stopping = new AbortController();
      const loops = createLoops(createEmbeddedLanes({ clock: systemClock, log: createLog('silent') }), () => 0);
      endFirst(database, () => loops.stop());
      loops.start({ ...flowOn(db, listen, systemClock, stopping.signal, { inbox: 0 }), wake: loops.wake });
      const took = async (what: string, look: () => boolean): Promise<number> => {
        const began = Date.now();
        await until(what, look);
        return Date.now() - began;
      };
      const turn = async (on: 0 | 1) => {
        await updateInstall(db, tenant, crm.id, { listening: on });
        loops.wake.cursors();
      };
      await turn(1);
      expect(await took('the stream', () => vendor.open === 1)).toBeLessThan(SOON_MS);
      await turn(0);
      expect(await took('its end', () => vendor.open === 0)).toBeLessThan(SOON_MS);
      await updateInstall(db, tenant, crm.id, { listening: 1 });
      expect(await took('the stream that another process asked for', () => vendor.open === 1)).toBeLessThan(SOON_MS);
      const began = Date.now();
      const ended = loops.stop();
      stopping.abort();
      await ended;
      expect([vendor.open, Date.now() - began < SOON_MS]).toEqual([0, true]);
      expect(await db.selectFrom('cursors').select(['lease_until', 'error', 'failures']).execute()).toEqual([{ lease_until: 0, error: null, failures: 0 }]);
    });
  });
});
