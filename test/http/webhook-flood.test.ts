import { Agent, request } from 'node:http';
import { expect, test } from 'vitest';
import { createGate } from '#http/gate';
import { webhooks } from '#http/webhooks';
import { createListener } from '#src/listener';
import { openWorld } from '../flow/world.ts';
import { postSign } from '../flow/wire.ts';

/** So many are taken however long they take to come. */
const HELD = 250;

function post(address: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(`${address}/webhooks/hubspot`, { method: 'POST', agent }, (response) => response.resume().on('end', () => resolve(response.statusCode)));
    sent.on('error', reject).end('{}');
  });
}

test('while many deliveries have waited for a second to be stored, another is answered 503 with its pause before it is read, and counted', async () => {
  const w = await openWorld();
  const held: (() => void)[] = [];
  const well = { status: 200, body: '', type: 'text/plain' };
  const receive = () => new Promise<typeof well>((resolve) => held.push(() => resolve(well)));
  const { flow } = w.world;
  const listener = createListener(webhooks(flow, receive, createGate({ clock: flow.clock, proxies: 0, times: 1 })));
  const flooded = { ...w, address: await listener.listen('127.0.0.1', 0) };
  const overload = async () => {
    const counted = [...(await flow.metrics.registry.metrics()).matchAll(/outcome="overload"\} (\d+)/g)];
    return counted.reduce((sum, [, count]) => sum + Number(count), 0);
  };

  const first = Array.from({ length: HELD }, () => postSign(flooded, {}));
  while (held.length < HELD) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const refused = await postSign(flooded, {});
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.json()).toMatchObject({ error: { code: 'store.busy' } });
  expect(await overload()).toBe(1);

  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const begun = performance.now();
  const again = [await post(flooded.address, agent), await post(flooded.address, agent)];
  expect(again).toEqual([503, 503]);
  // The second on that connection is read half a second later, one of another at once.
  expect(performance.now() - begun).toBeGreaterThan(450);
  expect(await overload()).toBe(3);
  agent.destroy();

  for (const one of held) one();
  expect((await Promise.all(first)).every(({ status }) => status === 200)).toBe(true);
  const after = postSign(flooded, {});
  while (held.length === HELD) await new Promise((resolve) => setTimeout(resolve, 10));
  held.at(-1)?.();
  expect((await after).status).toBe(200);
  expect(await overload()).toBe(3);

  const closed = listener.refuse();
  listener.hangUp();
  await closed;
  await w.stop();
});
