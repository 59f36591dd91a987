import { getRequestListener } from '@hono/node-server';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '#lib/clock';
import { createRate } from '#lib/rate';
import { Problem } from '#core/problem';
import { createGate, setRetryAfter } from '#http/gate';

const MINUTE_MS = 60_000;
const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** A gate a tenth as wide over real HTTP; who asks is said by a proxy in front. */
async function open() {
  const clock = manualClock(1_000_000);
  const gate = createGate({ clock, proxies: 1, times: 0.1 });
  const app = new Hono();
  app.use('/oauth/*', gate.limit('oauth'));
  app.get('/oauth/a', (c) => c.text('ok'));
  app.post('/hook/:key', async (c) =>
    gate.refusals(c, async () => {
      if (c.req.header('x-good') !== 'yes') throw new Problem('signature.invalid');
      return c.text('ok');
    }),
  );
  app.get('/card/:account', (c) => {
    gate.account('cards', c.req.param('account'));
    return c.text('ok');
  });
  app.onError((error, c) => {
    const problem = Problem.from(error);
    setRetryAfter(c, problem);
    return c.text(problem.code, problem.code === 'request.too-many' ? 429 : problem.code === 'signature.invalid' ? 401 : 500);
  });
  const answer = getRequestListener(app.fetch);
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  async function ask(path: string, from: string, { times = 1, good = false, method = 'GET' } = {}) {
    let last = { status: 0, retryAfter: null as string | null };
    for (let time = 0; time < times; time++) {
      const response = await fetch(base + path, { method, headers: { 'x-forwarded-for': from, ...(good ? { 'x-good': 'yes' } : {}) } });
      await response.arrayBuffer();
      last = { status: response.status, retryAfter: response.headers.get('retry-after') };
    }
    return last;
  }
  return { ask, clock };
}

describe('an address that asks too much is answered 429 with the pause that it takes', () => {
  it('for sign-ins, until the minute is over; another address goes on', async () => {
    const { ask, clock } = await open();
    expect((await ask('/oauth/a', '192.0.2.1', { times: 6 })).status).toBe(200);
    expect(await ask('/oauth/a', '192.0.2.1')).toEqual({ status: 429, retryAfter: '60' });
    expect((await ask('/oauth/a', '192.0.2.2')).status).toBe(200);
    clock.advance(MINUTE_MS + 1);
    expect((await ask('/oauth/a', '192.0.2.1')).status).toBe(200);
  });

  it('in IPv6 by the network that a household has', async () => {
    const { ask } = await open();
    for (let host = 0; host < 7; host++) await ask('/oauth/a', `2001:db8:1:2::${host.toString(16)}`);
    expect((await ask('/oauth/a', '2001:db8:1:2:ffff::1')).status).toBe(429);
    expect((await ask('/oauth/a', '2001:db8:1:3::1')).status).toBe(200);
  });

  it('for wrong signatures at one place, and what is good elsewhere still comes in, from the same address', async () => {
    const { ask } = await open();
    expect((await ask('/hook/a', '192.0.2.1', { method: 'POST', times: 30 })).status).toBe(401);
    expect((await ask('/hook/a', '192.0.2.1', { method: 'POST' })).status).toBe(429);
    expect((await ask('/hook/b', '192.0.2.1', { method: 'POST', good: true })).status).toBe(200);
  });

  it('good requests do not count as refused', async () => {
    const { ask } = await open();
    expect((await ask('/hook/a', '192.0.2.1', { method: 'POST', good: true, times: 31 })).status).toBe(200);
  });
});

it('an account that asks too much waits, and no other one', async () => {
  const { ask } = await open();
  expect((await ask('/card/a', '192.0.2.1', { times: 120 })).status).toBe(200);
  expect((await ask('/card/a', '192.0.2.2')).status).toBe(429);
  expect((await ask('/card/b', '192.0.2.1')).status).toBe(200);
});

it('counting takes a bounded memory, whoever comes', () => {
  const rate = createRate({ most: 3, windowMs: 1000, keys: 100 });
  for (let key = 0; key < 10_000; key++) rate.take(`key ${key}`, 0);
  for (let time = 0; time < 3; time++) rate.take('key 9999', 1);
  expect(rate.wait('key 9999', 1)).toBe(999);
  expect(rate.wait('key 0', 1)).toBe(0);
  expect(rate.take('key 9999', 2)).toBe(998);
  expect(rate.take('key 9999', 1001)).toBe(0);
});
