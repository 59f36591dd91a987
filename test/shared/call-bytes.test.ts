import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bind, refusing } from './bound.ts';
import { startVendor } from './server.ts';

describe('bytes', () => {
  const file = Uint8Array.from([0x25, 0x50, 0x44, 0x46, 0x00, 0xff, 0xfe, 0x0d, 0x0a]);

  it('go as they are, with the type that the connector names', async () => {
    const bodies: Buffer[] = [];
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (data: Buffer) => parts.push(data));
      request.on('end', () => {
        bodies.push(Buffer.concat(parts));
        response.end(String(request.headers['content-type']));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { call } = bind(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const reply = await call.request({ method: 'POST', path: '/files', headers: { 'content-type': 'application/pdf' }, bytes: file });
    expect(reply.body).toBe('application/pdf');
    expect(bodies.map((body) => [...body])).toEqual([[...file]]);
  });

  it('are sent again, whole, where the first token was refused', async () => {
    const { url, heard } = await startVendor(refusing('token-2'));
    const { call } = bind(url);
    await call.request({ method: 'POST', path: '/files', headers: { 'content-type': 'text/plain' }, bytes: new TextEncoder().encode('the file') });
    expect(heard.map(({ body }) => body)).toEqual(['the file', 'the file']);
  });

  it.each(['application/pdf', 'application/json', 'text/plain'])('come as they are where they are wanted, labelled %s or not', async (label) => {
    const { url } = await startVendor((_heard, response) => void response.writeHead(200, { 'content-type': label }).end(file));
    const { body } = await bind(url).call.request({ method: 'GET', path: '/file', wantBytes: true });
    expect(body).toBeInstanceOf(Uint8Array);
    expect([...(body as Uint8Array)]).toEqual([...file]);
  });

  it.each([400, 403, 404, 500])('are not what a refusal is: a %i is read as always, so that its words are known', async (status) => {
    const { url } = await startVendor((_heard, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end('{"message":"No such file."}'));
    expect(await bind(url).call.request({ method: 'GET', path: '/file', wantBytes: true })).toMatchObject({ status, body: { message: 'No such file.' } });
  });

  it('come only where they are wanted', async () => {
    const { url } = await startVendor((_heard, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'));
    expect((await bind(url).call.request({ method: 'GET', path: '/' })).body).toEqual({ a: 1 });
  });
});
