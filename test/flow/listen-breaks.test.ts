import { expect, it } from 'vitest';
import { systemClock } from '#lib/clock';
import { Problem } from '#core/problem';
import { clearSettledAlarms } from '#store/alarms';
import { hurryCursor } from '#store/cursors';
import { eachDatabase } from '../store/databases.ts';
import { NOW } from '../store/fixtures.ts';
import { ends, given, heard, stage, until } from './stream-stage.ts';

const SECOND = 1000;
/** What stands for "soon" where nothing should happen. */
const MOMENT_MS = 60;

eachDatabase((_name, open) => {
  it('what breaks begins again after pauses that grow, with an alarm after five; the first page ends both', async () => {
    const w = await stage(await open());
    const pauses: number[] = [];
    for (let failure = 1; failure <= 12; failure++) {
      const kept = await ends(w, failure % 2 ? new Problem('vendor.unavailable') : 'quietly');
      expect(kept).toMatchObject({ failures: failure, last_ok_at: null });
      expect(kept.error).toMatch(failure % 2 ? /fault of its own/ : /ended the stream/);
      pauses.push(kept.pause);
      if (failure < 5) expect(await w.alarms()).toEqual([]);
      else await until('the alarm', async () => (await w.alarms()).length === 1);
      w.clock.advance(kept.pause - 1);
      expect(await w.turn()).toBe(false);
      w.clock.advance(1);
    }
    pauses.forEach((pause, index) => {
      const longest = Math.min(300 * SECOND, 2 * SECOND * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(longest / 2);
      expect(pause).toBeLessThanOrEqual(longest);
    });
    expect(await w.alarms()).toEqual([expect.stringMatching(/^stream-failing: Example Ltd: .*stream/)]);
    await w.turn();
    w.vendor.tell('a');
    await heard(w, 'a');
    expect(await w.cursor()).toMatchObject({ failures: 0, error: null });
    expect(await w.alarms()).toEqual([]);
  });

  it('one that lasted counts as having worked: what breaks it is the first failure', async () => {
    const w = await stage(await open());
    await ends(w, new Problem('vendor.unavailable'));
    w.clock.advance(10 * SECOND);
    expect((await ends(w, new Problem('vendor.unavailable'))).failures).toBe(2);
    w.clock.advance(10 * SECOND);
    await w.turn();
    await until('the stream', () => w.vendor.open === 1);
    w.clock.advance(600 * SECOND);
    w.vendor.onItsWay = async () => {
      throw new Problem('vendor.unavailable');
    };
    w.vendor.tell('a');
    expect(await given(w)).toMatchObject({ failures: 1 });
  });

  it('a pause that the vendor names is obeyed exactly', async () => {
    const w = await stage(await open());
    expect((await ends(w, new Problem('vendor.rate-limited', { retryAfterMs: 3_600_000 }))).pause).toBe(3_600_000);
  });

  it('a permission that is gone flags the install, and a new one begins at once', async () => {
    const w = await stage(await open());
    await ends(w, new Problem('install.unauthorized'));
    await until('the flag', async () => (await w.read()).state === 'reauthorize');
    expect(await w.alarms()).toEqual([expect.stringMatching(/^install-needs-reauthorisation/)]);
    await w.set({ state: 'active', granted_at: NOW + 1 });
    w.clock.advance(1);
    await hurryCursor(w.db, w.tenant, w.install, w.clock.now());
    expect(await w.turn()).toBe(true);
    await until('the stream', () => w.vendor.open === 1);
  });

  it('a permission that was given meanwhile is not held to account for the one before', async () => {
    const w = await stage(await open());
    await w.turn();
    await until('the stream', () => w.vendor.open === 1);
    await w.set({ granted_at: NOW + 1 });
    w.vendor.onItsWay = async () => {
      throw new Problem('install.unauthorized');
    };
    w.vendor.tell('a');
    expect(await given(w)).toMatchObject({ failures: 1 });
    await systemClock.sleep(MOMENT_MS);
    expect((await w.read()).state).toBe('active');
  });

  it('what the account does not offer is said and not tried again, until somebody asks', async () => {
    const w = await stage(await open());
    const kept = await ends(w, new Problem('feature.unsupported', { say: 'The account sends no changes.' }));
    expect(kept).toMatchObject({ error: 'The account sends no changes.' });
    expect(new Date(kept.next_at).getUTCFullYear()).toBe(9999);
    await until('the alarm', async () => (await w.alarms()).length > 0);
    expect(await w.alarms()).toEqual([expect.stringContaining('The account sends no changes.')]);
    w.clock.advance(30 * 86_400 * SECOND);
    expect(await w.turn()).toBe(false);
    await hurryCursor(w.db, w.tenant, w.install, w.clock.now(), 'stream');
    expect(await w.turn()).toBe(true);
    await until('the stream', () => w.vendor.open === 1);
  });

  it('the alarm of a stream that nobody wants any more goes', async () => {
    const w = await stage(await open());
    await ends(w, new Problem('feature.unsupported'));
    await until('the alarm', async () => (await w.alarms()).length > 0);
    await clearSettledAlarms(w.db);
    expect(await w.alarms()).toHaveLength(1);
    await w.set({ listening: 0 });
    await clearSettledAlarms(w.db);
    expect(await w.alarms()).toEqual([]);
  });
});
