import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Problem } from '#core/problem';
import { send, type WireRequest } from '#shared/wire';
import { closedPort, startVendor } from './server.ts';

const ask = (url: string, over: Partial<WireRequest> = {}) => send({ method: 'GET', url: new URL(url), headers: {}, timeoutMs: 5000, ...over });
const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'answered',
    (error: unknown) => Problem.from(error).code,
  );

/** A server below HTTP: gets the socket once something was asked. */
async function startRaw(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => undefined).once('data', () => answer(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

it('sends what it is told, and gives back status, headers and parsed JSON', async () => {
  const { url, heard } = await startVendor(
    (_heard, response) => void response.writeHead(201, { 'content-type': 'application/json; charset=utf-8', 'x-left': '7' }).end('{"id":"é"}'),
  );
  const reply = await ask(`${url}/things?a=1`, { method: 'POST', headers: { 'x-own': 'yes' }, body: '{"a":1}' });
  expect([reply.status, reply.headers.get('x-left'), reply.body]).toEqual([201, '7', { id: 'é' }]);
  expect(heard).toMatchObject([{ method: 'POST', url: '/things?a=1', body: '{"a":1}', headers: { 'x-own': 'yes' } }]);
});

it.each<[string, number, Record<string, string>, string | undefined, unknown]>([
  ['an empty answer', 204, {}, undefined, null],
  ['an empty answer that says JSON', 200, { 'content-type': 'application/json' }, '', null],
  ['JSON of a vendor', 200, { 'content-type': 'application/vnd.vendor+json' }, '[1]', [1]],
  ['a text', 200, { 'content-type': 'text/plain' }, '{"a":1}', '{"a":1}'],
  ['an answer without a type', 200, {}, 'hello', 'hello'],
  ['a page about a fault', 502, { 'content-type': 'text/html' }, '<h1>Bad gateway</h1>', '<h1>Bad gateway</h1>'],
  ['a refusal', 429, { 'content-type': 'application/json' }, '{"message":"slow down"}', { message: 'slow down' }],
])('%s is given back as it is', async (_what, status, headers, body, expected) => {
  const { url } = await startVendor((_heard, response) => void response.writeHead(status, headers).end(body));
  expect(await ask(url)).toMatchObject({ status, body: expected });
});

it('a redirect is not followed', async () => {
  const { url, heard } = await startVendor((_heard, response) => void response.writeHead(302, { location: '/elsewhere' }).end());
  expect((await ask(url)).status).toBe(302);
  expect(heard.map((one) => one.url)).toEqual(['/']);
});

it('what could not be sent is unreachable: it is surely not done', async () => {
  expect(await codeOf(ask(`http://127.0.0.1:${await closedPort()}`, { method: 'POST' }))).toBe('vendor.unreachable');
  expect(await codeOf(ask('http://no-such-host.invalid'))).toBe('vendor.unreachable');
});

it('a lost reply is perhaps done: the connection is cut before, within or while the answer comes', async () => {
  const half = [
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"half":',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'HTTP/1.1 20',
    'nonsense\r\n\r\n',
  ];
  for (const text of ['', ...half]) expect(await codeOf(ask(await startRaw((socket) => void socket.end(text)))), text).toBe('vendor.lost-reply');
  expect(await codeOf(ask(await startRaw((socket) => void socket.resetAndDestroy())))).toBe('vendor.lost-reply');
});

it('so is one that does not come in time, or is not waited for any more', async () => {
  const { url, heard } = await startVendor(() => undefined);
  expect(await codeOf(ask(url, { timeoutMs: 50 }))).toBe('vendor.lost-reply');
  const slow = await startVendor((_heard, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"a":'));
  expect(await codeOf(ask(slow.url, { timeoutMs: 50 }))).toBe('vendor.lost-reply');
  const stop = new AbortController();
  const asked = codeOf(ask(url, { signal: stop.signal }));
  stop.abort();
  expect(await asked).toBe('vendor.lost-reply');
  expect(heard.length).toBeGreaterThan(0);
});

it.each(['{"a":', 'undefined', '<html>', "{'a':1}"])('an answer that says JSON and is %s is odd', async (body) => {
  const { url } = await startVendor((_heard, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body));
  expect(await codeOf(ask(url))).toBe('vendor.odd-answer');
});

it('an answer of more than 32 MiB is cut off, whether it tells its length, comes in chunks or is packed', async () => {
  const large = Buffer.alloc(33 * 1024 * 1024, 'a');
  const packed = gzipSync(large);
  const answers: ((response: ServerResponse) => void)[] = [
    (response) => void response.writeHead(200, { 'content-length': String(large.length) }).end(large),
    (response) => {
      for (let part = 0; part < 33; part++) response.write(large.subarray(0, 1024 * 1024));
      response.end();
    },
    (response) => void response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': String(packed.length) }).end(packed),
  ];
  for (const answer of answers) {
    const { url } = await startVendor((_heard, response) => answer(response));
    expect(await codeOf(ask(url))).toBe('vendor.odd-answer');
  }
});
