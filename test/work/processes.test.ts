import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantId } from '#core/ids';
import { asServer } from '#store/scope';
import { verifyLedger } from '#store/ledger';
import { openFront, type Front } from '../bench/front.ts';
import { TEST_KEY } from '../flow/world.ts';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { runAsAdmin } from '../store/postgres.ts';
import { startMember, type Member } from './member.ts';
import { until } from './stage.ts';

const PATIENCE_MS = 25_000;
/** Three processes that are compiled as they start, on a machine that may have other things to do. */
const START_MS = 90_000;
/** The same for each story. */
const STORY_MS = 90_000;
const SEED = { source: 'IMPORT', sourceId: 'test', label: 'A test' } as const;

describe('one process that answers and two that work, on one database', () => {
  let database: TestDatabase;
  let front: Front;
  let web: Member;
  let workers: Member[] = [];
  let tenant: TenantId;

  beforeAll(async () => {
    database = await openTestDatabase('PostgreSQL');
    front = await openFront();
    const options = { database: database.address, publicUrl: front.address, key: TEST_KEY };
    [web, ...workers] = (await Promise.all((['web', 'worker', 'worker'] as const).map((role) => startMember({ role, ...options })))) as [Member, Member, Member];
    front.behind(web.port);
    tenant = await front.connect();
  }, START_MS);
  afterAll(async () => {
    await Promise.all([web, ...workers].map((member) => member.kill()));
    await front.close();
    await database.close();
  });

  function plant(number: number): string {
    const { account } = front.sandbox.hubspot;
    const deal = account.create(
      'deals',
      { dealname: `Deal ${number}`, amount: '1000', deal_currency_code: 'EUR', dealstage: 'proposal', pipeline: 'default', hubspot_owner_id: '70001' },
      SEED,
    );
    const contact = account.create('contacts', { firstname: 'Ada', lastname: `Example ${number}`, email: `ada.${number}@example.com` }, SEED);
    account.associate(deal.id, 'contacts', contact.id);
    const { links, labels } = front.sandbox.hubspot.world();
    const link = links.find((one) => one.deal === deal.id && one.id === contact.id);
    const label = labels.find((one) => one.label === 'Signer');
    if (link && label) link.types.push(label);
    return deal.id;
  }
  const remoteOf = (deal: string) =>
    front.sandbox.docusign.envelopes().filter(({ status, customFields }) => status !== 'deleted' && customFields.some(({ name, value }) => name === 'deal' && value === deal));
  const says = (deal: string) => front.sandbox.hubspot.deal(deal)?.properties['esign_status'];

  /** Sends for each deal, has everybody sign, and waits until the CRM says so. */
  async function play(deals: readonly string[]): Promise<void> {
    for (const deal of deals) front.sandbox.hubspot.moveDeal(deal, 'contractsent');
    await until('the envelopes', () => deals.every((deal) => remoteOf(deal).some(({ status }) => status === 'sent')), PATIENCE_MS);
    for (const deal of deals) for (const { envelopeId } of remoteOf(deal)) for (const role of ['Customer', 'Countersigner']) front.sandbox.docusign.sign(envelopeId, role);
    await until('the deals', () => deals.every((deal) => says(deal) === 'completed'), PATIENCE_MS);
  }
  const performedBy = async (member: Member): Promise<number> => {
    const text = await (await fetch(`${member.address}/metrics`)).text();
    return [...text.matchAll(/^countersign_effects_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  test('a story runs through all of them, and nothing is done twice', { timeout: STORY_MS }, async () => {
    await until('what the accounts have', async () => (await asServer(() => database.db.selectFrom('grounds').select('kind').execute())).length === 2, PATIENCE_MS);
    // More at once would be a bulk edit, which waits to be seen whole.
    const deals = [1, 2, 3].map(plant);
    await play(deals);
    expect(deals.map((deal) => remoteOf(deal).length)).toEqual(deals.map(() => 1));
    const twice = await asServer(() =>
      database.db
        .selectFrom('receipts')
        .select(['effect', ({ fn }) => fn.countAll<number>().as('times')])
        .where('outcome', 'in', ['done', 'partly'])
        .groupBy('effect')
        .having(({ fn }) => fn.countAll(), '>', 1)
        .execute(),
    );
    expect(twice).toEqual([]);
    expect(await performedBy(web)).toBe(0);
    expect((await performedBy(workers[0] ?? web)) + (await performedBy(workers[1] ?? web))).toBeGreaterThan(deals.length);
    for (const ledger of ['facts', 'receipts'] as const) expect(await asServer(() => verifyLedger(database.db, tenant, ledger))).toMatchObject({ ok: true });
  });

  test('each answers what its role is for', async () => {
    const [worker = web] = workers;
    for (const path of ['/healthz', '/readyz', '/metrics']) for (const member of [web, worker]) expect((await fetch(`${member.address}${path}`)).status).toBe(200);
    for (const path of ['/', '/install/hubspot', '/webhooks/hubspot', '/.well-known/countersign']) expect((await fetch(`${worker.address}${path}`)).status).toBe(404);
    expect((await fetch(`${web.address}/`, { redirect: 'manual' })).status).not.toBe(404);
  });

  test('work goes on after every connection to the database was lost, and after a worker was stopped', { timeout: STORY_MS }, async () => {
    await runAsAdmin(database.address, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
    await play([plant(11)]);
    expect(await workers[0]?.stop()).toBe(0);
    await play([plant(12)]);
    for (const member of [web, ...workers]) expect(member.said()).not.toMatch(/UnhandledPromise|unhandled/i);
  });

  test('without its database a process is alive, and not ready', { timeout: STORY_MS }, async () => {
    const [, worker = web] = workers;
    await runAsAdmin(new URL('/postgres', database.address).href, `alter database ${new URL(database.address).pathname.slice(1)} allow_connections false`);
    await runAsAdmin(
      new URL('/postgres', database.address).href,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${new URL(database.address).pathname.slice(1)}'`,
    );
    for (const member of [web, worker]) expect([(await fetch(`${member.address}/healthz`)).status, (await fetch(`${member.address}/readyz`)).status]).toEqual([200, 503]);
    await runAsAdmin(new URL('/postgres', database.address).href, `alter database ${new URL(database.address).pathname.slice(1)} allow_connections true`);
    for (const member of [web, worker]) await until('it to be ready again', async () => (await fetch(`${member.address}/readyz`)).status === 200);
    await play([plant(13)]);
    expect(await worker.stop()).toBe(0);
  });
});
