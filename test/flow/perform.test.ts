import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Correlation } from '#core/ids';
import { plantDeal } from './deals.ts';
import { crmCalls, deal, effectsOf, ended, put, secondTenant, write } from './effects.ts';
import { openWorld, type TestWorld } from './world.ts';

const UPDATES = '/crm/v3/objects/:type/batch/update';
let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());
afterEach(() => w.behave());

const receiptsOf = (correlation: Correlation) => w.db.selectFrom('receipts').selectAll().where('correlation', '=', correlation).orderBy('seq').execute();

describe('writes share calls', () => {
  test('several to one record are one, and the later value wins', async () => {
    const { id, says } = plantDeal(w);
    const before = crmCalls(w, UPDATES);
    const one = (set: Record<string, string>) => write(w.crm, { record: deal(id), set });
    const correlation = await put(w, w.tenant, [
      one({ esign_template: 'A' }),
      one({ esign_template: 'B', esign_reason: 'first' }),
      one({ esign_waiting_for: 'Customer' }),
      one({ esign_template: 'C' }),
    ]);
    expect(await ended(w, correlation)).toEqual(['done', 'done', 'done', 'done']);
    expect(crmCalls(w, UPDATES)).toBe(before + 1);
    expect([says('esign_template'), says('esign_reason'), says('esign_waiting_for')]).toEqual(['C', 'first', 'Customer']);
  });

  test('a hundred records are one call, one more is two', async () => {
    const deals = Array.from({ length: 101 }, () => plantDeal(w));
    const before = crmCalls(w, UPDATES);
    await ended(
      w,
      await put(
        w,
        w.tenant,
        deals.slice(0, 100).map(({ id }) => write(w.crm, { record: deal(id), set: { esign_reason: 'once' } })),
      ),
    );
    expect(crmCalls(w, UPDATES)).toBe(before + 1);
    await ended(
      w,
      await put(
        w,
        w.tenant,
        deals.map(({ id }) => write(w.crm, { record: deal(id), set: { esign_reason: 'twice' } })),
      ),
    );
    expect(crmCalls(w, UPDATES)).toBe(before + 3);
    expect(deals.every(({ says }) => says('esign_reason') === 'twice')).toBe(true);
  });

  test('a write-once field keeps its first value, even among writes that merge', async () => {
    const { id, says } = plantDeal(w);
    const touch = (source: string) => write(w.crm, { record: deal(id), set: { esign_first_touch_source: source, esign_template: source }, once: ['esign_first_touch_source'] });
    await ended(w, await put(w, w.tenant, [touch('first'), touch('second')]));
    await ended(w, await put(w, w.tenant, [touch('third')]));
    expect([says('esign_first_touch_source'), says('esign_template')]).toEqual(['first', 'third']);
  });

  test('a write that is due takes those along that wait for the same record', async () => {
    const { id, says } = plantDeal(w);
    const before = crmCalls(w, UPDATES);
    const later = write(w.crm, { record: deal(id), set: { esign_template: 'later' } }, { notBefore: w.clock.now() + 3_600_000 });
    await ended(w, await put(w, w.tenant, [write(w.crm, { record: deal(id), set: { esign_template: 'sooner' } }), later]));
    expect(says('esign_template')).toBe('later');
    expect(crmCalls(w, UPDATES)).toBe(before + 1);
  });
});

describe('what a vendor refuses', () => {
  test('one bad field is parked with its cause while everything else lands; a person mends and replays it', async () => {
    const [first, bad, third] = [plantDeal(w), plantDeal(w), plantDeal(w)];
    const correlation = await put(w, w.tenant, [
      write(w.crm, { record: deal(first.id), set: { esign_status: 'sent', esign_reason: 'x' } }),
      write(w.crm, { record: deal(bad.id), set: { esign_status: 'nonsense', esign_reason: 'y' } }),
      write(w.crm, { record: deal(third.id), set: { esign_status: 'viewed', esign_reason: 'z' } }),
    ]);
    expect((await ended(w, correlation)).sort()).toEqual(['done', 'done', 'done', 'parked']);
    expect([first, bad, third].map(({ says }) => [says('esign_status'), says('esign_reason')])).toEqual([
      ['sent', 'x'],
      [null, 'y'],
      ['viewed', 'z'],
    ]);
    const parked = (await effectsOf(w, correlation)).find(({ state }) => state === 'parked');
    expect(JSON.parse(parked?.error ?? '{}')).toMatchObject({ code: 'vendor.rejected', say: expect.stringContaining('esign_status') as string });
    expect((await receiptsOf(correlation)).map(({ outcome }) => outcome).sort()).toEqual(['done', 'done', 'partly']);
    expect(await w.db.selectFrom('alarms').select('code').where('code', '=', 'dead-letters').where('subject', '=', w.crm.id).execute()).toHaveLength(1);

    if (parked) await w.world.desk.replayEffect(w.tenant, parked.id, 'a test', { esign_status: 'declined' });
    await w.until('it to land', () => bad.says('esign_status') === 'declined');
    await w.settled();
    expect((await effectsOf(w, correlation)).map(({ state }) => state)).not.toContain('parked');
  });

  test('a field that the account lacks is left out for all, and each is told', async () => {
    const deals = [plantDeal(w), plantDeal(w), plantDeal(w)];
    const correlation = await put(
      w,
      w.tenant,
      deals.map(({ id }) => write(w.crm, { record: deal(id), set: { no_such_field: 'x', esign_reason: 'y' } })),
    );
    await ended(w, correlation);
    expect(deals.map(({ says }) => says('esign_reason'))).toEqual(['y', 'y', 'y']);
    expect((await effectsOf(w, correlation)).filter(({ state }) => state === 'parked')).toHaveLength(3);
  });

  test('a record that is gone is a dead letter; it is not tried again, and can be laid aside', async () => {
    const gone = plantDeal(w);
    w.sandbox.hubspot.deleteDeal(gone.id);
    const there = plantDeal(w);
    const correlation = await put(w, w.tenant, [
      write(w.crm, { record: deal(gone.id), set: { esign_reason: 'x' } }),
      write(w.crm, { record: deal(there.id), set: { esign_reason: 'x' } }),
    ]);
    expect(await ended(w, correlation)).toEqual(['parked', 'done']);
    const [parked] = await effectsOf(w, correlation);
    expect(parked?.attempts).toBe(1);
    expect(JSON.parse(parked?.error ?? '{}')).toMatchObject({ code: 'vendor.not-found' });
    if (parked) await w.world.desk.discardEffect(w.tenant, parked.id, 'a test');
    expect((await effectsOf(w, correlation))[0]?.state).toBe('cancelled');
    if (parked) await expect(w.world.desk.discardEffect(w.tenant, parked.id, 'a test')).rejects.toMatchObject({ code: 'request.not-found' });
  });

  test('an old write that is replayed changes nothing that was written since, and holds back nothing newer', async () => {
    const { id, says } = plantDeal(w);
    const set = (status: string, reason: string) => write(w.crm, { record: deal(id), set: { esign_status: status, esign_reason: reason } });
    const old = await put(w, w.tenant, [set('nonsense', 'old')]);
    await ended(w, old);
    await ended(w, await put(w, w.tenant, [set('sent', 'newer')]));
    const parked = (await effectsOf(w, old)).find(({ state }) => state === 'parked');
    if (!parked) throw new Error('Nothing was parked.');
    // Both are taken in one turn: the lane is closed until both wait.
    await w.db
      .updateTable('lanes')
      .set({ next_at: w.clock.now() + 3_600_000 })
      .where('install', '=', w.crm.id)
      .execute();
    await w.world.desk.replayEffect(w.tenant, parked.id, 'a test', { esign_status: 'viewed' });
    const newest = await put(w, w.tenant, [set('completed', 'newest')]);
    await w.db.updateTable('lanes').set({ next_at: 0 }).where('install', '=', w.crm.id).execute();
    w.world.flow.wake.outbox();
    await ended(w, newest);
    await ended(w, old);
    expect([says('esign_status'), says('esign_reason')]).toEqual(['completed', 'newest']);

    const again = await put(w, w.tenant, [set('nonsense', 'again')]);
    await ended(w, again);
    await ended(w, await put(w, w.tenant, [set('declined', 'last')]));
    const second = (await effectsOf(w, again)).find(({ state }) => state === 'parked');
    if (second) await w.world.desk.replayEffect(w.tenant, second.id, 'a test', { esign_status: 'viewed' });
    expect(await ended(w, again)).toEqual(['done', 'cancelled']);
    expect(says('esign_status')).toBe('declined');
  });

  test('a send that was refused is told on the deal; replaying it says to send anew', async () => {
    const one = plantDeal(w, { person: { lastname: 'x'.repeat(150) } });
    one.move('contractsent');
    await one.becomes('failed');
    await w.settled();
    const parked = await w.db.selectFrom('outbox').select('id').where('kind', '=', 'envelope.create').where('state', '=', 'parked').executeTakeFirst();
    if (!parked) throw new Error('Nothing was parked.');
    await expect(w.world.desk.replayEffect(w.tenant, parked.id, 'a test')).rejects.toMatchObject({ code: 'envelope.final' });
    await w.world.desk.discardEffect(w.tenant, parked.id, 'a test');
  });
});

describe('what a vendor asks for', () => {
  test('a named pause is kept to the end, by its account alone, and uses no attempt up', async () => {
    const { id, says } = plantDeal(w);
    w.sandbox.hubspot.faults.maxPauseMs = 5000;
    w.sandbox.hubspot.faults.rateLimited = 1;
    const correlation = await put(w, w.tenant, [write(w.crm, { record: deal(id), set: { esign_reason: 'patient' } })]);
    const refused = await w.until('the refusal', async () => (await receiptsOf(correlation))[0]);
    w.behave();
    const lane = await w.db.selectFrom('lanes').select('next_at').where('install', '=', w.crm.id).executeTakeFirst();
    expect(lane?.next_at).toBe(refused.at + 5000);
    expect(await ended(w, correlation)).toEqual(['done']);
    const [, landed] = await receiptsOf(correlation);
    expect((landed?.at ?? 0) - refused.at).toBeGreaterThanOrEqual(5000);
    expect(says('esign_reason')).toBe('patient');
  });

  test('faults of the vendor are waited out', async () => {
    const { id, says } = plantDeal(w);
    w.misbehave({ unavailable: 0.5, lostReply: 0.2 });
    await ended(w, await put(w, w.tenant, [write(w.crm, { record: deal(id), set: { esign_reason: 'landed' } })]));
    expect(says('esign_reason')).toBe('landed');
  });
});

describe('who goes first', () => {
  test("a click goes ahead of the background's queue", async () => {
    const { account } = w.sandbox.hubspot;
    const records = Array.from({ length: 2500 }, () => account.create('deals', { dealname: 'One of many' }, { source: 'IMPORT', sourceId: '', label: '' }));
    const clicked = plantDeal(w);
    // A turn that still runs would open the lane again at its end.
    await w.settled();
    await w.db
      .updateTable('lanes')
      .set({ next_at: w.clock.now() + 3_600_000 })
      .where('install', '=', w.crm.id)
      .execute();
    const background = await put(
      w,
      w.tenant,
      records.map(({ id }) => write(w.crm, { record: deal(id), set: { esign_reason: 'x' } }, { priority: 8 })),
    );
    const click = await put(w, w.tenant, [write(w.crm, { record: deal(clicked.id), set: { esign_reason: 'now' } }, { priority: 2 })]);
    await w.db.updateTable('lanes').set({ next_at: 0 }).where('install', '=', w.crm.id).execute();
    w.world.flow.wake.outbox();
    await ended(w, background);
    const [done] = await receiptsOf(click);
    const later = (await receiptsOf(background)).filter(({ seq }) => seq > (done?.seq ?? Infinity));
    expect(later.length).toBeGreaterThanOrEqual(500);
  });

  test("a tenant whose calls do not come to an end does not hold up another's", async () => {
    const quiet = await secondTenant(w);
    const { flow } = w.world;
    const { bind } = flow;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    flow.bind = (install, priority, manner) => {
      const call = bind(install, priority, manner);
      if (install.id !== w.crm.id) return call;
      return { ...call, through: (send, unauthorized) => released.then(() => call.through(send, unauthorized)) };
    };
    const noise = await put(
      w,
      w.tenant,
      Array.from({ length: 300 }, () => write(w.crm, { record: deal(plantDeal(w).id), set: { esign_reason: 'noise' } })),
    );
    const word = await put(w, quiet.tenant, [write(quiet.crm, { record: deal(plantDeal(w).id), set: { esign_reason: 'quiet' } })]);
    expect(await ended(w, word)).toEqual(['done']);
    expect((await effectsOf(w, noise)).every(({ state }) => state === 'leased' || state === 'ready')).toBe(true);
    release();
    flow.bind = bind;
    expect(new Set(await ended(w, noise))).toEqual(new Set(['done']));
  });
});
