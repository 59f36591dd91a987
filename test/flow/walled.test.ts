import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Desk } from '#flow/desk';
import { createVisitor, type Visitor } from '#src/cli/visitor';
import { createTenant } from '#store/installs';
import { asServer } from '#store/scope';
import { openWorld as openConsole } from '../console/world.ts';
import { openWalledDatabase, type WalledDatabase } from '../store/walled.ts';
import { askCard } from './card.ts';
import { plantDeal } from './deals.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

/** The whole server in the hands of a role that the database holds to its policies. What a test looks up itself, it looks up as the server. */
let database: WalledDatabase;
let w: TestWorld;
beforeAll(async () => {
  database = await openWalledDatabase();
  w = await asServer(() => openWorld({ database: database.address, variables: { COUNTERSIGN_KEY: TEST_KEY } }));
});
afterAll(async () => {
  await w.stop();
  await database.close();
});

const complaints = () => w.logs.filter((line) => line.includes('42501'));

test('a deal moves, everybody signs, the deal and its contact know', () =>
  asServer(async () => {
    const deal = plantDeal(w);
    deal.move('contractsent');
    const { envelopeId } = await deal.sent();
    w.sandbox.docusign.sign(envelopeId, 'Customer');
    w.sandbox.docusign.sign(envelopeId, 'Countersigner');
    await deal.becomes('completed');
    await w.settled();
    expect(w.sandbox.hubspot.listMembers('Countersign: signed')).toContain(deal.contact);
    expect(complaints()).toEqual([]);
  }));

test('a request that forgets its tenant everywhere is still shown that tenant’s rows alone', async () => {
  await asServer(() => createTenant(w.db, 'Another', w.clock.now()));
  expect(await asServer(() => w.db.selectFrom('tenants').select('id').execute())).toHaveLength(2);
  const { desk } = w.world;
  const { card } = desk;
  const forgetful = async () => w.db.selectFrom('tenants').select('id').execute();
  desk.card = forgetful as unknown as Desk['card'];
  try {
    const answer = await askCard(w, 'GET', '/deals/1');
    expect(await answer.json()).toEqual([{ id: w.tenant }]);
  } finally {
    desk.card = card;
  }
  expect((await askCard(w, 'GET', `/deals/${plantDeal(w).id}`)).status).toBe(200);
});

test('every page of the console answers, the tenant’s people and the operator', async () => {
  const console = await openConsole();
  const paths = console.routes.filter(({ method, path }) => method === 'GET' && path.startsWith('/t/')).map(({ path }) => path);
  await console.close();
  const ids = await asServer(idsOfOne);
  const operator = createVisitor();
  const page = await operator.open(await asServer(() => w.world.link()));
  await operator.submit({ ...page, html: page.html.replace('method="post"', 'method="post" action=""') }, '', {});
  expect((await operator.open(`${w.address}/`)).html).toContain('Another');
  const visit = async (visitor: Visitor, path: string) => {
    const asked = path.replace(/:(\w+)/g, (_match, name: string) => ids[name] ?? `no-${name}`);
    const { status } = await visitor.open(`${w.address}${asked}?from=1&to=1`);
    // What is named and was left by nobody, and what is for operators alone, does not exist; all else does, with the rows or without.
    const may = asked.includes('no-') || path.includes(':person') || path.includes('/faulty') ? [200, 404] : [200];
    expect(may, `${path} answers ${status}`).toContain(status);
  };
  // What operators see beyond the others is looked up another way.
  const operators = paths.filter((path) => /^\/t\/:tenant$|\/faulty/.test(path));
  expect(operators).toHaveLength(3);
  await Promise.all([...paths.map((path) => visit(w.visitor, path)), ...operators.map((path) => visit(operator, path))]);
  expect(complaints()).toEqual([]);
});

test.each(['/t/T%00', '/t/T/inbox/%00', '/t/T/inbox?q=%00', '/t/T/envelopes?after=%00', '/t/T/stories/%00', '/?q=%00', '/oauth/hubspot/callback?code=x&state=%00', '/c/T%00/page'])(
  'what no database takes is no address (%s)',
  async (path) => {
    expect((await w.visitor.open(w.address + path.replace('T', w.tenant))).status).toBe(404);
    expect(w.logs.filter((line) => line.includes('a request failed'))).toEqual([]);
  },
);

/** Ids that stand in addresses, of what the first test left behind. */
async function idsOfOne(): Promise<Record<string, string>> {
  const one = async (table: 'envelopes' | 'outbox') => w.db.selectFrom(table).select(['id', 'correlation']).where('tenant', '=', w.tenant).limit(1).executeTakeFirstOrThrow();
  const { id: envelope, correlation } = await one('envelopes');
  const { id: notice } = await w.db.selectFrom('inbox').select('id').where('tenant', '=', w.tenant).limit(1).executeTakeFirstOrThrow();
  const { id: person } = await w.db.selectFrom('persons').select('id').where('tenant', '=', w.tenant).limit(1).executeTakeFirstOrThrow();
  return { tenant: w.tenant, install: w.crm.id, envelope, correlation, notice, effect: (await one('outbox')).id, person, kind: 'send', version: '1' };
}

test('and so does what has no page: health, metrics, the API, a capture page', async () => {
  const status = async (path: string, headers: Record<string, string> = {}) => (await fetch(`${w.address}${path}`, { headers })).status;
  const { key } = await asServer(() => w.world.desk.capture.makeKey(w.tenant, 'Shop', ['consents:read'], 'test'));
  expect(await status('/readyz')).toBe(200);
  expect(await status('/metrics')).toBe(200);
  expect(await status('/api/v1/consents?email=ada@example.com', { authorization: `Bearer ${key}` })).toBe(200);
  expect(await status('/api/v1/consents?email=ada@example.com', { authorization: 'Bearer csk_made_up' })).toBe(401);
  const { slug } = await asServer(() => w.db.selectFrom('capture_states').select('slug').where('tenant', '=', w.tenant).limit(1).executeTakeFirstOrThrow());
  expect(await status(`/c/${w.tenant}/${slug}`)).toBe(200);
  expect(await status(`/c/server/${slug}`)).toBe(404);
  expect(complaints()).toEqual([]);
});
