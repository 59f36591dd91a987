import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Install } from '#store/installs';
import { verifyLedger } from '#store/ledger';
import { app } from '#connectors/hubspot/sandbox/account';
import { plantDeal } from './deals.ts';
import { metric } from './wire.ts';
import { openWorld, type TestWorld } from './world.ts';

let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());
beforeEach(() => w.behave());

const cursorOf = (install: Install, name = 'changes') =>
  w.db.selectFrom('cursors').selectAll().where('install', '=', install.id).where('name', '=', name).executeTakeFirstOrThrow();
const gaps = async (): Promise<number> => (await cursorOf(w.crm)).gaps_total + (await cursorOf(w.sign)).gaps_total;

describe('without a single webhook', () => {
  test('everything comes out the same, and the gaps are counted and shown', async () => {
    w.misbehave({ drop: 1 });
    const before = await gaps();
    const [signed, declined] = [plantDeal(w), plantDeal(w)];
    for (const deal of [signed, declined]) deal.move('contractsent');
    await w.round(w.crm);
    for (const deal of [signed, declined]) await deal.becomes('sent');
    const [first, second] = [await signed.sent(), await declined.sent()];
    w.sandbox.docusign.sign(first.envelopeId, 'Customer');
    w.sandbox.docusign.decline(second.envelopeId, 'Customer', 'Too dear.');
    await w.round(w.sign);
    await signed.becomes('partially_signed');
    await declined.becomes('declined');
    w.sandbox.docusign.sign(first.envelopeId, 'Countersigner');
    await w.round(w.sign);
    await signed.becomes('completed');
    await w.settled();
    expect([signed, declined].map((deal) => deal.remote().length)).toEqual([1, 1]);
    expect(declined.says('esign_reason')).toBe('Too dear.');
    expect(await gaps()).toBeGreaterThanOrEqual(before + 5);
    expect(await metric(w, 'countersign_gaps_total', { vendor: 'docusign' })).toBeGreaterThanOrEqual(3);
    const page = await (await fetch(`${w.address}/t/${w.tenant}/installs`, { headers: { accept: 'text/html', cookie: await session() } })).text();
    expect(page).toMatch(/gap/i);
  });

  async function session(): Promise<string> {
    const entered = await fetch(await w.world.link(), { method: 'POST', headers: { origin: w.address }, redirect: 'manual' });
    return entered.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  }
});

describe('with all webhooks', () => {
  test('rounds find nothing new, and send nothing again', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent');
    const { envelopeId } = await deal.sent();
    await deal.becomes('sent');
    w.sandbox.docusign.sign(envelopeId, 'Customer');
    await deal.becomes('partially_signed');
    await w.settled();
    const before = await gaps();
    for (const install of [w.crm, w.sign, w.crm, w.sign]) await w.round(install);
    await w.settled();
    expect(await gaps()).toBe(before);
    expect(deal.remote()).toHaveLength(1);
  });

  test('an envelope is read alone at most once in a quarter of an hour', async () => {
    const deal = plantDeal(w);
    w.misbehave({ duplicate: 0.5, lostReply: 0.1 });
    deal.move('contractsent');
    await deal.becomes('sent');
    for (let round = 0; round < 4; round++) await w.round(w.sign);
    await w.settled();
    expect(w.sandbox.docusign.envelopes().filter(({ envelopeId }) => w.sandbox.docusign.polls(envelopeId) > 1)).toEqual([]);
  });
});

describe('a round that fails', () => {
  test('waits longer each time, alarms after a few, and both end with the next good one', async () => {
    const alarm = () => w.db.selectFrom('alarms').selectAll().where('code', '=', 'reconcile-failing').where('subject', '=', `${w.sign.id}|changes`).execute();
    w.misbehave({ unavailable: 1 });
    await w.db.updateTable('cursors').set({ next_at: w.clock.now() }).where('install', '=', w.sign.id).where('name', '=', 'changes').execute();
    w.world.flow.wake.cursors();
    const first = await w.until('a failure', async () => (await cursorOf(w.sign)).failures === 1 && (await cursorOf(w.sign)));
    expect(first.error).toContain('fault of its own');
    expect(await alarm()).toEqual([]);
    const last = await w.until('five failures', async () => (await cursorOf(w.sign)).failures >= 5 && (await cursorOf(w.sign)));
    expect(last.next_at - w.clock.now()).toBeGreaterThan(8000);
    expect(await w.until('the alarm', async () => (await alarm())[0])).toMatchObject({ tenant: w.tenant });
    w.behave();
    await w.round(w.sign);
    expect(await cursorOf(w.sign)).toMatchObject({ failures: 0, error: null });
    expect(await alarm()).toEqual([]);
  });
});

describe('a restart', () => {
  test('goes on where the last round ended: what happened meanwhile is found, nothing is done twice', async () => {
    w.misbehave({ drop: 1 });
    const [before, meanwhile] = [plantDeal(w), plantDeal(w)];
    before.move('contractsent');
    await w.round(w.crm);
    await before.becomes('sent');
    await w.settled();
    const cursor = (await cursorOf(w.crm)).cursor;
    expect(JSON.parse(cursor)).not.toBeNull();
    meanwhile.move('contractsent');
    await w.stop(true);

    w = await openWorld({ folder: w.folder, clock: w.clock, config: { port: Number(new URL(w.address).port) } });
    expect((await cursorOf(w.crm)).cursor).toBe(cursor);
    const out = (id: string) => w.sandbox.docusign.envelopes().filter(({ customFields }) => customFields.some(({ value }) => value === id));
    await w.round(w.crm);
    await w.until('the envelope', () => out(meanwhile.id).some(({ status }) => status === 'sent'));
    await w.settled();
    expect([out(before.id).length, out(meanwhile.id).length]).toEqual([1, 1]);
    for (const ledger of ['facts', 'receipts', 'audit'] as const) expect(await verifyLedger(w.db, w.tenant, ledger)).toMatchObject({ ok: true });
  });

  test('our own write that comes back starts nothing, nor does a round that finds it', async () => {
    const deal = plantDeal(w);
    deal.move('contractsent', app('1160452'));
    await w.round(w.crm);
    await w.settled();
    expect(deal.remote()).toEqual([]);
  });
});
