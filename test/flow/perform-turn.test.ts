import { describe, expect, it } from 'vitest';
import type { WriteOutcome } from '#ports/crm';
import { Problem } from '#core/problem';
import { eachDatabase } from '../store/databases.ts';
import type { TestDatabase } from '../store/databases.ts';
import { ADA } from '../store/fixtures.ts';
import { openStage } from './perform-stage.ts';

const PDF = new TextEncoder().encode('%PDF');

/** One lane with work of two kinds: a write, and a document to be kept. */
async function twoKinds(database: TestDatabase) {
  const stage = await openStage(database);
  const id = await stage.envelope([ADA]);
  await stage.ask('record.write', { record: { type: 'deal', id: 'deal-1' }, set: { status: 'completed' } }, null);
  await stage.ask('document.attach', { record: { type: 'deal', id: 'deal-1' }, envelope: id }, id);
  const lane = () => stage.db.selectFrom('lanes').select(['next_at', 'lease_until']).where('install', '=', stage.account.crm.id).executeTakeFirstOrThrow();
  return { ...stage, lane };
}

/** Lets whoever waits go on when all have come. */
function meeting(of: number): () => Promise<void> {
  let open = () => undefined as void;
  const all = new Promise<void>((resolve) => (open = resolve));
  let come = 0;
  return () => {
    if (++come === of) open();
    return all;
  };
}

eachDatabase((_name, open) => {
  describe('a turn of several kinds', () => {
    it('keeps the pause that one of them was told, whatever the others end with at the same time', async () => {
      const w = await twoKinds(await open());
      const meet = meeting(2);
      w.crm.write = () => meet().then(() => Promise.reject(new Problem('vendor.rate-limited', { retryAfterMs: 60_000 })));
      w.does.attach = () => meet().then(() => ({ id: 'file-1' }));
      await w.turn();
      expect([await w.states(), await w.lane()]).toEqual([['ready vendor.rate-limited', 'done'], { next_at: w.clock.now() + 60_000, lease_until: 0 }]);
    });

    it('gives its lane back when all of them have ended, also where what one of them ended with cannot be kept', async () => {
      const w = await twoKinds(await open());
      const unkept: WriteOutcome = { ok: true, written: [1n as never], left: [] };
      let leave = () => undefined as void;
      const held = new Promise<void>((resolve) => (leave = resolve));
      w.crm.write = async () => [unkept];
      w.does.attach = () => held.then(() => ({ id: 'file-1' }));
      const first = w.turn().catch((error: unknown) => error);
      await expect.poll(() => w.asked.attached.length).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      w.crm.write = async () => [{ ok: true, written: ['status'], left: [] }];
      await w.turn(1);
      expect(w.asked.attached).toHaveLength(1);
      leave();
      expect(await first).toBeInstanceOf(TypeError);
      await w.turn(1);
      expect([await w.states(), w.asked.attached.length]).toEqual([['done', 'done'], 1]);
    });
  });

  it.each(['SQLITE_BUSY', '57P01', '40001'])('what the database could not do in the middle of a turn (%s) is tried again and is no dead letter', async (code) => {
    const w = await twoKinds(await open());
    const weather = () => Promise.reject(Object.assign(new Error('not now'), { code }));
    const { write } = w.crm;
    w.crm.write = weather;
    w.does.document = weather;
    await w.turn();
    expect(await w.states()).toEqual(['ready store.busy', 'ready vendor.unavailable']);
    w.crm.write = write;
    w.does.document = async () => PDF;
    await w.later();
    expect([await w.states(), await w.alarms()]).toEqual([['done', 'done'], []]);
  });
});
