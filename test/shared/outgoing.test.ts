import type { LookupAddress } from 'node:dns';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { manualClock } from '#lib/clock';
import { Problem } from '#core/problem';
import { createOutgoing, type OutgoingOptions } from '#shared/outgoing';
import { closedPort, startVendor } from './server.ts';

const clock = manualClock();
const live = createOutgoing({ clock, loopback: false });
const sandbox = createOutgoing({ clock, loopback: true });
const refusal = (text: string, outgoing = live): string => {
  try {
    return `allowed ${outgoing.check(text).href}`;
  } catch (error) {
    return error instanceof Problem ? error.code : 'threw';
  }
};
const sent = (url: string, options: Partial<OutgoingOptions> = {}) =>
  createOutgoing({ clock, loopback: true, ...options }).post({ url, headers: { 'content-type': 'application/json', 'webhook-id': 'msg_1' }, body: '{"a":"ü"}' });
const failure = (url: string, options: Partial<OutgoingOptions> = {}) =>
  sent(url, options).then(
    ({ status }) => `answered ${status}`,
    (error: Problem) => [error.code, error.message].join(': '),
  );

describe('an address', () => {
  it.each([
    'http://example.com/hook',
    'ftp://example.com/',
    'https://user:pass@example.com/',
    'https://user@example.com/',
    'https://example.com:80/',
    'https://example.com:25/',
    'https://example.com:1024/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://017700000001/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fd00:ec2::254]/',
    'https://①②⑦.⓪.⓪.①/',
    'http://localhost:3000/',
    'http://127.0.0.1:3000/',
    'javascript:alert(1)',
    'not an address',
    '',
    `https://example.com/${'a'.repeat(2000)}`,
  ])('%s is refused when live', (text) => expect(refusal(text)).toBe('endpoint.refused'));

  it.each(['https://example.com/hook', 'https://example.com:8443/hook?key=1', 'https://8.8.8.8/', 'https://[2606:4700::1111]/'])('%s is taken', (text) =>
    expect(refusal(text)).toBe(`allowed ${text}`),
  );

  it('of this machine is taken in a sandbox, over plain http too, and no other private one is', () => {
    for (const text of ['http://localhost:3000/', 'http://127.0.0.1:3000/a', 'http://[::1]:3000/', 'https://127.0.0.1:3000/'])
      expect(refusal(text, sandbox)).toBe(`allowed ${text}`);
    for (const text of ['http://10.0.0.1:3000/', 'http://example.com/', 'http://127.0.0.1:80/', 'http://localhost/', 'https://192.168.1.1/'])
      expect(refusal(text, sandbox)).toBe('endpoint.refused');
  });

  it('loses its fragment, which is nobody’s but the browser’s', () => expect(live.check('https://example.com/a#b').href).toBe('https://example.com/a'));
});

/** A look-up that gives each of `answers` in turn, the last one for ever, and counts how often it is asked. */
function names(...answers: string[][]) {
  const asked: string[] = [];
  const resolve: NonNullable<OutgoingOptions['resolve']> = (name, done) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(name);
    done(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { asked, resolve };
}

/** Somebody in the private network: counts who knocks. */
async function bystander(): Promise<{ port: number; knocks: () => number }> {
  let knocks = 0;
  const server = createServer((socket: Socket) => {
    knocks++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, knocks: () => knocks };
}

describe('a name', () => {
  it.each([[['127.0.0.1']], [['::1']], [['10.0.0.1']], [['169.254.169.254']], [['::ffff:127.0.0.1']], [['64:ff9b::7f00:1']], [['93.184.216.34', '127.0.0.1']]])(
    'that leads to %s is refused, and nobody there is knocked at',
    async (addresses) => {
      const { port, knocks } = await bystander();
      const { resolve } = names(addresses);
      expect(await failure(`https://hook.example.com:${port}/`, { loopback: false, resolve })).toContain('endpoint.refused: The name leads to an address');
      expect(knocks()).toBe(0);
    },
  );

  it('that leads elsewhere the second time is refused then: each connection looks it up once, and goes where that look-up was allowed to', async () => {
    const { url, heard } = await startVendor((_heard, response) => response.end());
    const { asked, resolve } = names(['127.0.0.1'], ['10.0.0.1'], ['127.0.0.1', '192.168.0.1'], ['127.0.0.1']);
    const outgoing = createOutgoing({ clock, loopback: true, resolve });
    const port = new URL(url).port;
    const post = () =>
      outgoing.post({ url: `http://localhost:${port}/`, headers: {}, body: '{}' }).then(
        ({ status }) => status,
        (error: Problem) => error.code,
      );
    expect([await post(), await post(), await post(), await post()]).toEqual([200, 'endpoint.refused', 'endpoint.refused', 200]);
    expect(asked).toHaveLength(4);
    expect(heard).toHaveLength(2);
  });

  it('that nobody knows is told as such', async () => {
    const resolve: OutgoingOptions['resolve'] = (_name, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    expect(await failure('https://nowhere.example.com/', { loopback: false, resolve })).toBe('endpoint.unreachable: There is no host of that name.');
  });
});

describe('a message', () => {
  it('arrives as it was given, byte for byte', async () => {
    const { url, heard } = await startVendor((_heard, response) => response.writeHead(204).end());
    expect(await sent(url.replace('127.0.0.1', 'localhost'), names(['127.0.0.1']))).toEqual({ status: 204, retryAfterMs: null, excerpt: '' });
    expect(heard[0]).toMatchObject({ method: 'POST', body: '{"a":"ü"}', headers: { 'content-type': 'application/json', 'content-length': '10', 'webhook-id': 'msg_1' } });
  });

  it('follows no redirect', async () => {
    const { url, heard } = await startVendor((_heard, response) => response.writeHead(307, { location: '/elsewhere' }).end());
    expect((await sent(url)).status).toBe(307);
    expect(heard.map((one) => one.url)).toEqual(['/']);
  });

  it('is given up after its time, whether the connection, the headers or the body hang', async () => {
    const silent = await startVendor(() => undefined);
    expect(await failure(silent.url, { timeoutMs: 60 })).toContain('endpoint.unreachable: No answer came');
    const dripping = await startVendor((_heard, response) => void response.writeHead(200).write('a beginning'));
    expect(await sent(dripping.url, { timeoutMs: 60 })).toMatchObject({ status: 200, excerpt: 'a beginning' });
    expect(await failure(`http://127.0.0.1:${await closedPort()}/`)).toBe('endpoint.unreachable: Nobody listens at that address.');
  });

  it('is ended when the server stops, and says so', async () => {
    const stopping = new AbortController();
    const silent = await startVendor(() => stopping.abort());
    const problem = await sent(silent.url, { stopping: stopping.signal }).catch((error: unknown) => error);
    expect(problem).toMatchObject({ code: 'endpoint.unreachable', facts: { stopped: true } });
  });

  it('of whose answer only the beginning is read and kept, without what no page can show', async () => {
    const endless = await startVendor((_heard, response) => {
      response.writeHead(500);
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    expect(await sent(endless.url)).toEqual({ status: 500, retryAfterMs: null, excerpt: 'x'.repeat(500) });
    const odd = await startVendor((_heard, response) => response.writeHead(400).end(`\u0000\u001b[31m${'🖋'.repeat(600)}`));
    expect((await sent(odd.url)).excerpt).toBe(`[31m${'🖋'.repeat(496)}`);
  });

  it.each([
    ['120', 120_000],
    ['0', 0],
    [new Date(clock.now() + 60_000).toUTCString(), 60_000],
    [new Date(clock.now() - 60_000).toUTCString(), 0],
    ['99999999999', 86_400_000],
    ['-5', 0],
    ['soon', null],
  ])('is answered with Retry-After %s', async (header, ms) => {
    const { url } = await startVendor((_heard, response) => response.writeHead(503, { 'retry-after': header }).end());
    const { retryAfterMs } = await sent(url);
    if (header === '-5') expect([0, null, 86_400_000]).toContain(retryAfterMs);
    else expect(retryAfterMs).toBe(ms);
  });
});
