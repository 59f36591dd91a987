import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Heard } from '../shared/server.ts';

/** A tool that takes messages, for a whole file of tests. */
export interface Receiver {
  url: string;
  heard: Heard[];
  /** What it answers from now on. */
  status: number;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      receiver.heard.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      response.writeHead(receiver.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: [],
    status: 200,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
