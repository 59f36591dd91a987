import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { seed, type Seeded } from './seed.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let mine: Seeded;
let theirs: Seeded;
let cookie: string;
let operator: string;

beforeAll(async () => {
  world = await openWorld();
  mine = await seed(world, 'Juniper');
  theirs = await seed(world, 'Quillback');
  cookie = await world.signIn(mine.tenant);
  operator = await world.signIn(null);
  world.desk.faults = [];
});
afterAll(() => world.close());

/** Every route below a tenant, made at collection from a console that is never asked. */
const collected = await openWorld();
const ROUTES = collected.routes.filter((route) => route.path.startsWith('/t/:tenant')).map(({ method, path }): [string, string] => [method, path]);
await collected.close();

const NAMED = ['install', 'envelope', 'attribution', 'correlation', 'notice', 'effect', 'endpoint', 'person', 'consent', 'text', 'page', 'hold'];
const OPERATORS_ONLY = /\/faulty|\/key$/;
const fill = (path: string, ids: Partial<Record<string, string>>): string => `${path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? `no-${name}`)}?from=1&to=2`;
const FORM = { reason: 'changed our minds', text: 'kind: send\n', note: 'n', do: 'save', version: '1', keys: 'k1', allow: '1', url: 'https://example.com/hook' };
const ask = (method: string, path: string, as: string | undefined) => world.ask(path, { method, ...(as ? { cookie: as } : {}), ...(method === 'POST' ? { form: FORM } : {}) });

test('the list of routes is the whole console', () => {
  expect(ROUTES.length).toBeGreaterThan(30);
  expect(ROUTES.map(([, path]) => path)).toContain('/t/:tenant/envelopes/:envelope');
});

describe.each(ROUTES)('%s %s', (method, path) => {
  test('asks a stranger to sign in', async () => {
    world.desk.calls = [];
    expect((await ask(method, fill(path, mine.ids), undefined)).status).toBe(401);
    expect(world.desk.calls).toEqual([]);
  });

  test('does not exist for another tenant’s session, and gives nothing away', async () => {
    world.desk.calls = [];
    const answer = await ask(method, fill(path, theirs.ids), cookie);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('Quillback');
    const unknown = await ask(method, fill(path, { ...theirs.ids, tenant: newId('ten') }), cookie);
    expect(unknown.status).toBe(404);
    expect(world.desk.calls).toEqual([]);
  });

  test('works for the own tenant’s session, unless it is for operators', async () => {
    const answer = await ask(method, fill(path, mine.ids), cookie);
    if (OPERATORS_ONLY.test(path)) return expect(answer.status).toBe(404);
    expect([200, 303]).toContain(answer.status);
    expect(await answer.text()).not.toContain('Quillback');
  });

  test('works for an operator', async () => {
    expect([200, 303]).toContain((await ask(method, fill(path, theirs.ids), operator)).status);
  });
});

describe.each(ROUTES.filter(([, path]) => NAMED.some((name) => path.includes(`:${name}`))))('%s %s with an id of another tenant', (method, path) => {
  test.each(['account', 'operator'])('does not exist below the wrong tenant, for an %s session', async (who) => {
    world.desk.calls = [];
    const answer = await ask(method, fill(path, { ...theirs.ids, tenant: mine.tenant }), who === 'operator' ? operator : cookie);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('Quillback');
    expect(world.desk.calls).toEqual([]);
  });
});

describe('exports and searches', () => {
  test.each(['envelopes', 'inbox', 'outbox', 'ledger', 'installs', 'mappings', 'webhooks', 'consents', 'consents/texts'])(
    'the JSON of %s holds the own tenant’s rows alone',
    async (list) => {
      const answer = await world.ask(`/t/${mine.tenant}/${list}?format=json`, { cookie });
      const { items } = (await answer.json()) as { items: { tenant?: string }[] };
      expect(items.length).toBeGreaterThan(0);
      expect(items.filter((item) => item.tenant !== undefined && item.tenant !== mine.tenant)).toEqual([]);
      expect(JSON.stringify(items)).not.toContain('Quillback');
    },
  );

  test('the ids of another tenant find nothing', async () => {
    for (const text of [theirs.ids.envelope, theirs.correlation, 'Quillback', '9000000042']) {
      const answer = await world.ask(`/t/${mine.tenant}/envelopes?q=${text}&format=json`, { cookie });
      const { items } = (await answer.json()) as { items: { id: string }[] };
      expect(items.filter((item) => theirs.envelopes.some((id) => id === item.id))).toEqual([]);
    }
  });

  test('a session without an operator’s rights lists no tenants', async () => {
    const answer = await world.ask('/?all=1&format=json', { cookie });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe(`/t/${mine.tenant}`);
  });

  test('a batch that also tells of others’ accounts is shown to operators alone', async () => {
    const delivery = newId('dlv');
    const body = Buffer.from(
      JSON.stringify([
        { objectId: 1, who: 'Juniper' },
        { objectId: 2, who: 'Quillback' },
      ]),
    );
    await world.db.insertInto('deliveries').values({ id: delivery, vendor: 'hubspot', received_at: 1, headers: '{}', body, fault: null }).execute();
    const notice = newId('ntc');
    const row = {
      id: notice,
      tenant: mine.tenant,
      install: mine.crm,
      vendor: 'hubspot',
      delivery,
      position: 0,
      key: notice,
      kind: 'deal.creation',
      at: 1,
      payload: null,
      state: 'done' as const,
    };
    await world.db
      .insertInto('inbox')
      .values({ ...row, attempts: 0, run_at: 1, error: null, correlation: mine.correlation, received_at: 1 })
      .execute();
    const page = await (await world.ask(`/t/${mine.tenant}/inbox/${notice}`, { cookie })).text();
    expect(page).not.toContain('Quillback');
    expect(page).toContain('only an operator may see it');
    expect(await (await world.ask(`/t/${mine.tenant}/inbox/${notice}`, { cookie: operator })).text()).toContain('Quillback');
  });
});
