import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { manifestSchema, type Manifest } from '#ports/manifest';

export interface Heard {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A vendor for one test: `answer` is called with each request once its body is there. Gives back where it listens and what it heard. */
export async function startVendor(answer: (heard: Heard, response: ServerResponse) => void): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      heard.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

/** A port at which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function manifest(limits: Partial<Manifest['limits']> = {}, hosts = ['api.vendor.com', '*.my.vendor.com']): Manifest {
  return manifestSchema.parse({
    id: 'a-vendor',
    name: 'A Vendor',
    verified: false,
    capabilities: ['crm'],
    hosts,
    oauth: { scopes: [], pkce: false },
    limits: { requests: 10_000, windowMs: 10_000, concurrent: 6, batch: 100, timeoutMs: 5000, pollMs: 60_000, ...limits },
    evidence: [],
  });
}
