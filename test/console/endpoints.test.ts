import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { Problem } from '#core/problem';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let seeded: Seeded;
let cookie: string;
beforeEach(async () => {
  world = await openWorld();
  seeded = await seed(world, 'Juniper');
  cookie = await world.signIn(seeded.tenant);
});
afterEach(() => world.close());

const page = async (path = '') => (await world.ask(`/t/${seeded.tenant}/webhooks${path}`, { cookie })).text();
const post = (path: string, form: Record<string, string> = {}) => world.ask(`/t/${seeded.tenant}/webhooks${path}`, { cookie, form });
const endpoint = () => seeded.ids.endpoint;

describe('the page of webhooks', () => {
  test('says what it is for while there is none, and offers to add one', async () => {
    const tenant = newId('ten');
    await world.db.insertInto('tenants').values({ id: tenant, name: 'Empty', created_at: 0 }).execute();
    const text = await (await world.ask(`/t/${tenant}/webhooks`, { cookie: await world.signIn(tenant) })).text();
    expect(text).toContain('No tool is subscribed');
    expect(text).toContain('name="url"');
    expect(text).toContain('document_completed');
    expect(text).not.toContain('endpoint_test');
  });

  test('lists endpoints with how they fare, for machines too, and never a secret', async () => {
    const text = await page();
    expect(text).toContain('Warehouse of Juniper');
    expect(text).toContain('1 failed');
    const json = await page('?format=json');
    expect(JSON.parse(json)).toMatchObject({ items: [{ id: endpoint(), failed: 1, waiting: 1 }] });
    expect(`${text}${json}`).not.toMatch(/sealed|whsec_/);
  });

  test('shows a new secret once, and hands on what was chosen', async () => {
    const body = new URLSearchParams([
      ['url', 'https://example.com/hook'],
      ['description', 'A tool'],
      ['events', 'document_sent'],
      ['events', 'document_completed'],
    ]);
    const answer = await world.app.request(`https://console.example.com/t/${seeded.tenant}/webhooks`, {
      method: 'POST',
      body,
      headers: { cookie: `__Host-countersign_session=${cookie}`, 'sec-fetch-site': 'same-origin' },
    });
    expect(await answer.text()).toContain('whsec_that-is-shown-once');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const settings = { url: 'https://example.com/hook', description: 'A tool', events: ['document_sent', 'document_completed'] };
    expect(world.desk.calls).toEqual([['endpoints.add', seeded.tenant, settings, 'account admin']]);
  });

  test('says why an address is refused', async () => {
    world.desk.fails = new Problem('endpoint.refused', { say: 'Port 25 is not allowed.' });
    const answer = await post('', { url: 'https://example.com:25/', description: 'The chat of sales', events: 'document_declined' });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([422, expect.stringContaining('Port 25 is not allowed.')]);
    for (const typed of ['value="https://example.com:25/"', 'value="The chat of sales"', 'value="document_declined" checked=""']) expect(text).toContain(typed);
  });

  test('of a key that is refused gives back what was typed, too', async () => {
    world.desk.fails = new Problem('request.malformed', { say: 'Say what the key may do.' });
    const answer = await world.ask(`/t/${seeded.tenant}/api-keys`, { cookie, form: { name: 'The shop', scopes: 'consents:read' } });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([400, expect.stringContaining('Say what the key may do.')]);
    for (const typed of ['value="The shop"', 'value="consents:read" checked=""']) expect(text).toContain(typed);
  });
});

describe('the page of an endpoint', () => {
  test('keeps what was typed where a change is refused', async () => {
    world.desk.fails = new Problem('endpoint.refused', { say: 'Port 25 is not allowed.' });
    const answer = await post(`/${endpoint()}/settings`, { url: 'https://example.com:25/', description: 'Moved' });
    const text = await answer.text();
    expect([answer.status, text]).toEqual([422, expect.stringContaining('Port 25 is not allowed.')]);
    for (const typed of ['value="https://example.com:25/"', 'value="Moved"', `/webhooks/${endpoint()}/settings"`]) expect(text).toContain(typed);
  });

  test('lists its messages, by state where asked', async () => {
    const all = await page(`/${endpoint()}`);
    for (const type of ['document_sent', 'document_viewed', 'document_partially_signed', 'document_completed']) expect(all).toContain(type);
    expect(all).toContain('Replay all that failed');
    const failed = await page(`/${endpoint()}?state=failed&format=json`);
    expect(JSON.parse(failed)).toMatchObject({ items: [{ id: seeded.ids.message, type: 'document_partially_signed', status: 500 }], next: null });
    expect(await page(`/${endpoint()}?q=no-such-thing`)).toContain('Show all messages');
  });

  test('that is disabled says why, and what follows', async () => {
    await world.db.updateTable('endpoints').set({ state: 'disabled', reason: 'Nothing has come through for five days.' }).execute();
    const text = await page(`/${endpoint()}`);
    expect(text).toContain('Nothing has come through for five days.');
    expect(text).toContain('Enable it again');
    expect(text).not.toContain('Send a test event</button>');
  });

  test.each([
    ['enable', 'enable'],
    ['disable', 'disable'],
    ['test', 'test'],
    ['replay', 'replayFailed'],
    ['delete', 'remove'],
  ])('%s goes through the desk', async (verb, method) => {
    expect((await post(`/${endpoint()}/${verb}`)).status).toBe(303);
    expect(world.desk.calls).toEqual([[`endpoints.${method}`, seeded.tenant, endpoint(), 'account admin']]);
  });

  test('asks before it is deleted', async () => {
    const text = await page(`/${endpoint()}/delete`);
    expect(text).toContain('Delete it for good');
    expect(world.desk.calls).toEqual([]);
  });

  test('shows a rotated secret once, and until when the old one signs', async () => {
    const text = await (await post(`/${endpoint()}/rotate`)).text();
    expect(text).toContain('whsec_that-is-shown-once');
    expect(text).toContain('signs beside it until');
  });
});

describe('the page of a message', () => {
  test('shows what is told and what was answered, as text', async () => {
    const text = await page(`/${endpoint()}/messages/${seeded.ids.message}`);
    expect(text).toContain('It answered 500.');
    expect(text).toContain('&lt;b&gt;Juniper&lt;/b&gt;');
    expect(text).toContain('Replay it');
  });
  test('of another endpoint is not there', async () => {
    expect((await world.ask(`/t/${seeded.tenant}/webhooks/enp_other/messages/${seeded.ids.message}`, { cookie })).status).toBe(404);
    expect((await post(`/enp_other/messages/${seeded.ids.message}/replay`)).status).toBe(404);
  });
});
