import { serve } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { changes } from '#connectors/salesforce/changes';
import { inbound } from '#connectors/salesforce/inbound';
import { manifest } from '#connectors/salesforce/manifest';
import type { Notice, RawDelivery } from '#ports/inbound';
import { openOrg } from './org-world.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});
const factsOf = (notices: Notice[]) => notices.flatMap((notice) => inbound.decode(notice, { appId: '' }));

/** An org whose Outbound Messages arrive here; `stumble` are the statuses that the next ones are answered with. */
async function tellingOrg() {
  const org = await openOrg();
  const deliveries: RawDelivery[] = [];
  const stumble: number[] = [];
  const receiver = serve({
    port: 0,
    fetch: async (request) => {
      deliveries.push({ method: request.method, url: request.url, headers: Object.fromEntries(request.headers), body: new Uint8Array(await request.arrayBuffer()) });
      const { answer } = manifest.webhook ?? { answer: { status: 500, body: '', type: '' } };
      return new Response(answer.body, { status: stumble.shift() ?? answer.status, headers: { 'content-type': answer.type } });
    },
  });
  await new Promise((resolve) => receiver.once('listening', resolve));
  org.sandbox.setOutbound(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhooks/salesforce/Zk3vXqJm9wT2bLr8nYc5dHf1gPs7uAe4`);
  ends.push(org.close, () => new Promise((resolve) => receiver.close(resolve)));
  return { ...org, deliveries, stumble };
}

test('an Outbound Message of the org is let in, read, and answered so that it is not sent again', async () => {
  const org = await tellingOrg();
  const deal = org.sandbox.opportunityNamed('Harbour').id;
  org.sandbox.move(deal, 'Contract Sent');
  await org.sandbox.quiet();
  expect(org.sandbox.outboundAnswers()).toEqual({ 200: 1 });
  expect(org.deliveries.map((delivery) => inbound.verify(delivery, [], 0))).toEqual([{ ok: true }]);
  const notices = org.deliveries.flatMap((delivery) => inbound.split(delivery));
  expect(notices.map(({ account }) => account)).toEqual([org.sandbox.orgId()]);
  expect(factsOf(notices)).toMatchObject([{ type: 'deal.stage-changed', data: { deal, stage: 'Contract Sent', seenBy: 'webhook' } }]);
});

test('one that was refused comes again under the same key, with what the deal holds by then', async () => {
  const org = await tellingOrg();
  const deal = org.sandbox.opportunityNamed('Harbour').id;
  org.stumble.push(503);
  org.sandbox.move(deal, 'Contract Sent');
  await org.sandbox.quiet();
  const [first, second] = org.deliveries.map((delivery) => inbound.split(delivery)[0]?.key);
  expect(first).toBeDefined();
  expect(second).toBe(first);
});

test('a message and a poll of one entry into a stage tell of the same moment, so that the deal is read once for both', async () => {
  const org = await tellingOrg();
  const { call } = await org.connect();
  const deal = org.sandbox.opportunityNamed('Harbour').id;
  org.sandbox.move(deal, 'Contract Sent');
  await org.sandbox.quiet();
  const told = factsOf(org.deliveries.flatMap((delivery) => inbound.split(delivery)));
  org.clock.advance(30_000);
  const polled = factsOf((await changes(call, null, org.clock.now())).notices).filter(({ data }) => 'deal' in data && data.deal === deal);
  const moments = (facts: typeof told) => facts.map(({ at, data }) => ('stage' in data ? `${data.deal}|${data.stage ?? ''}|${at}` : ''));
  expect(moments(polled)).toEqual(moments(told));
});
