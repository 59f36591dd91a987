import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Problem } from '#core/problem';
import { createListen } from '#connectors/salesforce/pubsub';
import { createPubSubServer, REFUSALS, STATUS } from '#connectors/salesforce/sandbox/pubsub-server';
import { codeOf, deal, orgs, TOKEN, until } from './pubsub-world.ts';

const { start, endLater } = orgs();

describe('pace', () => {
  it('asks for no more while the sink works, so that at most one batch is on its way', async () => {
    const org = await start();
    let taken = 0;
    let most = 0;
    const { stored } = org.listenFrom(null, {
      each: async ({ notices }) => {
        most = Math.max(most, org.server.counts.delivered - taken);
        await new Promise((resolve) => setTimeout(resolve, 20));
        taken += notices.length;
      },
    });
    await org.subscribed();
    for (let n = 1; n <= 500; n++) org.happen({ recordIds: [deal(n)] });
    await until(() => stored.notices.length === 500, 20_000);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(100);
    expect(org.server.counts.mostOutstanding).toBeLessThanOrEqual(100);
  });

  it('asks again where the vendor has lost count', async () => {
    const org = await start();
    const { stored } = org.listenFrom();
    await org.subscribed();
    org.server.forget();
    await until(() => org.server.counts.requested === 200);
    org.happen();
    await until(() => stored.notices.length === 1);
  });

  it('ends when told to: idle, before it has begun, and while the org is out of reach', async () => {
    const org = await start();
    const idle = org.listenFrom();
    await org.subscribed();
    const begin = performance.now();
    expect(await idle.stop()).toBeNull();
    const early = org.listenFrom();
    expect(await early.stop()).toBeNull();
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const waiting = org.listenFrom(null, { details: { pubsub: `127.0.0.1:${(silent.address() as AddressInfo).port}` } });
    await new Promise((resolve) => silent.once('connection', resolve));
    expect(await waiting.stop()).toBeNull();
    silent.close();
    expect(performance.now() - begin).toBeLessThan(10_000);
    await until(() => org.server.open() === 0);
  });

  it('takes a stream that says nothing at all for dead', async () => {
    const org = await start();
    const { ended } = org.listenFrom(null, { silenceMs: 150 });
    expect(codeOf(await ended)).toBe('vendor.unavailable');
    await until(() => org.server.open() === 0);
  });
});

describe('refusals', () => {
  it('renews a token that ran out, and goes on where it was', async () => {
    const org = await start();
    const { stored, ended } = org.listenFrom();
    await org.subscribed();
    org.happen({ recordIds: [deal(1)] });
    await until(() => stored.notices.length === 1);
    // The session ends: the stream is refused, and so is what comes after it with the old token. Events come meanwhile.
    org.tokens.good = new Set(['second']);
    org.tokens.renew = () => 'second';
    org.server.endSessions();
    org.happen({ recordIds: [deal(2)] });
    await until(() => stored.notices.length === 2);
    expect(stored.notices[1]?.payload).toMatchObject({ ids: [deal(2)] });
    expect([org.tokens.renewals, org.server.counts.Subscribe]).toEqual([1, 2]);
    // A second end so soon is no end of a session any more.
    org.server.endSessions();
    expect(codeOf(await ended)).toBe('vendor.unavailable');
    expect(org.tokens.renewals).toBe(1);
  });

  it('gives up on a token that is refused right after its renewal, after a bounded number of calls', async () => {
    const org = await start();
    org.tokens.good = new Set();
    const everywhere = (await org.listenFrom().ended) as Problem;
    // Not a lost permission: that is told by whoever renews. But each try costs a renewal, so there is a pause.
    expect([codeOf(everywhere), everywhere.remedy]).toEqual(['vendor.unavailable', 'retry']);
    expect(everywhere.retryAfterMs).toBeGreaterThanOrEqual(15 * 60_000);
    expect([org.tokens.renewals, org.server.counts.GetTopic, org.server.counts.Subscribe]).toEqual([1, 2, 0]);

    org.tokens.good = new Set([TOKEN, 'second']);
    org.tokens.renew = () => 'second';
    org.server.refuseNext('Subscribe', REFUSALS.auth, 100);
    const streamOnly = org.listenFrom();
    expect(codeOf(await streamOnly.ended)).toBe('vendor.unavailable');
    expect(org.server.counts.Subscribe).toBe(2);
    expect(org.tokens.renewals).toBe(2);
  });

  it('rests for long where the day is used up, and keeps its place', async () => {
    const org = await start();
    org.server.refuseNext('Subscribe', REFUSALS.limit);
    const { ended, stored } = org.listenFrom();
    const problem = await ended;
    expect(codeOf(problem)).toBe('vendor.rate-limited');
    expect((problem as Problem).retryAfterMs).toBeGreaterThanOrEqual(15 * 60_000);
    expect(stored.pages).toEqual([]);
  });

  it('says what to do where the org sends no such events', async () => {
    const org = await start({ topics: () => [] });
    const problem = await org.listenFrom().ended;
    expect(codeOf(problem)).toBe('feature.unsupported');
    expect((problem as Problem).message).toContain('Change Data Capture');
  });

  it('takes any other fault, an end without one and a server that is gone as passing', async () => {
    const org = await start();
    org.server.refuseNext('GetTopic', { status: 13, errorCode: 'sfdc.platform.eventbus.grpc.service.internal' });
    expect(codeOf(await org.listenFrom().ended)).toBe('vendor.unavailable');
    const { ended } = org.listenFrom();
    await org.subscribed();
    org.server.close();
    expect(codeOf(await ended)).toBe('vendor.unavailable');
    expect(codeOf(await org.listenFrom().ended)).toBe('vendor.unavailable');
  });

  it('repeats no token, whatever the server says', async () => {
    const org = await start();
    org.server.refuseNext('Subscribe', { status: STATUS.UNAVAILABLE, errorCode: `bad token ${TOKEN}` });
    org.server.refuseNext('GetTopic', { status: STATUS.INVALID_ARGUMENT, errorCode: TOKEN });
    for (let round = 0; round < 2; round++) {
      const problem = (await org.listenFrom().ended) as Problem;
      const all = [problem.message, problem.stack, String(problem.cause), (problem.cause as Error).stack, JSON.stringify(problem.facts)].join('\n');
      expect(codeOf(problem)).toBe('vendor.unavailable');
      expect(all).not.toContain(TOKEN);
    }
  });

  it('sends a token to nobody but the vendor, and a sandbox only to its own machine', async () => {
    const org = await start();
    const signal = new AbortController().signal;
    const refuse = async (details: Parameters<typeof org.callTo>[1], baseUrl?: string) => {
      const listening = createListen({ silenceMs: 1000 })(org.callTo(signal, details, baseUrl), null, async () => undefined);
      return listening.then(
        () => 'ended',
        (thrown: unknown) => codeOf(thrown),
      );
    };
    expect(await refuse({ pubsub: org.server.address }, 'https://acme.my.salesforce.com')).toBe('host.refused');
    expect(await refuse({ pubsub: 'api.pubsub.salesforce.com:7443' })).toBe('host.refused');
    expect(await refuse({})).toBe('feature.unsupported');
    expect(org.server.counts.GetTopic).toBe(0);
  });
});

describe('the sandbox itself', () => {
  it('takes its place again after a restart', async () => {
    const org = await start();
    const port = Number(org.server.address.split(':')[1]);
    org.server.close();
    const again = await createPubSubServer({ log: org.log, authorised: () => true, port });
    endLater({ stop: async () => again.close() });
    expect(again.address).toBe(org.server.address);
  });
});
