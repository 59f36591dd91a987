import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import { systemClock } from '#lib/clock';
import type { TenantId } from '#core/ids';
import { createSandboxWorld, type SandboxWorld } from '#src/sandbox-world';
import { createVisitor } from '../../src/cli/visitor.ts';

/** A request that the sandbox's Salesforce answered. */
export interface OrgCall {
  /** The object that it wrote to, `query` or the path for what did not write, `token` for the login host, which the daily limit does not count. */
  kind: string;
  status: number;
  /** Records that an answer of 200 refused. */
  refused: number;
}
/** The vendors as a process of their own, at the product's public address, with every call to the org noted. What is not theirs is handed on to the product. */
export interface OrgFront {
  address: string;
  sandbox: SandboxWorld;
  calls: OrgCall[];
  /** Where the product listens. */
  behind(port: number): void;
  /** Installs from Salesforce and connects DocuSign, by OAuth, as a browser does. */
  connect(): Promise<TenantId>;
  close(): Promise<void>;
}

const ORG = '/sandbox/salesforce/services';
const DATA = /\/services\/data\/v\d+\.\d+\/?([^?]*)/;
const TYPE = /"attributes":\{"type":"(\w+)"/;

export async function openOrgFront(): Promise<OrgFront> {
  let product = 0;
  let address = '';
  const sandbox = createSandboxWorld({ publicUrl: () => address, clock: systemClock, seed: 1, file: null });
  const calls: OrgCall[] = [];
  const app = new Hono();
  app.use(`${ORG}/*`, async (c, next) => {
    // Of a write to several records only the body says what they are; Hono keeps it for the sandbox.
    const body = c.req.path.endsWith('/composite/sobjects') ? await c.req.text() : '';
    await next();
    const refused = c.req.path.includes('/composite/sobjects') ? (await c.res.clone().text()).split('"success":false').length - 1 : 0;
    calls.push({ kind: kindOf(c.req.path, body), status: c.res.status, refused });
  });
  app.route('/', sandbox.app);
  app.all('*', (c) => proxy(`http://127.0.0.1:${product}${c.req.url.slice(new URL(c.req.url).origin.length)}`, { raw: c.req.raw, redirect: 'manual' }));
  const answer = getRequestListener(app.fetch);
  const server = createServer((request, response) => void answer(request, response));
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
      const home = await visitor.submit(await visitor.open(`${address}/install/salesforce`), '/services/oauth2/authorize', { answer: 'allow' });
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

function kindOf(path: string, body: string): string {
  const [, below] = DATA.exec(path) ?? [];
  if (below === undefined) return 'token';
  const words = below.split('/');
  if (words[0] === 'composite' && words[1] === 'sobjects') return words[2] ?? TYPE.exec(body)?.[1] ?? below;
  if (words[0] === 'sobjects') return words[1] ?? below;
  return words[0] === 'query' || words[0] === 'queryAll' ? 'query' : below;
}
