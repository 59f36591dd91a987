import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createVisitor } from '#src/cli/visitor';
import { createTenant, listInstalls, listTenants } from '#store/installs';
import { issueLink } from '#store/sessions';
import { openWorld, type TestWorld } from './world.ts';

const QUARTER_MS = 15 * 60_000;
let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.stop());

describe('a one-time link', () => {
  test('opens the console once', async () => {
    const link = await w.world.link();
    const first = createVisitor();
    const page = await first.open(link);
    expect(page.status).toBe(200);
    expect((await first.submit({ ...page, html: page.html.replace('method="post"', 'method="post" action=""') }, '', {})).status).toBe(200);
    expect((await createVisitor().open(link)).status).toBe(410);
  });

  test('does not open it after a quarter of an hour', async () => {
    const link = await w.world.link();
    w.clock.skip(QUARTER_MS + 1);
    const response = await fetch(link, { method: 'POST', headers: { origin: w.address }, redirect: 'manual' });
    expect(response.status).toBe(410);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  test('that was made up opens nothing', async () => {
    expect((await fetch(`${w.address}/enter/made-up`, { method: 'POST', headers: { origin: w.address }, redirect: 'manual' })).status).toBe(410);
  });
});

describe('a sign-in at a vendor', () => {
  /** What a browser holds after it was sent to the vendor's consent page, and where it would be sent back. */
  async function begin(vendor = 'hubspot'): Promise<{ cookie: string; back: (code?: string) => string; state: string }> {
    const response = await fetch(`${w.address}/install/${vendor}`, { redirect: 'manual' });
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const asked = new URL(response.headers.get('location') ?? '');
    const state = asked.searchParams.get('state') ?? '';
    const consented = await fetch(`${asked.origin}${asked.pathname}`, {
      method: 'POST',
      body: new URLSearchParams({ ...Object.fromEntries(asked.searchParams), answer: 'connect' }),
      redirect: 'manual',
    });
    const code = new URL(consented.headers.get('location') ?? '').searchParams.get('code') ?? '';
    return { cookie, state, back: (other = code) => `${w.address}/oauth/${vendor}/callback?${new URLSearchParams({ code: other, state })}` };
  }
  const end = (address: string, cookie: string) => fetch(address, { headers: cookie ? { cookie } : {}, redirect: 'manual' });

  async function expectRefused(response: Response): Promise<void> {
    expect([400, 403]).toContain(response.status);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.text()).toContain('was not started here');
  }

  test('that was begun and ended by one browser connects, and its return address is good once', async () => {
    const { cookie, back } = await begin();
    expect((await end(back(), cookie)).status).toBe(303);
    await expectRefused(await end(back(), cookie));
  });

  test.each<[string, (begun: Awaited<ReturnType<typeof begin>>) => Promise<Response>]>([
    ['ended by another browser', async ({ back }) => end(back(), (await begin()).cookie)],
    ['ended by a browser that began nothing', ({ back }) => end(back(), '')],
    ['ended at another vendor', ({ back, cookie }) => end(back().replace('/oauth/hubspot/', '/oauth/docusign/'), cookie)],
    ['with a state that nobody gave out', ({ back, cookie, state }) => end(back().replace(state, 'made-up'), cookie)],
    [
      'that took longer than a quarter of an hour',
      ({ back, cookie }) => {
        w.clock.skip(QUARTER_MS + 1);
        return end(back(), cookie);
      },
    ],
  ])('%s is refused, and nobody is let in', async (_how, finish) => {
    const tokens = async () => (await listInstalls(w.db, w.tenant)).map((install) => install.tokens);
    const begun = await begin();
    const before = await tokens();
    await expectRefused(await finish(begun));
    expect(await tokens()).toEqual(before);
  });

  test('with a code that the vendor does not know changes nothing', async () => {
    const { cookie, back } = await begin();
    const before = await listInstalls(w.db, w.tenant);
    const response = await end(back('made-up'), cookie);
    expect(response.status).toBe(403);
    expect((await listInstalls(w.db, w.tenant)).map(({ tokens }) => tokens)).toEqual(before.map(({ tokens }) => tokens));
  });

  test('that the person calls off says so', async () => {
    const { cookie } = await begin();
    const response = await end(`${w.address}/oauth/hubspot/callback?error=access_denied&error_description=x`, cookie);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('was not granted');
  });

  test('of an e-sign account needs a session of the console first', async () => {
    expect((await fetch(`${w.address}/install/docusign`, { redirect: 'manual' })).status).toBe(403);
    expect((await fetch(`${w.address}/install/docusign?tenant=${w.tenant}`, { redirect: 'manual' })).status).toBe(403);
  });

  test('at a vendor that does not exist is refused', async () => {
    expect((await fetch(`${w.address}/install/acme`, { redirect: 'manual' })).status).toBeGreaterThanOrEqual(400);
  });
});

describe("another tenant's id in an address", () => {
  test('looks like one that does not exist, to a session of one tenant', async () => {
    const other = await createTenant(w.db, 'Another company', w.clock.now());
    const token = await issueLink(w.db, { tenant: w.tenant, ttlMs: QUARTER_MS, now: w.clock.now() });
    const entered = await fetch(`${w.address}/enter/${token}`, { method: 'POST', headers: { origin: w.address }, redirect: 'manual' });
    const cookie = entered.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const look = (tenant: string, path = '') => fetch(`${w.address}/t/${tenant}${path}`, { headers: { cookie, accept: 'text/html' } });
    expect((await look(w.tenant)).status).toBe(200);
    const [foreign, none] = await Promise.all([look(other), look('ten_none')]);
    expect([foreign.status, none.status]).toEqual([404, 404]);
    expect((await foreign.text()).replaceAll(other, 'ten_none')).toBe(await none.text());
    expect((await fetch(`${w.address}/install/docusign?tenant=${other}`, { headers: { cookie }, redirect: 'manual' })).status).toBe(403);
    expect((await fetch(`${w.address}/install/hubspot?tenant=${other}`, { headers: { cookie }, redirect: 'manual' })).status).toBe(403);
    expect(await listTenants(w.db)).toHaveLength(2);
  });
});
