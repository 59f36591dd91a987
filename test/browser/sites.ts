import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody's own web site on a port of its own, which shows what it is told to show. */
export interface Site {
  origin: string;
  /** The body of every page of the site. */
  body: string;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const site = { origin: '', body: '' };
  const server: Server = createServer((request, response) => {
    const icon = request.url === '/favicon.ico';
    response.writeHead(icon ? 204 : 200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(icon ? '' : `<!doctype html><html lang="en"><title>A site</title><body>${site.body}</body></html>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(site, {
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}
