import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnvelopeId, HoldId } from '#core/ids';
import type { Hold } from '#store/holds';
import { listStops } from '#store/stops';
import { openTestDatabase, type DatabaseName, type TestDatabase } from '../store/databases.ts';
import { plantDeal, type TestDeal } from './deals.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

const CEILING = { sends: 20, minutes: 3, firstRun: 100_000 };
const BY = 'Pat Person';
const RULE = 'contract-sent';
const HOUR_MS = 3_600_000;

const openHolds = (w: TestWorld): Promise<Hold[]> => w.db.selectFrom('holds').selectAll().where('tenant', '=', w.tenant).where('closed_at', 'is', null).orderBy('id').execute();
const envelopes = async (deals: readonly TestDeal[]): Promise<number> => (await Promise.all(deals.map((deal) => deal.envelopes()))).flat().length;
const atProvider = (deals: readonly TestDeal[]): number => deals.flatMap((deal) => deal.remote()).length;
const alarms = (w: TestWorld, code: string) => w.db.selectFrom('alarms').selectAll().where('code', '=', code).execute();
const audit = async (w: TestWorld): Promise<string[]> =>
  (await w.db.selectFrom('audit').select('action').where('tenant', '=', w.tenant).orderBy('seq').execute()).map(({ action }) => action);

async function heldAll(w: TestWorld, count: number): Promise<Hold> {
  return w.until(`${count} held`, async () => (await openHolds(w)).find(({ waiting }) => waiting === count));
}

function bulkEdit(w: TestWorld, count: number): TestDeal[] {
  const deals = Array.from({ length: count }, () => plantDeal(w));
  for (const deal of deals) deal.move('contractsent');
  return deals;
}

describe('a bulk edit of 120 deals', () => {
  let w: TestWorld;
  let deals: TestDeal[];
  let hold: Hold;
  beforeAll(async () => {
    w = await openWorld({ config: { ceiling: CEILING } });
    deals = bulkEdit(w, 120);
    hold = await heldAll(w, 120);
    await w.settled();
  });
  afterAll(() => w.stop());

  test('sends nothing, asks in one sentence, and each deal says why', async () => {
    expect([await envelopes(deals), atProvider(deals)]).toEqual([0, 0]);
    expect(await alarms(w, 'sends-held')).toMatchObject([
      { subject: hold.id, count: 1, say: 'Rule "contract-sent": 120 deals entered this stage within 1 minute; nothing was sent; review.' },
    ]);
    for (const deal of deals)
      expect([deal.says('esign_status'), deal.says('esign_reason')]).toEqual([
        'blocked',
        'Held: more deals entered this stage at once than the rule "contract-sent" may send to by itself (20 within 3 minutes). It waits for a review in Countersign.',
      ]);
  });

  test('is one hold still when the CRM is asked as well', async () => {
    await w.round(w.crm);
    await w.settled();
    expect(await openHolds(w)).toMatchObject([{ id: hold.id, waiting: 120 }]);
    expect(await envelopes(deals)).toBe(0);
  });

  test('and a person who presses Send on one of them meanwhile is served at once', async () => {
    const deal = plantDeal(w);
    await w.world.desk.send(w.tenant, deal.id, { key: 'key-1', rule: RULE, by: BY });
    await deal.becomes('sent');
    expect((await deal.envelopes()).length).toBe(1);
  });

  test('what is discarded is never sent, and its deal says so', async () => {
    const discarded = deals.slice(0, 95);
    const named = await w.db
      .selectFrom('held_sends')
      .select('id')
      .where('tenant', '=', w.tenant)
      .where(
        'deal',
        'in',
        discarded.map(({ id }) => id),
      )
      .execute();
    expect(
      await w.world.desk.brakes.discard(
        w.tenant,
        hold.id,
        named.map(({ id }) => id),
        BY,
      ),
    ).toBe(95);
    await w.settled();
    for (const deal of discarded) expect(deal.says('esign_reason')).toBe('It was held, and a person discarded it: nothing was sent.');
    expect((await alarms(w, 'sends-held'))[0]?.say).toContain('25 deals entered');
  });

  test('what is released is sent once each, except where the deal has left the stage meanwhile', async () => {
    const left = deals[95];
    left?.move('proposal');
    await w.settled();
    const rest = deals.slice(96);
    const released = await Promise.all([w.world.desk.brakes.release(w.tenant, hold.id, null, BY), w.world.desk.brakes.release(w.tenant, hold.id, null, BY)]);
    expect(released[0] + released[1]).toBe(25);
    await w.until('what was released to be sent', async () => (await envelopes(rest)) === 24);
    await w.settled();
    expect([await envelopes(rest), atProvider(rest), await envelopes(deals)]).toEqual([24, 24, 24]);
    expect(left?.says('esign_reason')).toBe('The deal left the stage while its send was held, so it is not sent.');
    expect([await openHolds(w), await alarms(w, 'sends-held')]).toEqual([[], []]);
    expect((await audit(w)).filter((action) => action.startsWith('hold.'))).toEqual(['hold.discarded', 'hold.released']);
  });
});

describe.each<DatabaseName>(['SQLite', 'PostgreSQL'])('on %s', (name) => {
  let database: TestDatabase;
  let w: TestWorld;
  beforeAll(async () => {
    database = await openTestDatabase(name);
    w = await openWorld({ database: database.address, variables: { COUNTERSIGN_KEY: TEST_KEY }, config: { ceiling: { sends: 4, minutes: 3, firstRun: 2 } } });
  });
  afterAll(async () => {
    await w.stop();
    await database.close();
  });

  test('the first run of a rule is capped, a review ends it, and a new condition begins another', async () => {
    for (let place = 0; place < 2; place++) {
      const deal = plantDeal(w);
      deal.move('contractsent');
      await deal.becomes('sent');
      w.clock.skip(HOUR_MS);
    }
    const third = plantDeal(w);
    third.move('contractsent');
    await third.becomes('blocked');
    expect((await alarms(w, 'sends-held'))[0]?.say).toBe('Rule "contract-sent" is on its first run: 2 were sent, 1 waits; review.');
    const [hold] = await openHolds(w);
    await w.world.desk.brakes.release(w.tenant, hold?.id as HoldId, null, BY);
    await third.becomes('sent');
    w.clock.skip(HOUR_MS);
    const fourth = plantDeal(w);
    fourth.move('contractsent');
    await fourth.becomes('sent');
    const active = await w.db.selectFrom('mappings').select('text').where('tenant', '=', w.tenant).where('kind', '=', 'send').where('active', '=', 1).executeTakeFirstOrThrow();
    await w.world.desk.saveMapping(w.tenant, 'send', active.text.replace('if: deal.amount > 0\n', 'if: deal.amount > 1\n'), 'another condition', BY);
    for (let place = 0; place < 3; place++) {
      w.clock.skip(HOUR_MS);
      const deal = plantDeal(w);
      deal.move('contractsent');
      await deal.becomes(place < 2 ? 'sent' : 'blocked');
    }
    const [again] = await openHolds(w);
    await w.world.desk.brakes.discard(w.tenant, again?.id as HoldId, null, BY);
    await w.db.updateTable('rule_runs').set({ reviewed_at: 1 }).where('tenant', '=', w.tenant).execute();
    await w.settled();
    w.clock.skip(HOUR_MS);
  });

  test('while sending is stopped a reminder waits, and a void does not', async () => {
    const { brakes } = w.world.desk;
    const [reminded, voided] = [plantDeal(w), plantDeal(w)];
    for (const deal of [reminded, voided]) {
      deal.move('contractsent');
      await deal.becomes('sent');
    }
    const ids = await Promise.all([reminded, voided].map(async (deal) => (await deal.envelopes())[0]?.envelope.id as EnvelopeId));
    const states = async () =>
      (
        await w.db
          .selectFrom('outbox')
          .select('state')
          .where('kind', '=', 'envelope.remind')
          .where('envelope', '=', ids[0] ?? null)
          .execute()
      ).map(({ state }) => state);
    await brakes.stop(w.tenant, null, 'a test', BY);
    await w.world.desk.remind(w.tenant, ids[0] as EnvelopeId, BY);
    await w.world.desk.void(w.tenant, ids[1] as EnvelopeId, 'not wanted', BY);
    await voided.becomes('voided');
    await w.until('the reminder to be held', async () => (await states())[0] === 'held');
    await brakes.resume(w.tenant, null, BY);
    await w.until('the reminder', async () => (await states())[0] === 'done');
    w.clock.skip(HOUR_MS);
  });

  test.each(['rule', 'tenant', 'server'] as const)('a stop of the %s acts at once, and its end lets go what it held', async (scope) => {
    const { brakes } = w.world.desk;
    const what = scope === 'rule' ? { crm: w.crm.id, rule: RULE } : null;
    const stop = () => (scope === 'server' ? brakes.stopServer('a wrong template', BY) : brakes.stop(w.tenant, what, 'a wrong template', BY));
    const resume = () => (scope === 'server' ? brakes.resumeServer(BY) : brakes.resume(w.tenant, what, BY));
    // One is decided on already and waits for its turn; another enters afterwards; a third one is asked for.
    await w.settled();
    // A turn that is just ending would open it again.
    await w.until('the lane to be closed', async () => {
      const lane = w.db.updateTable('lanes').where('install', '=', w.sign.id).where('lease_until', '=', 0);
      return (await lane.set({ next_at: w.clock.now() + HOUR_MS }).executeTakeFirst()).numUpdatedRows === 1n;
    });
    const [decided, entered, clicked] = [plantDeal(w), plantDeal(w), plantDeal(w)];
    decided.move('contractsent');
    await w.until('it to be decided on', async () => (await decided.envelopes()).length === 1);
    await stop();
    await w.db.updateTable('lanes').set({ next_at: 0 }).where('install', '=', w.sign.id).execute();
    w.world.flow.wake.outbox();
    entered.move('contractsent');
    await w.world.desk.send(w.tenant, clicked.id, { key: `key-${scope}`, rule: RULE, by: BY });
    for (const deal of [entered, clicked]) await deal.becomes('blocked');
    await w.until('the effect to be held', () => w.db.selectFrom('outbox').select('id').where('kind', '=', 'envelope.create').where('state', '=', 'held').executeTakeFirst());
    await w.settled();
    expect(atProvider([decided, entered, clicked])).toBe(0);
    expect(clicked.says('esign_reason')).toContain('stopped in Countersign');
    expect((await alarms(w, 'sending-stopped')).map(({ say }) => say)).toEqual([expect.stringContaining('stopped: a wrong template')]);
    await resume();
    for (const deal of [decided, entered]) await deal.becomes('sent');
    await w.settled();
    expect([atProvider([decided]), atProvider([entered]), atProvider([clicked])]).toEqual([1, 1, 0]);
    expect([await alarms(w, 'sending-stopped'), await openHolds(w), await listStops(w.db, w.tenant)]).toEqual([[], [], []]);
    expect((await audit(w)).slice(-3)).toEqual(['sending.stopped', 'send.requested', 'sending.resumed']);
    w.clock.skip(HOUR_MS);
  });
});
