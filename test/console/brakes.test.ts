import { afterAll, beforeAll, expect, test } from 'vitest';
import { putServerStop } from '#store/stops';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let seeded: Seeded;
let cookie: string;
let operator: string;
beforeAll(async () => {
  world = await openWorld();
  seeded = await seed(world, 'Juniper');
  cookie = await world.signIn(seeded.tenant);
  operator = await world.signIn(null);
});
afterAll(() => world.close());

const page = async (path: string, as = cookie): Promise<string> => (await world.ask(`/t/${seeded.tenant}${path}`, { cookie: as })).text();
const post = (path: string, form: Record<string, string>, as = cookie) => world.ask(path, { cookie: as, form });
const asked = async (act: () => Promise<unknown>): Promise<unknown[][]> => {
  world.desk.calls = [];
  await act();
  return world.desk.calls;
};
const TENANT = () => `/t/${seeded.tenant}`;

test('a hold is shown in one sentence, with its deals a page at a time', async () => {
  const sentence = 'Rule &quot;contract-sent&quot;: 63 deals entered this stage within 3 minutes; nothing was sent; review.';
  expect(await page('/held')).toContain(sentence);
  const first = await page(`/held/${seeded.ids.hold}`);
  expect(first).toContain(sentence);
  expect(first).toContain('Release all 63');
  expect(first.match(/type="checkbox"/g)).toHaveLength(50);
  const next = /href="([^"]*after=[^"]*)"[^>]*rel="next"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? '';
  expect((await (await world.ask(next, { cookie })).text()).match(/type="checkbox"/g)).toHaveLength(13);
  expect(await (await world.ask(`${TENANT()}/held/${seeded.ids.hold}?format=json`, { cookie })).json()).toMatchObject({ items: { length: 50 } });
});

test('all is released by its own button alone: a form without boxes releases nothing', async () => {
  const hold = `${TENANT()}/held/${seeded.ids.hold}`;
  expect(await asked(() => post(`${hold}/release`, { which: 'all' }))).toEqual([['brakes.release', seeded.tenant, seeded.ids.hold, null, 'account admin']]);
  expect(await asked(() => post(`${hold}/release`, { which: 'chosen', send: 'hls_one' }))).toEqual([
    ['brakes.release', seeded.tenant, seeded.ids.hold, ['hls_one'], 'account admin'],
  ]);
  expect(await asked(() => post(`${hold}/release`, {}))).toEqual([['brakes.release', seeded.tenant, seeded.ids.hold, [], 'account admin']]);
  for (const [verb, says] of [
    ['release', 'Release'],
    ['discard', 'Discard'],
  ] as const)
    expect(await (await world.ask(`${hold}/${verb}`, { cookie })).text()).toContain(`${says} all 63`);
  expect(await asked(() => post(`${hold}/discard`, { which: 'all' }))).toEqual([['brakes.discard', seeded.tenant, seeded.ids.hold, null, 'account admin']]);
});

test('a stop stands on every page, with its reason and the way out', async () => {
  for (const path of ['', '/held', '/envelopes', '/ledger']) {
    const html = await page(path);
    expect(html).toContain('The rule “nda” is stopped:');
    expect(html).toContain('Last year&#39;s terms');
    expect(html).toContain('/stops/resume');
  }
});

test('tenants and rules are stopped and resumed', async () => {
  expect(await asked(() => post(`${TENANT()}/stops`, { reason: 'why' }))).toEqual([['brakes.stop', seeded.tenant, null, 'why', 'account admin']]);
  expect(await asked(() => post(`${TENANT()}/stops/resume`, { crm: seeded.crm, rule: 'nda' }))).toEqual([
    ['brakes.resume', seeded.tenant, { crm: seeded.crm, rule: 'nda' }, 'account admin'],
  ]);
});

test('the server is stopped by operators alone', async () => {
  expect(await asked(async () => expect((await post('/', { reason: 'why' })).status).toBe(403))).toEqual([]);
  expect(await asked(async () => expect((await post('/', { reason: 'why' }, '')).status).toBe(403))).toEqual([]);
  expect(await asked(() => post('/', { reason: 'why' }, operator))).toEqual([['brakes.stopServer', 'why', 'operator']]);
  await world.db.transaction().execute((tx) => putServerStop(tx, { because: 'all wrong', by: 'operator' }, world.clock.now()));
  expect(await page('')).toContain('Sending on this server is stopped:');
  expect(await (await world.ask('/?all=1', { cookie: operator })).text()).toContain('Resume sending for every tenant');
  expect(await asked(() => post('/', { do: 'resume' }, operator))).toEqual([['brakes.resumeServer', 'operator']]);
});
