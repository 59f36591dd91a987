import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { crm } from '#connectors/hubspot/crm';
import { inbound } from '#connectors/hubspot/inbound';
import { app } from '#connectors/hubspot/sandbox/account';
import { startSandbox, type TestCall } from './harness.ts';

let world: Awaited<ReturnType<typeof startSandbox>>;
let call: TestCall;
beforeAll(async () => {
  world = await startSandbox();
  call = (await world.install()).call;
});
afterAll(() => world.stop());

describe('changes', () => {
  test('finds moves whose webhook was lost, with a key that stays per entry into a stage', async () => {
    const now = Date.now();
    const deal = world.sandbox.dealNamed('Olive');
    world.sandbox.moveDeal(deal.id, 'contractsent');
    const of = (notices: Awaited<ReturnType<typeof crm.changes>>['notices']) => notices.filter((notice) => notice.key.includes(`:${deal.id}:`));
    const first = await crm.changes(call, null, now);
    expect(first.more).toBe(false);
    const [notice] = of(first.notices);
    expect(notice && inbound.decode(notice, { appId: '31337' })).toEqual([
      { type: 'deal.stage-changed', at: notice?.at, data: { deal: deal.id, stage: 'contractsent', source: 'person', seenBy: 'reconcile' } },
    ]);

    world.sandbox.setDeal(deal.id, { description: 'Another change' });
    const again = await crm.changes(call, first.cursor, now + 1000);
    expect(of(again.notices)[0]?.key).toBe(notice?.key);

    world.sandbox.moveDeal(deal.id, 'qualified');
    world.sandbox.moveDeal(deal.id, 'contractsent');
    const reentered = await crm.changes(call, again.cursor, now + 2000);
    expect(of(reentered.notices)[0]?.key).not.toBe(notice?.key);
  });

  test('does not trust the index: what search shows late is still found, with its present stage', async () => {
    const lagging = await startSandbox({ searchLagMs: 60_000 });
    const { call } = await lagging.install();
    const deal = lagging.sandbox.dealNamed('Harbour');
    lagging.sandbox.moveDeal(deal.id, 'contractsent');
    const early = await crm.changes(call, null, Date.now());
    expect(early.notices).toEqual([]);
    const form = new URLSearchParams({ searchLagMs: '0' });
    await fetch(`${lagging.base}/faults`, { method: 'POST', body: form });
    const late = await crm.changes(call, early.cursor, Date.now());
    expect(late.notices.map((notice) => notice.payload)).toEqual([expect.objectContaining({ objectId: deal.id, stage: 'contractsent' })]);
    await lagging.stop();
  });

  test('goes through more than 10 000 changes, also in one millisecond, without losing one', async () => {
    const clock = manualClock(Date.now());
    const busy = await startSandbox({ clock });
    const { call } = await busy.install();
    const at = Date.now() - 60_000;
    const deals = busy.sandbox.world().objects.deals;
    for (let index = 0; index < 10_450; index++) {
      const id = String(20_000_000 + index);
      const updatedAt = index < 650 ? at : at + index;
      deals[id] = { id, createdAt: at, updatedAt, properties: { dealstage: 'proposal', pipeline: 'default' }, history: [], indexed: null };
    }
    const seen = new Set<string>();
    let cursor: Awaited<ReturnType<typeof crm.changes>>['cursor'] = null;
    for (let page = 0, more = true; more; page++) {
      expect(page).toBeLessThan(80);
      clock.advance(1000);
      const answer = await crm.changes(call, cursor, Date.now());
      for (const notice of answer.notices) seen.add(notice.key);
      ({ cursor, more } = answer);
    }
    expect(seen.size).toBe(10_450);
    await busy.stop();
  });
});

describe('webhooks of our own writes', () => {
  test('come back as ours and as the person’s who made them', async () => {
    const fresh = await startSandbox();
    await fresh.install();
    const deal = fresh.sandbox.dealNamed('Harbour');
    fresh.sandbox.moveDeal(deal.id, 'contractsent');
    fresh.sandbox.moveDeal(deal.id, 'closedwon', app('31337'));
    await fresh.sandbox.quiet();
    const facts = fresh.received
      .flatMap(({ body, headers, url }) => inbound.split({ method: 'POST', url, headers, body: new TextEncoder().encode(body) }))
      .flatMap((notice) => inbound.decode(notice, { appId: '31337' }));
    expect(facts.map((fact) => fact.data)).toEqual([
      expect.objectContaining({ source: 'person', stage: 'contractsent' }),
      expect.objectContaining({ source: 'countersign', stage: 'closedwon' }),
    ]);
    await fresh.stop();
  });
});
