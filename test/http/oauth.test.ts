import { afterEach, describe, expect, test } from 'vitest';
import { createVisitor, type Visitor } from '#src/cli/visitor';
import { listInstalls, listTenants } from '#store/installs';
import { openWorld, type TestWorld } from '../flow/world.ts';

let w: TestWorld;
afterEach(() => w.stop());

/** A browser that has come in by an operator's link. */
async function operator(): Promise<Visitor> {
  const visitor = createVisitor();
  const page = await visitor.open(await w.world.link());
  await visitor.submit({ ...page, html: page.html.replace('method="post"', 'method="post" action=""') }, '', {});
  return visitor;
}
const connectCrm = async (visitor: Visitor) => visitor.submit(await visitor.open(`${w.address}/install/hubspot`), '/oauth/authorize', { answer: 'connect' });

/** Sends a browser without cookies to a vendor and lets it consent there. */
async function begin(vendor: string, answer: Record<string, string>, cookie = '') {
  const response = await fetch(`${w.address}/install/${vendor}${vendor === 'hubspot' ? '' : `?tenant=${w.tenant}`}`, { headers: cookie ? { cookie } : {}, redirect: 'manual' });
  const browser = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const page = new URL(response.headers.get('location') ?? '');
  const form = new URLSearchParams({ ...Object.fromEntries(page.searchParams), ...answer });
  const consented = await fetch(`${page.origin}${page.pathname}`, { method: 'POST', body: form, redirect: 'manual' });
  return { browser, back: consented.headers.get('location') ?? '', state: page.searchParams.get('state') ?? '' };
}
const end = (back: string, cookie: string) => fetch(back, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' });
const sessions = async () => (await w.db.selectFrom('sessions').select('token_hash').execute()).length;

/** The cookie of a session of the tenant's own. */
async function tenantSession(): Promise<string> {
  const { browser, back } = await begin('hubspot', { answer: 'connect' });
  return (await end(back, browser)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

describe('a server that its operator alone opens to new accounts', () => {
  test('keeps nothing of an account that came by itself, and says whom to ask', async () => {
    w = await openWorld({ connect: false, config: { admission: 'operator' } });
    const page = await connectCrm(createVisitor());
    expect(page.status).toBe(403);
    expect(page.html).toContain('Ask whoever runs it');
    expect(await listTenants(w.db)).toEqual([]);
    expect(await w.db.selectFrom('installs').select('id').execute()).toEqual([]);
    expect(await sessions()).toBe(0);
  });

  test('admits one that an operator connects, and lets it come again by itself', async () => {
    w = await openWorld({ connect: false, config: { admission: 'operator' } });
    expect((await connectCrm(await operator())).status).toBe(200);
    const [tenant] = await listTenants(w.db);
    const before = await listInstalls(w.db, tenant?.id ?? 'ten_none');
    expect(before).toHaveLength(1);
    expect((await connectCrm(createVisitor())).status).toBe(200);
    expect((await listInstalls(w.db, tenant?.id ?? 'ten_none')).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });
});

describe('a sign-in at an e-sign provider', () => {
  test('that ends without the session that began it exchanges no code and lets nobody in', async () => {
    w = await openWorld();
    const cookie = await tenantSession();
    const { browser, back } = await begin('docusign', { decision: 'allow' }, cookie);
    const before = [await listInstalls(w.db, w.tenant), await sessions()];
    const grant = JSON.stringify(w.sandbox.docusign.state());
    const refused = await end(back, browser);
    expect(refused.status).toBe(403);
    expect(refused.headers.getSetCookie()).toEqual([]);
    expect([await listInstalls(w.db, w.tenant), await sessions()]).toEqual(before);
    expect(JSON.stringify(w.sandbox.docusign.state())).toBe(grant);
  });

  test('that ends in it connects, and opens no session of its own', async () => {
    w = await openWorld();
    const cookie = await tenantSession();
    const { browser, back } = await begin('docusign', { decision: 'allow' }, cookie);
    const before = await sessions();
    const connected = await end(back, `${browser}; ${cookie}`);
    expect(connected.status).toBe(303);
    expect(connected.headers.getSetCookie()).toEqual([]);
    expect(await sessions()).toBe(before);
  });

  test('by the server’s own key is nothing that an address does', async () => {
    w = await openWorld();
    const cookie = await tenantSession();
    const response = await fetch(`${w.address}/install/docusign?tenant=${w.tenant}&grant=key`, { headers: { cookie }, redirect: 'manual' });
    expect(response.headers.get('location')).toContain('/oauth/auth?');
    expect((await fetch(`${w.address}/t/${w.tenant}/installs/docusign/key`, { method: 'POST', headers: { cookie, origin: w.address }, redirect: 'manual' })).status).toBe(404);
  });
});

describe('a sign-in', () => {
  test('that is called off is over: its code is not taken afterwards', async () => {
    w = await openWorld();
    const { browser, back, state } = await begin('hubspot', { answer: 'connect' });
    expect((await end(`${w.address}/oauth/hubspot/callback?error=access_denied&state=${state}`, browser)).status).toBe(403);
    expect((await end(back, browser)).status).toBe(400);
  });

  test('shows none of the words that a stranger puts into its address', async () => {
    w = await openWorld({ connect: false });
    const words = encodeURIComponent('Your account is locked, call 555 0100');
    for (const path of [`/oauth/hubspot/callback?error=${words}`, `/install/${words}`, `/oauth/${words}/callback?code=a&state=b`]) {
      expect(await (await end(`${w.address}${path}`, 'countersign_browser=x')).text()).not.toContain('555 0100');
    }
    expect(await (await end(`${w.address}/oauth/hubspot/callback?error=access_denied`, '')).text()).toContain('access_denied');
  });

  test('never takes the browser’s secret from the browser: each has one of its own', async () => {
    w = await openWorld({ connect: false });
    const { headers } = await fetch(`${w.address}/install/hubspot`, { headers: { cookie: 'countersign_browser=planted' }, redirect: 'manual' });
    expect(headers.getSetCookie()[0]).toMatch(/^countersign_browser=(?!planted)[\w-]{43};/);
  });
});

test.each(['/', '/nowhere', '/webhooks/hubspot', '/webhooks/docusign/x', '/install/acme', '/oauth/hubspot/callback', '/t/ten_none', '/enter/none', '/cards'])(
  'the page at %s allows no script but ours and no frame',
  async (path) => {
    w = await openWorld({ connect: false });
    const response = await end(`${w.address}${path}`, '');
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  },
);
