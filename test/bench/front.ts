import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { systemClock } from '#lib/clock';
import type { TenantId } from '#core/ids';
import { createSandboxWorld, type SandboxWorld } from '#src/sandbox-world';
import { createVisitor } from '../../src/cli/visitor.ts';

/** A call that the sandbox's HubSpot answered. */
export interface CrmCall {
  what: string;
  status: number;
  at: number;
}
/**
 * The vendors as a process of their own, so that their time is not the product's: they stand at the product's public address, and whatever is not theirs is
 * handed on to it. The product believes that this is its own sandbox.
 */
export interface Front {
  address: string;
  sandbox: SandboxWorld;
  calls: CrmCall[];
  /** Where the product listens. */
  behind(port: number): void;
  /** Installs from HubSpot and connects DocuSign, by OAuth, as a browser does. */
  connect(): Promise<TenantId>;
  close(): Promise<void>;
}

const HUBSPOT_API = '/sandbox/hubspot/crm/';

export async function openFront(): Promise<Front> {
  let product = 0;
  let address = '';
  const sandbox = createSandboxWorld({ publicUrl: () => address, clock: systemClock, seed: 1, file: null });
  const calls: CrmCall[] = [];
  const vendors = getRequestListener(sandbox.app.fetch);
  const server = createServer((incoming, outgoing) => {
    const url = incoming.url ?? '/';
    if (!url.startsWith('/sandbox/')) return forward(product, incoming, outgoing);
    if (url.startsWith(HUBSPOT_API)) {
      const what = `${incoming.method ?? ''} ${url.slice(HUBSPOT_API.length).replace(/\?.*$/, '')}`;
      outgoing.once('finish', () => calls.push({ what, status: outgoing.statusCode, at: performance.now() }));
    }
    return void vendors(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    address,
    sandbox,
    calls,
    behind(port) {
      product = port;
    },
    async connect() {
      const visitor = createVisitor();
      const home = await visitor.submit(await visitor.open(`${address}/install/hubspot`), '/oauth/authorize', { answer: 'connect' });
      const tenant = /\/t\/(ten_\w+)/.exec(home.url)?.[1] as TenantId | undefined;
      if (!tenant) throw new Error(`The install ended at ${home.url} (${home.status}).`);
      await visitor.submit(await visitor.open(`${address}/install/docusign?tenant=${tenant}`), '/oauth/auth', { decision: 'allow' });
      return tenant;
    },
    async close() {
      sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(port: number, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const onward = request({ host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.once('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
