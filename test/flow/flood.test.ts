import { expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { newId } from '#lib/ids';
import { createReceive } from '#flow/receive';
import { createGate } from '#http/gate';
import { webhooks } from '#http/webhooks';
import { createIngest } from '#store/ingest';
import { createListener } from '#src/listener';
import { openWorld } from './world.ts';
import { postCrm, postSign, stageEvent } from './wire.ts';

const MOST = 20;
const SENT = 50;

test('a flood of good webhooks of one account is answered 429 with its pause: nobody else waits, and what is sent again is stored, each event once', async () => {
  const w = await openWorld();
  // The same server with its own eyes on the time, which stands still while the flood comes.
  const clock = manualClock(w.clock.now());
  const flow = { ...w.world.flow, clock };
  const receive = createReceive(
    flow,
    createIngest(w.db, () => undefined),
    { perSecond: MOST / 10 },
  );
  const listener = createListener(webhooks(flow, receive, createGate({ clock, proxies: 0, times: 1 })));
  const address = await listener.listen('127.0.0.1', 0);
  const flooded = { ...w, address };

  const bodies = Array.from({ length: SENT }, (_, index) => ({
    event: 'envelope-purge',
    generatedDateTime: new Date(clock.now() - index).toISOString(),
    data: { accountId: w.sign.account, envelopeId: newId('env') },
  }));
  const first = await Promise.all(bodies.map((body) => postSign(flooded, body)));
  const refused = bodies.filter((_, index) => first[index]?.status === 429);
  expect(first.filter(({ status }) => status === 200)).toHaveLength(MOST);
  expect(refused).toHaveLength(SENT - MOST);
  expect(first.filter(({ status }) => status === 429).every(({ headers }) => headers.get('retry-after') === '10')).toBe(true);
  // Another account of the same server, in the midst of it. What it signs is the public address, and the time that stands still.
  const other = await postCrm(w, [stageEvent(w, '1', 'nowhere')], { at: clock.now(), address });
  expect(other.status).toBe(204);

  let waiting = refused;
  for (let time = 0; waiting.length > 0 && time < 5; time++) {
    clock.advance(10_001);
    const again = await Promise.all(waiting.map((body) => postSign(flooded, body)));
    waiting = waiting.filter((_, index) => again[index]?.status !== 200);
  }
  expect(waiting).toEqual([]);
  const stored = await w.db.selectFrom('inbox').select('key').where('kind', '=', 'envelope-purge').execute();
  expect(new Set(stored.map(({ key }) => key)).size).toBe(SENT);
  expect(stored).toHaveLength(SENT);

  expect(listener.came()).toBeGreaterThan(SENT);
  const closed = listener.refuse();
  listener.hangUp();
  await closed;
  await w.stop();
});
