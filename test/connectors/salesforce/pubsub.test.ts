import { describe, expect, it } from 'vitest';
import { Problem } from '#core/problem';
import type { Json } from '#lib/json';
import { replayIdOf } from '#connectors/salesforce/sandbox/pubsub-replay';
import { REFUSALS } from '#connectors/salesforce/sandbox/pubsub-server';
import { codeOf, deal, ORG, orgs, until } from './pubsub-world.ts';

const THREE_DAYS_MS = 72 * 3_600_000;
const OURS = 'com/salesforce/api/rest/67.0;client=countersign';

const replayIn = (cursor: Json): string => (cursor as { replayId: string }).replayId;
const { start } = orgs();

describe('hearing of changes', () => {
  it('gives each event once, as a notice with the stage and the cursor behind it', async () => {
    const org = await start();
    const { stored } = org.listenFrom();
    await org.subscribed();
    const event = org.happen({ changed: { StageName: 'Negotiation/Review', Amount: 1200.5 } });
    await until(() => stored.notices.length === 1);
    expect(stored.notices[0]).toEqual({
      account: ORG,
      kind: 'change.Opportunity',
      key: `cdc|${deal(1)}|${event.transactionKey}|1`,
      at: event.commitTimestamp,
      payload: { ids: [deal(1)], changeType: 'UPDATE', stage: 'Negotiation/Review', origin: event.changeOrigin, commitAt: event.commitTimestamp },
    });
    expect(stored.pages.every(({ more }) => !more)).toBe(true);
    expect(stored.cursor).toEqual({ topic: '/data/Countersign_Changes__chn', replayId: replayIdOf(1).toString('base64'), at: event.commitTimestamp });
  });

  it('says nothing of the stage where the event does not, null where it was emptied, and the value where a record was made', async () => {
    const org = await start();
    const { stored } = org.listenFrom();
    await org.subscribed();
    org.happen({ changed: { Amount: 5 } });
    org.happen({ changed: { StageName: null, Amount: null } });
    org.happen({ changeType: 'CREATE', changed: { StageName: 'Prospecting', Name: 'Rollout' } });
    org.happen({ changeType: 'DELETE', changed: {} });
    await until(() => stored.notices.length === 4);
    const payloads = stored.notices.map(({ payload }) => payload as Record<string, unknown>);
    expect(payloads.map((payload) => ('stage' in payload ? payload.stage : 'absent'))).toEqual(['absent', null, 'Prospecting', 'absent']);
  });

  it('keeps the origin, so that our own writes are known when they come back', async () => {
    const org = await start();
    const { stored } = org.listenFrom();
    await org.subscribed();
    org.happen({ changeOrigin: OURS });
    await until(() => stored.notices.length === 1);
    expect(stored.notices[0]?.payload).toMatchObject({ origin: OURS });
  });

  it('passes gaps on with their records, and overflows and wildcards without any', async () => {
    const org = await start();
    const { stored } = org.listenFrom();
    await org.subscribed();
    const events = [
      org.happen({ changeType: 'GAP_UPDATE', recordIds: [deal(3), deal(2)], changed: {} }),
      org.happen({ changeType: 'GAP_OVERFLOW', recordIds: [], changed: {} }),
      org.happen({ changeType: 'UPDATE', recordIds: ['006*'], changed: { Amount: 1 } }),
    ];
    await until(() => stored.notices.length === 3);
    const [gap, overflow, wildcard] = stored.notices;
    expect(gap?.payload).toEqual({ ids: [deal(3), deal(2)], changeType: 'GAP_UPDATE', origin: events[0]?.changeOrigin, commitAt: events[0]?.commitTimestamp });
    expect(gap?.key).toBe(`cdc|${deal(2)},${deal(3)}|${events[0]?.transactionKey ?? ''}|1`);
    expect(overflow?.payload).toMatchObject({ changeType: 'GAP_OVERFLOW' });
    expect(overflow?.payload).not.toHaveProperty('ids');
    expect(wildcard?.payload).not.toHaveProperty('ids');
    expect(new Set(stored.notices.map(({ key }) => key)).size).toBe(3);
  });

  it('reads events of a schema that an admin has just changed', async () => {
    const org = await start();
    const { stored } = org.listenFrom();
    await org.subscribed();
    org.happen({ changed: { StageName: 'A' } });
    await until(() => stored.notices.length === 1);
    org.happen({ changed: { StageName: 'B', Brand_New__c: 'x' } });
    org.happen({ changed: { StageName: 'C', Brand_New__c: null } });
    await until(() => stored.notices.length === 3);
    expect(stored.notices.map(({ payload }) => (payload as { stage: string }).stage)).toEqual(['A', 'B', 'C']);
    expect(org.server.counts.GetSchema).toBe(2);
  });

  it('lets no unreadable event stand in the way of those behind it', async () => {
    const org = await start();
    org.server.garble(2);
    const { stored } = org.listenFrom();
    await org.subscribed();
    for (let n = 1; n <= 3; n++) org.happen({ recordIds: [deal(n)] });
    await until(() => stored.notices.length === 3);
    expect(stored.notices[1]?.payload).toMatchObject({ changeType: 'UNREADABLE' });
    expect(stored.notices[1]?.payload).not.toHaveProperty('ids');
    expect(stored.notices[2]?.payload).toMatchObject({ ids: [deal(3)] });
  });

  it('goes on behind an event whose schema is not to be had', async () => {
    const org = await start();
    org.server.refuseNext('GetSchema', REFUSALS.schema);
    const { stored } = org.listenFrom();
    await org.subscribed();
    org.happen();
    await until(() => stored.notices.length === 1);
    org.happen();
    await until(() => stored.notices.length === 2);
    expect(stored.notices.map(({ payload }) => (payload as { changeType: string }).changeType)).toEqual(['UNREADABLE', 'UPDATE']);
  });

  it("listens to the package's channel by its namespace, and to the org's own selection without the package", async () => {
    const org = await start({ topics: () => ['/data/csign__Countersign_Changes__chn', '/data/OpportunityChangeEvent'] });
    const packaged = org.listenFrom(null, { details: { pubsub: org.server.address, namespace: 'csign' } });
    await org.subscribed();
    const own = org.listenFrom();
    await org.subscribed(2);
    org.happen();
    await until(() => packaged.stored.notices.length === 1 && own.stored.notices.length === 1);
    expect(packaged.stored.cursor).toMatchObject({ topic: '/data/csign__Countersign_Changes__chn' });
    expect(own.stored.cursor).toMatchObject({ topic: '/data/OpportunityChangeEvent' });
  });

  it('brings a thousand events in order, and asks for each once', async () => {
    const org = await start();
    const { stored } = org.listenFrom();
    await org.subscribed();
    for (let n = 1; n <= 1000; n++) org.happen({ recordIds: [deal(n)], changed: { StageName: `Stage ${n}` } });
    await until(() => stored.notices.length >= 1000, 20_000);
    expect(stored.notices.map(({ payload }) => (payload as { stage: string }).stage)).toEqual(Array.from({ length: 1000 }, (_, n) => `Stage ${n + 1}`));
    expect(org.server.counts.requested - 1000).toBeLessThanOrEqual(100);
    expect(org.server.counts.GetSchema).toBe(1);
  });
});

describe('going on', () => {
  it('from the stored cursor misses nothing and repeats nothing', async () => {
    const org = await start();
    const first = org.listenFrom();
    await org.subscribed();
    for (let n = 1; n <= 5; n++) org.happen({ recordIds: [deal(n)] });
    await until(() => first.stored.notices.length === 5);
    expect(await first.stop()).toBeNull();
    for (let n = 6; n <= 12; n++) org.happen({ recordIds: [deal(n)] });
    const second = org.listenFrom(first.stored.cursor);
    await until(() => second.stored.notices.length >= 7);
    const ids = [...first.stored.notices, ...second.stored.notices].flatMap(({ payload }) => (payload as { ids: string[] }).ids);
    expect(ids).toEqual(Array.from({ length: 12 }, (_, n) => deal(n + 1)));
  });

  it('gives what was not stored again under the same key', async () => {
    const org = await start();
    const failing = org.listenFrom(null, {
      each: async ({ notices }) => {
        if (notices.length > 0) throw new Problem('store.busy');
      },
    });
    await org.subscribed();
    org.happen();
    expect(codeOf(await failing.ended)).toBe('store.busy');
    expect(failing.stored.cursor).toBeNull();
    await until(() => org.server.open() === 0);

    const keys: string[] = [];
    let stored = false;
    const before = { topic: '/data/Countersign_Changes__chn', replayId: replayIdOf(0).toString('base64'), at: 0 };
    for (let round = 0; round < 2; round++) {
      const again = org.listenFrom(before, { each: async ({ notices }) => (keys.push(...notices.map(({ key }) => key)), (stored = true), undefined) });
      await until(() => stored);
      stored = false;
      await again.stop();
    }
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it('hands a replay id back byte for byte, though as a number it is far above 2^53', async () => {
    const org = await start();
    const first = org.listenFrom();
    await org.subscribed();
    for (let n = 1; n <= 3; n++) org.happen({ recordIds: [deal(n)] });
    await until(() => first.stored.notices.length === 3);
    await first.stop();
    const id = Buffer.from(replayIn(first.stored.cursor), 'base64');
    expect(id.readBigUInt64BE() > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(BigInt(Number(id.readBigUInt64BE()))).not.toBe(id.readBigUInt64BE());
    expect(id.equals(replayIdOf(3))).toBe(true);
    org.happen({ recordIds: [deal(4)] });
    const second = org.listenFrom(first.stored.cursor);
    await until(() => second.stored.notices.length > 0);
    expect(second.stored.notices.map(({ payload }) => (payload as { ids: string[] }).ids)).toEqual([[deal(4)]]);
  });

  it('after a stream that broke in the middle of a batch', async () => {
    const org = await start();
    const first = org.listenFrom();
    await org.subscribed();
    org.server.cut(7);
    for (let n = 1; n <= 20; n++) org.happen({ recordIds: [deal(n)] });
    expect(codeOf(await first.ended)).toBe('vendor.unavailable');
    const got = first.stored.notices.length;
    expect(got).toBeLessThanOrEqual(7);
    expect(got).toBeGreaterThan(0);
    const second = org.listenFrom(first.stored.cursor);
    await until(() => second.stored.notices.length + got >= 20);
    const ids = [...first.stored.notices, ...second.stored.notices].flatMap(({ payload }) => (payload as { ids: string[] }).ids);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => deal(n + 1)));
  });

  it('from the place that a keep-alive names, where nothing happened', async () => {
    const org = await start({ keepAliveMs: 20 });
    org.happen();
    const { stored, stop } = org.listenFrom();
    await until(() => stored.cursor !== null);
    expect(replayIn(stored.cursor)).toBe(replayIdOf(1).toString('base64'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Told once: the same place is not stored again and again.
    expect(stored.pages).toHaveLength(1);
    await stop();
    org.happen({ recordIds: [deal(2)] });
    const second = org.listenFrom(stored.cursor);
    await until(() => second.stored.notices.length === 1);
    expect(second.stored.notices[0]?.payload).toMatchObject({ ids: [deal(2)] });
  });

  it('with what is new, once the replay id is older than three days: the null cursor is told first', async () => {
    const org = await start();
    const first = org.listenFrom();
    await org.subscribed();
    org.happen();
    org.happen();
    await until(() => first.stored.notices.length === 2);
    const [page] = first.stored.pages;
    await first.stop();
    org.clock.advance(THREE_DAYS_MS + 60_000);
    org.happen({ recordIds: [deal(8)] });

    // The place before the last event is still known, for nothing behind it was lost; an older one is not.
    const lost = { ...(page?.cursor as { topic: string }), replayId: replayIdOf(1).toString('base64') };
    const second = org.listenFrom(lost);
    await until(() => second.stored.pages.length === 1);
    expect(second.stored.pages[0]).toEqual({ notices: [], cursor: null, more: false });
    await org.subscribed();
    await until(() => org.server.counts.requested >= 200);
    org.happen({ recordIds: [deal(9)] });
    await until(() => second.stored.notices.length > 0);
    expect(second.stored.notices[0]?.payload).toMatchObject({ ids: [deal(9)] });
  });

  it('with what is new, where the replay id is garbage or of another topic', async () => {
    const org = await start({ topics: () => ['/data/OpportunityChangeEvent'] });
    org.happen();
    const garbage = org.listenFrom({ topic: '/data/OpportunityChangeEvent', replayId: Buffer.from('?????').toString('base64'), at: 1 });
    await until(() => garbage.stored.pages.length === 1);
    expect(garbage.stored.pages[0]?.cursor).toBeNull();
    const elsewhere = org.listenFrom({ topic: '/data/Countersign_Changes__chn', replayId: replayIdOf(0).toString('base64'), at: 1 });
    const odd = org.listenFrom(['what', 'is this']);
    await org.subscribed(3);
    expect([...elsewhere.stored.pages, ...odd.stored.pages]).toEqual([]);
    org.happen({ recordIds: [deal(2)] });
    await until(() => [garbage, elsewhere, odd].every(({ stored }) => stored.notices.length > 0));
    for (const { stored } of [garbage, elsewhere, odd]) expect(stored.notices.map(({ payload }) => (payload as { ids: string[] }).ids)).toEqual([[deal(2)]]);
  });
});
