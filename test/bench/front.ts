import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { systemClock, type Clock } from '#lib/clock';
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
  /** Where the product listens; a function is asked for each request, where several processes stand behind one address. */
  behind(port: number | (() => number)): void;
  /** Plays further accounts below `/fleet/`. */
  play(fleet: Fleet): void;
  /** Installs from HubSpot and connects DocuSign, by OAuth, as a browser does. */
  connect(): Promise<TenantId>;
  close(): Promise<void>;
}

type Fleet = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const HUBSPOT_API = '/sandbox/hubspot/crm/';

export interface FrontOptions {
  /** The vendors' own clock. */
  clock?: Clock;
  /** Stands between the product and the vendors: sees each call before it lands and each answer before it goes. */
  through?: (request: Request, land: () => Promise<Response>) => Promise<Response>;
}

export async function openFront({ clock = systemClock, through }: FrontOptions = {}): Promise<Front> {
  let product = (): number => 0;
  let address = '';
  let fleet: Fleet | undefined;
  const sandbox = createSandboxWorld({ publicUrl: () => address, clock, seed: 1, file: null });
  const calls: CrmCall[] = [];
  const vendors = getRequestListener(through ? (request, env) => through(request, async () => sandbox.app.fetch(request, env)) : sandbox.app.fetch);
  const server = createServer((incoming, outgoing) => {
    const url = incoming.url ?? '/';
    if (fleet && url.startsWith('/fleet/')) return fleet(incoming, outgoing);
    if (!url.startsWith('/sandbox/')) return forward(product(), incoming, outgoing);
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
      product = typeof port === 'number' ? () => port : port;
    },
    play(accounts) {
      fleet = accounts;
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
