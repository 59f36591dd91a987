import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '#lib/secret';
import { cards } from '#connectors/hubspot/cards';
import { inbound } from '#connectors/hubspot/inbound';
import { createHubSpotSandbox } from '#connectors/hubspot/sandbox';
import { systemClock } from '#lib/clock';
import { CLIENT_SECRET, startSandbox } from './harness.ts';

let world: Awaited<ReturnType<typeof startSandbox>>;
beforeAll(async () => {
  world = await startSandbox();
  await world.install();
});
afterAll(() => world.stop());

const page = async (path: string) => {
  const response = await fetch(world.base + path, { redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
};
const post = (path: string, form: Record<string, string>) => fetch(world.base + path, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
const notices = () => world.received.splice(0).flatMap(({ body, headers, url }) => inbound.split({ method: 'POST', url, headers, body: new TextEncoder().encode(body) }));

describe('pages', () => {
  test('each is served under the prefix, links nowhere else, and has no inline script or style', async () => {
    const deal = world.sandbox.dealNamed('Harbour').id;
    const [contact] = world.sandbox.contactsOf(deal);
    for (const path of ['/', '/deals', `/deals/${deal}`, `/contacts/${contact?.id ?? ''}`, '/lists', '/faults']) {
      const { status, text, headers } = await page(path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      for (const [, target] of text.matchAll(/(?:href|src|action)="([^"]*)"/g)) expect(target).toMatch(/^(http:\/\/127\.0\.0\.1|data:,)/);
      expect(text).not.toMatch(/<script(?![^>]*src=)|\sstyle=|\son\w+=/);
    }
    for (const asset of ['/assets/page.css', '/assets/board.js']) expect((await page(asset)).status).toBe(200);
  });

  test('what is not there is 404, and text that people typed is escaped', async () => {
    for (const path of ['/deals/1', '/contacts/1', '/nothing']) expect((await page(path)).status).toBe(404);
    const deal = world.sandbox.dealNamed('Nordlys');
    world.sandbox.setDeal(deal.id, { dealname: '<script>alert(1)</script>' });
    expect((await page('/deals')).text).not.toContain('<script>alert');
    world.sandbox.setDeal(deal.id, { dealname: 'Nordlys Studio: pilot' });
  });

  test('moving a card is a change by a person, heard by webhook', async () => {
    const deal = world.sandbox.dealNamed('Olive');
    await world.sandbox.quiet();
    notices();
    const response = await post(`/deals/${deal.id}/move`, { stage: 'contractsent' });
    expect(response.status).toBe(303);
    await world.sandbox.quiet();
    const [notice] = notices();
    expect(notice && inbound.decode(notice, { appId: '31337' })[0]?.data).toEqual({ deal: deal.id, stage: 'contractsent', source: 'person', seenBy: 'webhook' });
    expect(deal.properties.hs_v2_date_entered_contractsent).toBe(new Date(notice?.at ?? 0).toISOString());
    expect((await post(`/deals/${deal.id}/move`, { stage: 'nowhere' })).status).toBe(404);
  });

  test('erasing a person takes them out of deals and lists and is heard', async () => {
    const deal = world.sandbox.dealNamed('Meadow');
    const [contact] = world.sandbox.contactsOf(deal.id);
    await post(`/contacts/${contact?.id ?? ''}/erase`, {});
    await world.sandbox.quiet();
    expect(notices().flatMap((notice) => inbound.decode(notice, { appId: '31337' }))).toEqual([expect.objectContaining({ type: 'person.erased', data: { contact: contact?.id } })]);
    expect(world.sandbox.contactsOf(deal.id)).toHaveLength(1);
  });

  test('faults are set by form and turned off at once', async () => {
    await post('/faults', { duplicate: '50', maxPauseMs: '20' });
    expect(world.sandbox.faults).toMatchObject({ duplicate: 0.5, drop: 0, maxPauseMs: 20 });
    await post('/faults', { duplicate: '50', all: 'off' });
    expect(world.sandbox.faults.duplicate).toBe(0);
  });
});

describe('webhooks', () => {
  test('are signed over the body as sent, gathered, and at most 100 together', async () => {
    await world.sandbox.quiet();
    world.received.length = 0;
    const deal = world.sandbox.dealNamed('Kestrel');
    for (let index = 0; index < 130; index++) world.sandbox.moveDeal(deal.id, index % 2 === 0 ? 'proposal' : 'qualified');
    await world.sandbox.quiet();
    const sizes = world.received.map(({ body }) => (JSON.parse(body) as unknown[]).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(130);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    for (const { headers, body, url } of world.received) {
      expect(inbound.verify({ method: 'POST', url, headers, body: new TextEncoder().encode(body) }, [new Secret(CLIENT_SECRET)], Date.now())).toEqual({ ok: true });
    }
    expect(new Set(notices().map((notice) => notice.key)).size).toBe(130);
  });

  test('come again with a higher count until they are taken, under one key', async () => {
    world.hook.status = 503;
    world.sandbox.moveDeal(world.sandbox.dealNamed('Kestrel').id, 'contractsent');
    while (world.received.length < 2) await systemClock.sleep(20);
    world.hook.status = 204;
    await world.sandbox.quiet();
    const attempts = world.received.map(({ body }) => (JSON.parse(body) as { attemptNumber: number }[])[0]?.attemptNumber);
    expect(attempts).toEqual(attempts.map((_, index) => index));
    expect(new Set(notices().map((notice) => notice.key)).size).toBe(1);
  });

  test('signed wrongly, they do not pass', async () => {
    world.sandbox.faults.wrongSignature = 1;
    world.sandbox.moveDeal(world.sandbox.dealNamed('Kestrel').id, 'qualified');
    await world.sandbox.quiet();
    world.sandbox.faults.wrongSignature = 0;
    const [bad] = world.received.splice(0);
    expect(
      bad && inbound.verify({ method: 'POST', url: bad.url, headers: bad.headers, body: new TextEncoder().encode(bad.body) }, [new Secret(CLIENT_SECRET)], Date.now()),
    ).toEqual({ ok: false, reason: 'mismatch' });
  });
});

describe('the card', () => {
  test('asks as hubspot.fetch does, shows what it gets, and sends once with a key', async () => {
    const asked: { method: string; path: string; ok: boolean; user: string; body: unknown }[] = [];
    const server = new Hono().all('/cards/hubspot/*', async (c) => {
      const body = new Uint8Array(await c.req.arrayBuffer());
      const delivery = { method: c.req.method, url: c.req.url, headers: c.req.header(), body };
      const text = new TextDecoder().decode(body);
      asked.push({
        method: c.req.method,
        path: c.req.path,
        ok: inbound.verify(delivery, [new Secret(CLIENT_SECRET)], Date.now()).ok,
        user: cards.identify(delivery).user,
        body: text === '' ? null : JSON.parse(text),
      });
      if (c.req.path.endsWith('/send')) return c.json({ correlation: 'cor_1' }, 202);
      if (c.req.path.endsWith('/preview')) return c.json({ send: false, reasons: [{ say: 'The signer has no e-mail.', path: '' }] });
      return c.json({
        canSend: true,
        why: null,
        rules: [],
        templates: [{ id: 't1', name: 'Order form', roles: [{ name: 'Customer', order: 1 }] }],
        suggested: { template: 't1', recipients: [{ role: 'Customer', name: 'Mara Lindqvist', email: 'mara@example.com', order: 1 }] },
        reasons: [],
        envelopes: [],
      });
    });
    const listening = serve({ port: 0, fetch: server.fetch });
    await new Promise((resolve) => listening.once('listening', resolve));
    const address = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
    const other = await startSandbox({ serverUrl: () => address });
    const deal = other.sandbox.dealNamed('Harbour').id;
    const at = `${other.base}/deals/${deal}`;

    expect(await (await fetch(at)).text()).toContain(`${at}/sign`);
    const form = await (await fetch(`${at}/sign`)).text();
    expect(form).toContain('mara@example.com');
    const key = /name="key" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const fields = { key, template: 't1', 'role-0': 'Customer', 'name-0': 'Mara', 'email-0': 'mara@example.com', 'contact-0': '' };
    const preview = await (await fetch(`${at}/sign`, { method: 'POST', body: new URLSearchParams({ ...fields, act: 'preview' }) })).text();
    expect(preview).toContain('The signer has no e-mail.');
    expect(preview).toContain(`value="${key}"`);
    await fetch(`${at}/sign`, { method: 'POST', body: new URLSearchParams({ ...fields, act: 'send' }) });
    expect(asked.every((each) => each.ok && each.user === 'HubSpot user 501')).toBe(true);
    expect(asked.filter((each) => each.path.endsWith('/send')).map((each) => each.body)).toEqual([
      { key, template: 't1', recipients: [{ role: 'Customer', name: 'Mara', email: 'mara@example.com' }] },
    ]);
    await other.stop();
    await new Promise((resolve) => listening.close(resolve));
  });

  test('says so where the server answers with an error or not at all', async () => {
    const { text } = await page(`/deals/${world.sandbox.dealNamed('Harbour').id}`);
    expect(text).toContain('Countersign');
    const alone = await startSandbox({ serverUrl: () => 'http://127.0.0.1:9' });
    expect(await (await fetch(`${alone.base}/deals/${alone.sandbox.dealNamed('Harbour').id}`)).text()).toContain('Countersign does not answer.');
    await alone.stop();
  });
});

describe('state', () => {
  test('survives a restart as JSON, install and all', () => {
    const state: unknown = JSON.parse(JSON.stringify(world.sandbox.state()));
    const again = createHubSpotSandbox({
      baseUrl: () => '',
      clock: systemClock,
      app: { clientId: '', clientSecret: '', appId: '', redirectUri: () => '', webhookUrl: () => '' },
      webhookKeys: [],
      mail: () => undefined,
      serverUrl: () => '',
      seed: 2,
      state: state as ReturnType<typeof world.sandbox.state>,
    });
    expect(again.state()).toEqual(state);
    again.close();
  });
});
