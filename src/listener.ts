import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { asNobody } from '#store/scope';

/** Who has not said all of its headers, or of its request, by then, is answered 408 and closed. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/** How often that is looked at. Node's own 30 s would give the slowest four times as long as is said here. */
const LOOK_MS = 1000;
const MAX_HEADER_BYTES = 16 * 1024;
/** More at once are closed as they come, so that a flood of connections cannot use up the process's files. */
const MOST_CONNECTIONS = 4096;
/** Connections that wait for the loop to take them, one a turn. Beyond Node's 511 the system would drop them, and their senders try again only after 1, 3 and 7 s. */
const BACKLOG = MOST_CONNECTIONS;
/** Of those, one address may hold a quarter. Where a proxy stands in front all of them are its, and it has limits of its own. */
const MOST_OF_AN_ADDRESS = 1024;

export interface Listener {
  /** Returns the address that was taken. Where `port` is 0 the system chooses one. */
  listen(host: string, port: number): Promise<string>;
  /** How many requests came since it began to listen. */
  came(): number;
  /** Takes no more connections; the promise resolves when the last one is closed. */
  refuse(): Promise<void>;
  /** Closes what is still open. */
  hangUp(): void;
}

export interface Bounds {
  headersMs?: number;
  requestMs?: number;
  lookMs?: number;
  connections?: number;
  /** Connections of one address; null for any number. */
  ofAnAddress?: number | null;
}

/** Where a browser on this machine finds what listens there. */
export const addressOf = (host: string, port: number): string => `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`;

/** An HTTP server with a bound on everything that a stranger could hold open. */
export function createListener(app: Hono, bounds: Bounds = {}): Listener {
  const { headersMs = HEADERS_MS, requestMs = REQUEST_MS, lookMs = LOOK_MS, connections = MOST_CONNECTIONS, ofAnAddress = MOST_OF_AN_ADDRESS } = bounds;
  const answer = getRequestListener(app.fetch);
  const timeouts = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: lookMs };
  let came = 0;
  const server = createServer(timeouts, (request, response) => {
    came += 1;
    asNobody(() => void answer(request, response));
  });
  server.maxConnections = connections;
  if (ofAnAddress !== null) server.on('connection', boundAddresses(ofAnAddress));
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, host, backlog: BACKLOG }, () => {
          const { port: taken } = server.address() as AddressInfo;
          resolve(addressOf(host, taken));
        });
      }),
    came: () => came,
    refuse() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      return closed;
    },
    hangUp: () => server.closeAllConnections(),
  };
}

/** Counts open connections by address; a number for each that is open, and none for those that are gone. */
function boundAddresses(most: number): (socket: Socket) => void {
  const open = new Map<string, number>();
  return (socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > most) socket.destroy();
  };
}
