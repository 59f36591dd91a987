import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '#lib/clock';
import type { Json } from '#lib/json';
import type { Changes } from '#ports/crm';
import { EXPIRY_REASON } from '#connectors/docusign/sandbox';
import { faultsOf } from './contract.ts';
import { openWorld, orderForm, ORDER_FORM, OWN, sent, signSlot, type World } from './world.ts';

const { sign, inbound } = signSlot();
let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(async () => {
  expect(world.exchanges.flatMap(faultsOf)).toEqual([]);
  await world.close();
});

/** Reconciliation to its last page. */
async function look(world: World, from: Json, now: number): Promise<Changes> {
  const page = await sign.changes(world.call, from, now);
  if (!page.more) return page;
  const rest = await look(world, page.cursor, now);
  return { ...rest, notices: [...page.notices, ...rest.notices] };
}
const statusIn = (fact: unknown) => (fact as { data: { status: string } } | undefined)?.data.status;

describe('reconciliation', () => {
  it('yields the facts that webhooks would have brought', async () => {
    const id = await sent(world);
    world.sandbox.sign(id, 'Customer');
    const { notices } = await sign.changes(world.call, null, Date.now());
    expect(notices).toHaveLength(1);
    const [fact] = notices.flatMap((notice) => inbound.decode(notice, { appId: '' }));
    expect(fact).toMatchObject({ data: { remote: id, envelope: OWN, status: 'partially_signed', seenBy: 'reconcile' } });
    expect((fact as { data: { recipients: unknown[] } }).data.recipients).toMatchObject([
      { role: 'Customer', status: 'signed' },
      { role: 'Countersigner', status: 'sent' },
    ]);
  });
  it('finds the first of two signatures however long after sending, for two list calls a look', async () => {
    const clock = manualClock();
    const slow = await openWorld({ clock });
    const id = await sent(slow);
    const first = await look(slow, null, clock.now());
    clock.advance(2 * 3_600_000);
    const before = await look(slow, first.cursor, clock.now());
    clock.advance(60_000);
    slow.sandbox.sign(id, 'Customer');
    slow.exchanges.length = 0;
    const { notices } = await look(slow, before.cursor, clock.now());
    expect(notices.flatMap((notice) => inbound.decode(notice, { appId: '' })).map(statusIn)).toEqual(['partially_signed']);
    expect(slow.exchanges).toHaveLength(2);
    await slow.close();
  });
  it('gives one state one key, read alone or in a list, and another state another', async () => {
    const id = await sent(world);
    const [first] = (await sign.changes(world.call, null, Date.now())).notices;
    expect((await sign.read(world.call, id)).key).toBe(first?.key);
    world.sandbox.open(id, 'Customer');
    expect((await sign.read(world.call, id)).key).not.toBe(first?.key);
  });
  it('leaves out envelopes that are not ours', async () => {
    await sign.draft(world.call, orderForm());
    const foreign = world.exchanges.find(({ request }) => request.method === 'POST')?.request.json as Record<string, Json>;
    await world.call.request({ method: 'POST', path: '/envelopes', json: { ...foreign, transactionId: 'somebody-else', customFields: { textCustomFields: [] } } });
    expect(world.sandbox.envelopes()).toHaveLength(2);
    expect((await sign.changes(world.call, null, Date.now())).notices).toHaveLength(1);
  });
  it('pages through more than a page without losing or looping, though all changed at one time', async () => {
    const clock = manualClock();
    const crowd = await openWorld({ clock });
    for (let i = 0; i < 230; i++) {
      if (i === 150) clock.advance(60_000);
      await crowd.call.request({ method: 'POST', path: '/envelopes', json: { status: 'created', templateId: ORDER_FORM, templateRoles: [], transactionId: `env_${i}` } });
    }
    const seen = new Set<string>();
    let cursor: Json = null;
    let calls = 0;
    for (let more = true; more && calls < 10; calls++) {
      const page = await sign.changes(crowd.call, cursor, clock.now());
      for (const notice of page.notices) seen.add(notice.key);
      ({ cursor, more } = page);
    }
    expect(seen.size).toBe(230);
    expect(calls).toBeLessThanOrEqual(5);
    const next = await sign.changes(crowd.call, cursor, clock.now());
    expect(next.notices.every(({ key }) => seen.has(key))).toBe(true);
    await crowd.close();
  });
  it('tells an expiry from a void that somebody asked for', async () => {
    const id = await sent(world);
    world.sandbox.expire(id);
    expect(world.sandbox.envelopes()[0]?.voidedReason).toBe(EXPIRY_REASON);
    const notice = await sign.read(world.call, id);
    expect(inbound.decode(notice, { appId: '' }).map(statusIn)).toEqual(['expired']);
  });
});
