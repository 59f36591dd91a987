import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import type { HttpRequest } from '#ports/call';
import { hastyClock } from './clock.ts';
import { plantDeal, type TestDeal } from './deals.ts';
import { interceptSign, isDraft, isSearch, isSend } from './wire.ts';
import { openWorld, type TestWorld } from './world.ts';

/** Longer than a lane's lease: what a dead process held is free again. */
const LEASES_OVER_MS = 600_000;

const lost = () => new Problem('vendor.lost-reply');

describe('a lost reply never makes a second envelope', () => {
  let w: TestWorld;
  beforeAll(async () => {
    w = await openWorld();
  });
  afterAll(() => w.stop());

  /** Lets the first replies to such requests get lost, `times` of them. */
  function lose(which: (request: HttpRequest) => boolean, times: number, before = false): () => void {
    let left = times;
    return interceptSign(w, async (request, go) => {
      if (!which(request) || left-- <= 0) return go();
      if (!before) await go();
      throw lost();
    });
  }

  async function expectOne(deal: TestDeal): Promise<void> {
    await deal.becomes('sent');
    await w.settled();
    expect(deal.remote().map(({ status }) => status)).toEqual(['sent']);
    const [only, ...others] = await deal.envelopes();
    expect(others).toEqual([]);
    expect(only?.envelope.remote).toBe(deal.remote()[0]?.envelopeId);
    const mails = w.sandbox.mailbox.list().filter(({ link }) => link?.url.includes(deal.remote()[0]?.recipients[0]?.token ?? '-'));
    expect(mails).toHaveLength(1);
  }

  test.each<[string, (request: HttpRequest) => boolean, number, boolean]>([
    ["the draft's reply", isDraft, 1, false],
    ["the draft's reply, three times", isDraft, 3, false],
    ['the draft itself, before it arrives', isDraft, 2, true],
    ["the send's reply", isSend, 1, false],
    ["the send's reply, three times", isSend, 3, false],
    ['the send itself, before it arrives', isSend, 2, true],
    ['every first reply', (request) => request.method !== 'GET', 2, false],
  ])('%s', async (_what, which, times, before) => {
    w.misbehave({ drop: 1 });
    const restore = lose(which, times, before);
    const deal = plantDeal(w);
    await w.world.desk.send(w.tenant, deal.id, { key: `lost ${deal.id}`, by: 'a test' });
    await expectOne(deal);
    restore();
    w.behave();
  });

  test("the draft's reply, and then the search's for it", async () => {
    w.misbehave({ drop: 1 });
    const stop = [lose(isDraft, 1), lose(isSearch, 2)];
    const deal = plantDeal(w);
    await w.world.desk.send(w.tenant, deal.id, { key: `lost ${deal.id}`, by: 'a test' });
    await expectOne(deal);
    stop.reverse().forEach((restore) => restore());
    w.behave();
  });

  test('what is only read for it is read again at once, and costs no attempt', async () => {
    const { faults } = w.sandbox.docusign;
    let refused = 0;
    // The template is read before anything is made.
    Object.defineProperty(faults, 'unavailable', { configurable: true, enumerable: true, get: () => (refused++ < 3 ? 1 : 0) });
    const deal = plantDeal(w);
    await w.world.desk.send(w.tenant, deal.id, { key: `read ${deal.id}`, by: 'a test' });
    await expectOne(deal);
    Object.defineProperty(faults, 'unavailable', { configurable: true, enumerable: true, writable: true, value: 0 });
    const [sent] = await deal.envelopes();
    const [create] = await w.db
      .selectFrom('outbox')
      .select('attempts')
      .where('kind', '=', 'envelope.create')
      .where('envelope', '=', sent?.envelope.id ?? null)
      .execute();
    expect([refused > 3, create?.attempts]).toEqual([true, 1]);
  });

  test('replies lost at random, while webhooks tell what became of it', async () => {
    Object.assign(w.sandbox.docusign.faults, { lostReply: 0.15, unavailable: 0.1, duplicate: 0.5 });
    const deals = Array.from({ length: 5 }, () => plantDeal(w));
    for (const deal of deals) deal.move('contractsent');
    for (const deal of deals) await deal.becomes('sent');
    w.behave();
    for (const deal of deals) await expectOne(deal);
  });

  test('what nobody wants any more while its send was in doubt does not stay out', async () => {
    w.misbehave({ drop: 1 });
    const deal = plantDeal(w);
    const restore = interceptSign(w, async (request, go) => {
      if (!isSend(request)) return go();
      await go();
      const [found] = await deal.envelopes();
      if (found) await w.world.desk.void(w.tenant, found.envelope.id, 'Not wanted any more.', 'a test');
      await w.until('the void to be known', async () => (await deal.envelopes())[0]?.envelope.void_by !== null);
      throw lost();
    });
    await w.world.desk.send(w.tenant, deal.id, { key: `unwanted ${deal.id}`, by: 'a test' });
    await deal.becomes('voided');
    await w.settled();
    restore();
    w.behave();
    expect(deal.remote().map(({ status }) => status)).toEqual(['voided']);
  });

  test('what nobody wants any more while its draft was in doubt is not left behind either', async () => {
    w.misbehave({ drop: 1 });
    const deal = plantDeal(w);
    const restore = interceptSign(w, async (request, go) => {
      if (!isDraft(request)) return go();
      await go();
      const [found] = await deal.envelopes();
      if (found) await w.world.desk.void(w.tenant, found.envelope.id, 'Not wanted any more.', 'a test');
      await w.until('the void to be known', async () => (await deal.envelopes())[0]?.envelope.void_by !== null);
      throw lost();
    });
    await w.world.desk.send(w.tenant, deal.id, { key: `undrafted ${deal.id}`, by: 'a test' });
    await deal.becomes('voided');
    await w.settled();
    restore();
    w.behave();
    expect(deal.remote()).toEqual([]);
  });
});

describe('a server that dies in the middle of making an envelope', () => {
  test.each<[string, (request: HttpRequest) => boolean, boolean]>([
    ['before the draft', isDraft, true],
    ['after the draft, before it is remembered', isDraft, false],
    ['between draft and send', isSend, true],
    ['after the send, before it is remembered', isSend, false],
  ])('%s: the next one makes it whole, and makes no second', async (_when, which, before) => {
    const w = await openWorld();
    w.misbehave({ drop: 1 });
    const deal = plantDeal(w);
    let died = false;
    interceptSign(w, async (request, go) => {
      if (!which(request)) return go();
      if (!before) await go();
      // Nothing that happens in this process from here on reaches the database: to it, the process is dead.
      await w.db.destroy();
      died = true;
      throw lost();
    });
    deal.move('contractsent');
    await w.world.desk.send(w.tenant, deal.id, { key: `crash ${deal.id}`, by: 'a test' });
    await w.until('the end', () => died);
    const later = w.clock.now() + LEASES_OVER_MS;
    await w.stop(true);

    const next = await openWorld({ folder: w.folder, clock: hastyClock(later), config: { port: Number(new URL(w.address).port) } });
    const remote = () => next.sandbox.docusign.envelopes().filter(({ status, customFields }) => status !== 'deleted' && customFields.some(({ value }) => value === deal.id));
    await next.until('the deal to say so', () => next.sandbox.hubspot.deal(deal.id)?.properties['esign_status'] === 'sent');
    await next.settled();
    expect(remote().map(({ status }) => status)).toEqual(['sent']);
    await next.stop();
  });
});
