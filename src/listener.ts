import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** More at once are closed as they come, so that a flood of connections cannot use up the process's files. */
const MOST_CONNECTIONS = 4096;

export interface Listener {
  /** Returns the address that was taken. Where `port` is 0 the system chooses one. */
  listen(host: string, port: number): Promise<string>;
  /** Takes no more connections; the promise resolves when the last one is closed. */
  refuse(): Promise<void>;
  /** Closes what is still open. */
  hangUp(): void;
}

/** An HTTP server with a bound on everything that a stranger could hold open. */
export function createListener(app: Hono): Listener {
  const answer = getRequestListener(app.fetch);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, (request, response) => void answer(request, response));
  server.maxConnections = MOST_CONNECTIONS;
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          const { port: taken } = server.address() as AddressInfo;
          resolve(`http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${taken}`);
        });
      }),
    refuse() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      return closed;
    },
    hangUp: () => server.closeAllConnections(),
  };
}
