import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { raiseAlarm } from '#store/alarms';
import { findSession, issueLink, openSession, sweepSessions } from '#store/sessions';
import { seed } from './seed.ts';
import { openWorld, ORIGIN, type World } from './world.ts';

const MINUTE = 60_000;
let world: World;
let clock: ReturnType<typeof manualClock>;

beforeEach(async () => {
  clock = manualClock();
  world = await openWorld({ clock });
});
afterEach(() => world.close());

const link = (ttlMs = 15 * MINUTE) => issueLink(world.db, { tenant: null, ttlMs, now: clock.now() });
const cookieOf = (response: Response) => /__Host-countersign_session=([^;]*)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';

describe('one-time links', () => {
  test('opening a link uses nothing up, pressing its button opens a session', async () => {
    const token = await link();
    for (let visit = 0; visit < 3; visit++) {
      const page = await world.ask(`/enter/${token}`);
      expect(page.status).toBe(200);
      expect(page.headers.get('set-cookie')).toBeNull();
    }
    const entered = await world.ask(`/enter/${token}`, { method: 'POST' });
    expect(entered.status).toBe(303);
    expect((await world.ask('/', { cookie: cookieOf(entered) })).status).toBe(200);
  });

  test('what is wrong with the server is said before any account is connected', async () => {
    const say = '3 deliveries of HubSpot in a row had a wrong signature.';
    await raiseAlarm(world.db, { code: 'webhook-signature-failing', subject: 'hubspot', tenant: null, say }, clock.now());
    const entered = await world.ask(`/enter/${await link()}`, { method: 'POST' });
    const page = await (await world.ask('/', { cookie: cookieOf(entered) })).text();
    expect(page).toContain('Install in a CRM');
    expect(page).toContain(say);
  });

  test('a link works once, also when pressed many times at once', async () => {
    const token = await link();
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.ask(`/enter/${token}`, { method: 'POST' })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([303, 410, 410, 410, 410, 410, 410, 410]);
    expect((await world.ask(`/enter/${token}`)).status).toBe(410);
  });

  test('an expired or unknown link says how to get a new one', async () => {
    const token = await link(MINUTE);
    clock.advance(MINUTE + 1);
    for (const path of [`/enter/${token}`, '/enter/never-issued']) {
      const page = await world.ask(path);
      expect(page.status).toBe(410);
      expect(await page.text()).toMatch(/(npm run countersign --|node dist\/src\/main\.js) link</);
    }
    expect((await world.ask(`/enter/${token}`, { method: 'POST' })).status).toBe(410);
  });

  test('neither a link nor a cookie is in the database in clear', async () => {
    const token = await link();
    const cookie = cookieOf(await world.ask(`/enter/${token}`, { method: 'POST' }));
    const rows = JSON.stringify([await world.db.selectFrom('links').selectAll().execute(), await world.db.selectFrom('sessions').selectAll().execute()]);
    expect(cookie).toMatch(/^[\w-]{43}$/);
    expect(rows).not.toContain(cookie);
    expect(rows).not.toContain(token);
  });
});

describe('the session cookie', () => {
  test('over https is good for this very host alone: another host of the domain can plant none', async () => {
    const token = await link();
    const entered = await world.ask(`/enter/${token}`, { method: 'POST' });
    const cookie = cookieOf(entered);
    expect((await world.ask('/?all=1', { cookie })).status).toBe(200);
    const planted = await world.ask('/?all=1', { headers: { cookie: `countersign_session=${cookie}` } });
    expect(await planted.text()).toContain('You come in by a link that works once');
  });

  test('is HttpOnly, SameSite=Lax and Secure over https', async () => {
    const entered = await world.ask(`/enter/${await link()}`, { method: 'POST' });
    const header = entered.headers.get('set-cookie') ?? '';
    expect(header).toContain('HttpOnly');
    expect(header).toContain('SameSite=Lax');
    expect(header).toContain('Secure');
    expect(header).toContain('Path=/');
    expect(header).not.toContain('Domain');
    expect(header).toContain('Max-Age=43200');
  });

  test('is not Secure over plain http, where the browser would drop it', async () => {
    const local = await openWorld({ clock, publicUrl: () => 'http://127.0.0.1:8080' });
    const token = await issueLink(local.db, { tenant: null, ttlMs: MINUTE, now: clock.now() });
    expect((await local.ask(`/enter/${token}`, { method: 'POST' })).headers.get('set-cookie')).not.toContain('Secure');
    await local.close();
  });

  test('ends after twelve hours and on signing out', async () => {
    const first = await world.signIn(null);
    clock.advance(12 * 60 * MINUTE);
    expect(await findSession(world.db, first, clock.now())).toBeUndefined();
    const second = await world.signIn(null);
    await world.ask('/leave', { method: 'POST', cookie: second });
    expect(await findSession(world.db, second, clock.now())).toBeUndefined();
  });

  test('what has expired is swept away, what has not stays', async () => {
    await openSession(world.db, null, clock.now());
    clock.advance(13 * 60 * MINUTE);
    const live = await world.signIn(null);
    await sweepSessions(world.db, clock.now());
    expect(await world.db.selectFrom('sessions').selectAll().execute()).toHaveLength(1);
    expect(await findSession(world.db, live, clock.now())).toMatchObject({ tenant: null });
  });
});

describe('requests that another site made', () => {
  const json = { 'content-type': 'application/json' };
  const refused: [string, Record<string, string>][] = [
    ['names neither its site nor its origin', {}],
    ['comes from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['comes from a sibling host', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }],
    ['comes from another origin, in an old browser', { origin: 'https://evil.example' }],
    ['has an opaque origin', { origin: 'null' }],
    ['contradicts itself', { 'sec-fetch-site': 'cross-site', origin: ORIGIN }],
    ['is JSON, which a check of form types alone lets pass', { ...json, origin: 'https://evil.example' }],
  ];

  test.each(refused)('a post that %s is refused before anything is done', async (_, headers) => {
    const { tenant, ids } = await seed(world, 'Juniper');
    const cookie = await world.signIn(tenant);
    const path = `/t/${tenant}/envelopes/${ids.envelope}/remind`;
    const answer = await world.ask(path, { method: 'POST', cookie, headers: { 'sec-fetch-site': '', ...headers } });
    expect(answer.status).toBe(403);
    expect(world.desk.calls).toEqual([]);
  });

  test.each([
    ['sec-fetch-site', 'same-origin'],
    ['origin', ORIGIN],
  ])('a post of our own page passes by its %s', async (name, value) => {
    const { tenant, ids } = await seed(world, 'Juniper');
    const cookie = await world.signIn(tenant);
    const request = new Request(`${ORIGIN}/t/${tenant}/envelopes/${ids.envelope}/remind`, {
      method: 'POST',
      headers: { cookie: `__Host-countersign_session=${cookie}`, [name]: value },
    });
    expect((await world.app.request(request)).status).toBe(303);
    expect(world.desk.calls).toEqual([['remind', tenant, ids.envelope, 'account admin']]);
  });

  test('the console’s rules hold for its own addresses alone: webhooks beside it come from elsewhere', async () => {
    const server = new Hono();
    server.route('/', world.app);
    server.post('/webhooks/vendor', (c) => c.text('taken'));
    const answer = await server.request(`${ORIGIN}/webhooks/vendor`, { method: 'POST', body: '{}' });
    expect([answer.status, await answer.text()]).toEqual([200, 'taken']);
  });
});
