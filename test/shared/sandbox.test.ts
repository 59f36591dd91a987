import { serve } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { manualClock, systemClock } from '#lib/clock';
import { seededRandom } from '#lib/random';
import { NO_FAULTS, type Faults } from '#ports/sandbox';
import { misbehave } from '#shared/sandbox/misbehave';
import { createPostman, type Letter } from '#shared/sandbox/postman';
import { startVendor } from './server.ts';

/** A vendor's API of one route, which misbehaves as told. */
async function startApi(over: Partial<Faults>, seed = 1) {
  const faults = { ...NO_FAULTS, ...over };
  const calls: Record<string, number> = {};
  let done = 0;
  const refusals = {
    rateLimited: (c: Context, seconds: number) => c.json({ wait: seconds }, 429, { 'retry-after': String(seconds) }),
    unavailable: (c: Context) => c.json({}, 503),
  };
  const app = new Hono().use(misbehave(faults, seededRandom(seed), calls, refusals)).post('/things/:id', (c) => c.json({ done: ++done }));
  const server = serve({ port: 0, hostname: '127.0.0.1', fetch: app.fetch });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/things/1`;
  const ask = () =>
    fetch(url, { method: 'POST' }).then(
      (response) => response.status,
      () => 0,
    );
  return { faults, calls, url, ask, done: () => done };
}

describe('an API that misbehaves', () => {
  it('answers as the vendor does where no fault is asked for, and counts what it answered', async () => {
    const { ask, calls, done } = await startApi({});
    expect([await ask(), await ask(), done()]).toEqual([200, 200, 2]);
    expect(calls).toEqual({ 'POST /things/:id 200': 2 });
  });

  it('asks for a pause, having done nothing', async () => {
    const { url, calls, done } = await startApi({ rateLimited: 1, maxPauseMs: 2500 });
    const response = await fetch(url, { method: 'POST' });
    expect([response.status, response.headers.get('retry-after'), done()]).toEqual([429, '3', 0]);
    expect(Object.values(calls)).toEqual([1]);
  });

  it('is unavailable, having done nothing', async () => {
    const { ask, done } = await startApi({ unavailable: 1 });
    expect([await ask(), done()]).toEqual([503, 0]);
  });

  it('does what it was asked and loses the reply', async () => {
    const { ask, calls, done } = await startApi({ lostReply: 1 });
    expect([await ask(), await ask(), done()]).toEqual([0, 0, 2]);
    expect(calls).toEqual({ 'POST /things/:id 200': 2 });
  });

  it('changes its ways at once, and misbehaves the same for the same seed', async () => {
    const story = async (seed: number) => {
      const { ask, faults } = await startApi({}, seed);
      const before = await ask();
      Object.assign(faults, { rateLimited: 0.3, unavailable: 0.3, lostReply: 0.3 });
      const heard = [];
      for (let times = 0; times < 30; times++) heard.push(await ask());
      return { before, heard };
    };
    const [one, again, other] = [await story(1), await story(1), await story(2)];
    expect(one.before).toBe(200);
    expect(new Set(one.heard)).toEqual(new Set([0, 200, 429, 503]));
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });
});

/** A postman with a letterbox that answers as told; `sent` is in the order in which letters left. */
async function startPost(over: Partial<Faults> = {}, options: { seed?: number; retryMs?: number[]; answer?: (attempt: number) => number } = {}) {
  const { seed = 1, retryMs = [], answer = () => 200 } = options;
  const box = await startVendor((heard, response) => void response.writeHead(answer(Number(heard.headers['x-attempt']))).end());
  const clock = manualClock();
  const sent: string[] = [];
  const postman = createPostman({ faults: { ...NO_FAULTS, ...over }, random: seededRandom(seed), clock, retryMs, spoil: (headers) => void (headers['x-signature'] = 'spoilt') });
  const letter = (name: string): Letter => ({
    url: box.url,
    build: (attempt) => {
      sent.push(name);
      return { headers: { 'x-attempt': String(attempt), 'x-signature': 'good' }, body: name };
    },
  });
  const post = (...names: string[]) => {
    for (const name of names) postman.post(letter(name));
  };
  return { postman, post, sent, clock, heard: box.heard, bodies: () => box.heard.map(({ body }) => body).sort() };
}

describe('a postman', () => {
  it('brings each letter once where no fault is asked for', async () => {
    const { postman, post, bodies } = await startPost();
    post('a', 'b', 'c');
    await postman.quiet();
    expect([bodies(), postman.answers()]).toEqual([['a', 'b', 'c'], { 200: 3 }]);
  });

  it('tries again after each pause on refusal, signed anew, and then no more', async () => {
    const { postman, post, heard, clock } = await startPost({}, { retryMs: [1000, 5000], answer: () => 500 });
    const start = clock.now();
    post('a');
    await postman.quiet();
    expect(heard.map(({ headers }) => headers['x-attempt'])).toEqual(['0', '1', '2']);
    expect([clock.now() - start, postman.answers()]).toEqual([6000, { 500: 3 }]);
  });

  it('tries no more once it was accepted', async () => {
    const { postman, post } = await startPost({}, { retryMs: [10, 10], answer: (attempt) => (attempt === 0 ? 503 : 204) });
    post('a');
    await postman.quiet();
    expect(postman.answers()).toEqual({ 503: 1, 204: 1 });
  });

  it.each<[string, Partial<Faults>, string[]]>([
    ['brings letters twice', { duplicate: 1 }, ['a', 'a', 'b', 'b']],
    ['loses letters', { drop: 1 }, []],
    ['delays letters and brings them all the same', { delay: 1, maxPauseMs: 60_000 }, ['a', 'b']],
    ['brings letters out of order and loses none', { reorder: 1 }, ['a', 'b']],
  ])('%s', async (_what, faults, expected) => {
    const { postman, post, bodies } = await startPost(faults);
    post('a', 'b');
    await postman.quiet();
    expect(bodies()).toEqual(expected);
  });

  it('delays by the pause that is asked for at most', async () => {
    const { postman, post, clock } = await startPost({ delay: 1, maxPauseMs: 1000 });
    const start = clock.now();
    post('a');
    await postman.quiet();
    expect(clock.now() - start).toBeGreaterThan(0);
    expect(clock.now() - start).toBeLessThanOrEqual(1000);
  });

  it('sends a later letter before the one that it holds back, which follows', async () => {
    const { postman, post, sent } = await startPost({ reorder: 1 });
    post('a', 'b', 'c');
    await postman.quiet();
    expect(sent.slice(0, 2)).toEqual(['b', 'a']);
    expect([...sent].sort()).toEqual(['a', 'b', 'c']);
  });

  it('signs wrongly', async () => {
    const { postman, post, heard } = await startPost({ wrongSignature: 1 });
    post('a');
    await postman.quiet();
    expect(heard[0]?.headers['x-signature']).toBe('spoilt');
  });

  it('does the same for the same seed', async () => {
    const story = async (seed: number) => {
      const { postman, post, sent } = await startPost({ duplicate: 0.3, drop: 0.3, wrongSignature: 0.3 }, { seed });
      post(...'abcdefghijklmnop');
      await postman.quiet();
      return sent;
    };
    const [one, again, other] = [await story(1), await story(1), await story(2)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('counts what nobody answered, and brings nothing once it is closed, not even what it waits with', async () => {
    const unheard = createPostman({ faults: { ...NO_FAULTS }, random: seededRandom(1), clock: systemClock, retryMs: [60_000_000], spoil: () => undefined });
    unheard.post({ url: 'http://127.0.0.1:1', build: () => ({ headers: {}, body: '' }) });
    while (Object.keys(unheard.answers()).length === 0) await systemClock.sleep(5);
    unheard.close();
    await unheard.quiet();
    expect(unheard.answers()).toEqual({ 0: 1 });
    const { postman, post, bodies } = await startPost();
    postman.close();
    post('a');
    await postman.quiet();
    expect(bodies()).toEqual([]);
  });
});
