import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Problem } from '#core/problem';
import { parseBody, readDelivery } from '#http/requests';
import { createListener, type Bounds, type Listener } from '#src/listener';
import { openSocket, say } from './raw.ts';

const MOST_BYTES = 10_000;

/** The server's own listener and reading of bodies, over a route that says what it was given. */
async function open(bounds: Bounds = {}): Promise<{ address: string; seen: string[]; listener: Listener }> {
  const seen: string[] = [];
  const app = new Hono();
  app.post('/take', async (c) => {
    const { body } = await readDelivery(c, 'https://countersign.example.com', MOST_BYTES);
    seen.push(`${c.req.method} ${body.length}`);
    return c.json({ bytes: body.length, json: Object.keys(parseBody(body)).length });
  });
  app.all('*', (c) => {
    seen.push(`${c.req.method} ${c.req.path}`);
    return c.text('other');
  });
  app.onError((error, c) => c.text(Problem.from(error).code, Problem.from(error).code === 'request.too-large' ? 413 : Problem.from(error).code === 'internal.bug' ? 500 : 400));
  const listener = createListener(app, bounds);
  return { address: await listener.listen('127.0.0.1', 0), seen, listener };
}
const opened: Listener[] = [];
const openHere = async (bounds: Bounds) => {
  const one = await open(bounds);
  opened.push(one.listener);
  return one;
};
afterEach(async () => {
  for (const listener of opened.splice(0)) {
    const closed = listener.refuse();
    listener.hangUp();
    await closed;
  }
});

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
const POST = ['POST /take HTTP/1.1', 'host: x'];
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n';

describe('a request that two readers could read differently is refused, and its connection closed', () => {
  let server: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => (server = await open()));
  afterAll(async () => {
    const closed = server.listener.refuse();
    server.listener.hangUp();
    await closed;
  });

  it.each<[string, string]>([
    ['both a length and chunks', `${lines(...POST, 'content-length: 6', 'transfer-encoding: chunked')}0\r\n\r\n${SMUGGLED}`],
    ['chunks and a length after them', `${lines(...POST, 'transfer-encoding: chunked', 'content-length: 5')}0\r\n\r\n${SMUGGLED}`],
    ['two lengths', `${lines(...POST, 'content-length: 0', 'content-length: 40')}${SMUGGLED}`],
    ['two equal lengths', `${lines(...POST, 'content-length: 2', 'content-length: 2')}{}${SMUGGLED}`],
    ['a list of lengths', `${lines(...POST, 'content-length: 0, 40')}${SMUGGLED}`],
    ['a length that is no number', `${lines(...POST, 'content-length: +2')}{}${SMUGGLED}`],
    ['a negative length', `${lines(...POST, 'content-length: -1')}${SMUGGLED}`],
    ['a length beyond any number', `${lines(...POST, 'content-length: 99999999999999999999')}${SMUGGLED}`],
    ['an encoding of the transfer that is not known', `${lines(...POST, 'transfer-encoding: chunked, identity')}0\r\n\r\n${SMUGGLED}`],
    ['an encoding with a letter too many', `${lines(...POST, 'transfer-encoding: xchunked')}0\r\n\r\n${SMUGGLED}`],
    ['an encoding behind a tab', `${lines(...POST, 'transfer-encoding:\tchunked', 'content-length: 3')}0\r\n\r\n${SMUGGLED}`],
    ['a folded header', `${lines(...POST, 'x-a: b\r\n content-length: 40', 'content-length: 2')}{}${SMUGGLED}`],
    ['a space before the colon', `${lines(...POST, 'content-length : 40')}${SMUGGLED}`],
    ['a bare line feed in the headers', `${POST.join('\n')}\ncontent-length: 2\n\n{}${SMUGGLED}`],
    ['a bare carriage return in a header', `${lines(...POST, 'x-a: b\rcontent-length: 40', 'content-length: 2')}{}${SMUGGLED}`],
    ['a NUL in a header', `${lines(...POST, 'x-a: b\0c', 'content-length: 2')}{}${SMUGGLED}`],
    ['a chunk whose length is no number', `${lines(...POST, 'transfer-encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
    ['a chunk of negative length', `${lines(...POST, 'transfer-encoding: chunked')}-2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
    ['a chunk length beyond any number', `${lines(...POST, 'transfer-encoding: chunked')}ffffffffffffffffff\r\n{}\r\n0\r\n\r\n${SMUGGLED}`],
    ['a bare line feed after a chunk length', `${lines(...POST, 'transfer-encoding: chunked')}2\n{}\r\n0\r\n\r\n${SMUGGLED}`],
    ['a version that is not known', `POST /take HTTP/1.9\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}${SMUGGLED}`],
    ['a line of no protocol', `hello\r\n\r\n${SMUGGLED}`],
  ])('%s', async (_what, bytes) => {
    server.seen.length = 0;
    const said = await say(server.address, [bytes], { waitMs: 3000 });
    expect(said).toMatchObject({ statuses: [400], closed: true });
    expect(server.seen.filter((one) => one.includes('smuggled'))).toEqual([]);
  });

  it('and a good one is taken, with a length or in chunks, one after the other on one connection', async () => {
    server.seen.length = 0;
    const said = await say(server.address, [
      `${lines(...POST, 'content-length: 7')}{"a":1}${lines(...POST, 'transfer-encoding: chunked', 'connection: close')}7\r\n{"a":1}\r\n0\r\n\r\n`,
    ]);
    expect(said.statuses).toEqual([200, 200]);
    expect(server.seen).toEqual(['POST 7', 'POST 7']);
  });

  it('a request without a host is refused', async () => expect((await say(server.address, ['POST /take HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}'])).statuses).toEqual([400]));

  it('headers larger than the limit are answered 431', async () => {
    expect(await say(server.address, [`${POST.join('\r\n')}\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`])).toMatchObject({ statuses: [431], closed: true });
    expect(await say(server.address, [`${POST.join('\r\n')}\r\n${'x-a: yyyy\r\n'.repeat(4000)}\r\n`])).toMatchObject({ statuses: [431], closed: true });
  });

  it('a body that says it is larger than the limit is answered 413 before a byte of it is read', async () => {
    const said = await say(server.address, [lines(...POST, 'content-length: 9000000000', 'connection: close')], { waitMs: 3000 });
    expect(said.statuses).toEqual([413]);
  });

  it('a body that turns out larger is answered 413, and not kept', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const chunk = `${(65_536).toString(16)}\r\n${'a'.repeat(65_536)}\r\n`;
    const said = await say(server.address, [lines(...POST, 'transfer-encoding: chunked', 'connection: close'), ...Array.from({ length: 200 }, () => chunk), '0\r\n\r\n'], {
      waitMs: 5000,
    });
    expect(said.statuses).toEqual([413]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
  });

  it('a compressed body is refused as it is: a bomb is never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(8_000_000), { level: 9 });
    expect(bomb.length).toBeLessThan(MOST_BYTES);
    for (const encoding of ['gzip', 'br', 'deflate', 'gzip, gzip', 'identity, gzip']) {
      const said = await say(server.address, [lines(...POST, `content-encoding: ${encoding}`, `content-length: ${bomb.length}`, 'connection: close'), bomb], { waitMs: 3000 });
      expect(said.statuses, encoding).toEqual([400]);
    }
  });

  it('JSON of any depth neither crashes nor holds up the server', async () => {
    const { address, seen } = await openHere({});
    seen.length = 0;
    const deep = ['['.repeat(MOST_BYTES), `${'{"a":'.repeat(1600)}1${'}'.repeat(1600)}`, `${'['.repeat(4999)}${']'.repeat(4999)}`];
    const started = performance.now();
    const statuses = [];
    for (const body of deep) statuses.push(...(await say(address, [lines(...POST, `content-length: ${body.length}`, 'connection: close'), body])).statuses);
    expect(statuses).toEqual([400, 200, 400]);
    expect(performance.now() - started).toBeLessThan(15_000);
    // As deep as the largest body that is taken anywhere would have room for.
    const deepest = Buffer.from(`{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}`);
    expect(() => Object.keys(parseBody(deepest))).not.toThrow(RangeError);
  });
});

describe('a slow sender', () => {
  it('of headers is cut off in time, however often it says a little', async () => {
    const { address, seen } = await openHere({ headersMs: 300, requestMs: 600, lookMs: 50 });
    const started = performance.now();
    const said = await say(address, ['POST /take HTTP/1.1\r\nhost: x\r\n', ...Array.from({ length: 40 }, (_, index) => `x-${index}: y\r\n`)], { pauseMs: 50, waitMs: 3000 });
    expect(said).toMatchObject({ statuses: [408], closed: true });
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(seen).toEqual([]);
  });

  it('of a body is cut off in time, and nothing of it is taken', async () => {
    const { address, seen } = await openHere({ headersMs: 300, requestMs: 600, lookMs: 50 });
    const said = await say(address, [lines(...POST, 'content-length: 1000'), ...Array.from({ length: 40 }, () => 'a')], { pauseMs: 50, waitMs: 3000 });
    expect(said.closed).toBe(true);
    expect(said.statuses).not.toContain(200);
    expect(seen).toEqual([]);
  });

  it('that hangs up in the midst leaves nothing behind', async () => {
    const { address, seen } = await openHere({});
    const socket = await openSocket(address);
    socket.write(`${lines(...POST, 'content-length: 1000')}aaa`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect((await say(address, [`${lines(...POST, 'content-length: 2', 'connection: close')}{}`])).statuses).toEqual([200]);
    expect(seen).toEqual(['POST 2']);
  });
});

it('one address holds no more connections than it may, and others still get in', async () => {
  const { address } = await openHere({ ofAnAddress: 5 });
  const { port } = new URL(address);
  const held = await Promise.all(Array.from({ length: 5 }, () => openSocket(address)));
  await expect(say(address, [lines('GET / HTTP/1.1', 'host: x')], { waitMs: 2000 })).resolves.toMatchObject({ statuses: [], closed: true });
  for (const socket of held) socket.destroy();
  await expect.poll(async () => (await say(`http://127.0.0.1:${port}`, [lines('GET / HTTP/1.1', 'host: x', 'connection: close')], { waitMs: 2000 })).statuses).toEqual([200]);
});
