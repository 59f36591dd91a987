import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CompiledQuery } from 'kysely';
import SQLite from 'better-sqlite3';
import { newId } from '#lib/ids';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { plantDeal } from './deals.ts';
import { metric, postCrm, postSign, stageEvent } from './wire.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

const MINUTE_MS = 60_000;

async function count(w: TestWorld): Promise<[deliveries: number, notices: number]> {
  const deliveries = await w.db.selectFrom('deliveries').select('id').execute();
  const notices = await w.db.selectFrom('inbox').select('id').execute();
  return [deliveries.length, notices.length];
}
const alarms = async (w: TestWorld) => (await w.db.selectFrom('alarms').select('code').where('code', '=', 'webhook-signature-failing').execute()).length;
const settings = { variables: { COUNTERSIGN_KEY: TEST_KEY } };

describe.each(['SQLite', 'PostgreSQL'] as const)('deliveries on %s', (name) => {
  let database: TestDatabase;
  let w: TestWorld;
  beforeAll(async () => {
    database = await openTestDatabase(name);
    w = await openWorld({ database: database.address, ...settings });
  });
  afterAll(async () => {
    await w.stop();
    await database.close();
  });

  /** Nothing of it is kept, whatever the answer. */
  async function unstored(send: () => Promise<Response>): Promise<Response> {
    const before = await count(w);
    const response = await send();
    expect(await count(w)).toEqual(before);
    return response;
  }

  test.each<[string, string, (event: Record<string, unknown>) => Promise<Response>]>([
    ['a wrong signature', 'refused-mismatch', (event) => postCrm(w, [event], { secret: 'not the secret' })],
    ['a signature of ten minutes ago', 'refused-stale', (event) => postCrm(w, [event], { at: w.clock.now() - 10 * MINUTE_MS })],
    ['a signature of ten minutes from now', 'refused-future', (event) => postCrm(w, [event], { at: w.clock.now() + 10 * MINUTE_MS })],
    ['no signature', 'refused-missing', (event) => fetch(`${w.address}/webhooks/hubspot`, { method: 'POST', body: JSON.stringify([event]) })],
  ])('%s is answered 401, counted and not kept', async (_what, outcome, send) => {
    const before = await metric(w, 'countersign_deliveries_total', { vendor: 'hubspot', outcome });
    const response = await unstored(() => send(stageEvent(w, '1', 'contractsent')));
    expect(response.status).toBe(401);
    expect(await metric(w, 'countersign_deliveries_total', { vendor: 'hubspot', outcome })).toBe(before + 1);
    expect(await response.text()).not.toMatch(/stale|future|mismatch|missing/);
  });

  test('a secret that stays wrong raises an alarm, and the next good delivery ends it', async () => {
    for (let time = 0; time < 4; time++) await postCrm(w, [stageEvent(w, '1', 'contractsent')], { secret: 'not the secret' });
    expect(await alarms(w)).toBe(1);
    expect((await postCrm(w, [stageEvent(w, '1', 'qualified')])).status).toBe(204);
    expect(await alarms(w)).toBe(0);
  });

  test('one account whose secret is wrong is told apart from the others of its vendor', async () => {
    for (let time = 0; time < 3; time++) expect((await postSign(w, { event: 'envelope-sent' }, { secret: 'not the key' })).status).toBe(401);
    const alarm = await w.db.selectFrom('alarms').selectAll().where('code', '=', 'webhook-signature-failing').executeTakeFirst();
    expect([alarm?.subject, alarm?.tenant]).toEqual([w.sign.id, w.tenant]);
    expect(alarm?.say).toContain('3 deliveries of DocuSign in a row had a wrong signature (mismatch).');
    await w.db.deleteFrom('alarms').execute();
  });

  test.each<[string, string, () => Promise<Response>]>([
    ['is ahead', 'were dated too long ago (stale). Nothing of them was stored. Compare the clock here', () => postCrm(w, [], { at: w.clock.now() - 10 * MINUTE_MS })],
    ['is behind', 'were dated in the future (future). Nothing of them was stored. Compare the clock here', () => postCrm(w, [], { at: w.clock.now() + 10 * MINUTE_MS })],
    ['is not the reason', 'had no signature (missing). Nothing of them was stored. See', () => fetch(`${w.address}/webhooks/hubspot`, { method: 'POST', body: '[]' })],
  ])('the alarm says what to look at where the clock %s', async (_clock, words, send) => {
    for (let time = 0; time < 3; time++) await send();
    const alarm = await w.db.selectFrom('alarms').select('say').where('code', '=', 'webhook-signature-failing').executeTakeFirst();
    expect(alarm?.say).toContain(`3 deliveries of HubSpot in a row ${words}`);
    expect((await postCrm(w, [])).status).toBe(204);
    expect(await alarms(w)).toBe(0);
  });

  test('an account may have keys of its own, and an empty one is none', async () => {
    const event = () => ({ event: 'envelope-purge', generatedDateTime: new Date(w.clock.now()).toISOString(), data: { accountId: w.sign.account } });
    await w.world.desk.setWebhookKeys(w.tenant, w.sign.id, ['', ' ', 'a key of our own'], 'a test');
    w.clock.skip(MINUTE_MS);
    const answers = await Promise.all(['', ' ', 'a key of our own', 'another'].map((secret) => postSign(w, event(), { secret })));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200, 401]);
    await w.world.desk.setWebhookKeys(w.tenant, w.sign.id, [''], 'a test');
    w.clock.skip(MINUTE_MS);
    expect([(await postSign(w, event(), { secret: '' })).status, (await postSign(w, event())).status]).toEqual([401, 200]);
  });

  test('a body beyond the limit is answered 413, whether it tells its length or not', async () => {
    const long = JSON.stringify([stageEvent(w, '1', 'contractsent', { padding: 'x'.repeat(1_100_000) })]);
    expect((await unstored(() => postCrm(w, long))).status).toBe(413);
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let sent = 0; sent < 20; sent++) controller.enqueue(new TextEncoder().encode('x'.repeat(100_000)));
        controller.close();
      },
    });
    const chunked = await unstored(() => fetch(`${w.address}/webhooks/hubspot`, { method: 'POST', body: chunks, duplex: 'half' }).catch(() => new Response(null, { status: 413 })));
    expect(chunked.status).toBe(413);
  });

  test('an event of a type that is not known is noted', async () => {
    const body = { event: 'envelope-purge', generatedDateTime: new Date(w.clock.now()).toISOString(), data: { accountId: w.sign.account, envelopeId: newId('env') } };
    expect((await postSign(w, body)).status).toBe(200);
    await w.until('it to be noted', async () => (await w.db.selectFrom('inbox').select('state').where('kind', '=', 'envelope-purge').executeTakeFirst())?.state === 'noted');
  });

  test('a known event that says not what it is about is a dead letter of its account, with its cause', async () => {
    const deaf = { event: 'envelope-completed', generatedDateTime: new Date(w.clock.now()).toISOString(), data: { accountId: w.sign.account } };
    const { objectId: _id, ...mute } = stageEvent(w, '1', 'contractsent');
    expect([(await postSign(w, deaf)).status, (await postCrm(w, [mute])).status]).toEqual([200, 204]);
    const dead = () => w.db.selectFrom('inbox').select(['install', 'error']).where('state', '=', 'dead').where('error', 'like', 'delivery.malformed%').orderBy('vendor').execute();
    await w.until('both to be laid aside', async () => (await dead()).length === 2);
    expect(await dead()).toEqual([
      { install: w.sign.id, error: 'delivery.malformed: The message has no data.envelopeId, or one of another form.' },
      { install: w.crm.id, error: 'delivery.malformed: The event names no record.' },
    ]);
  });

  test('an account that nobody has installed is answered well, counted and not kept', async () => {
    const before = await metric(w, 'countersign_notices_total', { vendor: 'hubspot', outcome: 'unknown-account' });
    expect((await unstored(() => postCrm(w, [stageEvent(w, '1', 'contractsent', { portalId: 1 })]))).status).toBe(204);
    expect(await metric(w, 'countersign_notices_total', { vendor: 'hubspot', outcome: 'unknown-account' })).toBe(before + 1);
  });

  test('of a batch over several accounts only what is ours is kept', async () => {
    const [, before] = await count(w);
    await postCrm(w, [stageEvent(w, '1', 'qualified', { portalId: 1 }), stageEvent(w, '1', 'qualified'), stageEvent(w, '2', 'qualified')]);
    expect((await count(w))[1]).toBe(before + 2);
  });

  test('a batch is read once when it comes and once for each turn that settles of it, not once for each notice', async () => {
    const inbound = w.world.flow.vendors.get('hubspot')?.connector.inbound;
    if (!inbound) return expect.unreachable();
    const split = vi.spyOn(inbound, 'split');
    await postCrm(
      w,
      Array.from({ length: 100 }, (_, index) => stageEvent(w, String(800_000 + index), 'qualified')),
    );
    await w.settled();
    expect(split.mock.calls.length).toBeGreaterThan(1);
    // How much of it a turn settles depends on the machine: on a busy one it was three of them.
    expect(split.mock.calls.length).toBeLessThan(100);
    split.mockRestore();
    expect(await w.db.selectFrom('facts').select('id').where('deal', 'like', '800___').execute()).toHaveLength(100);
  });

  test.each<[string, Record<string, unknown>]>([
    ['a time between two milliseconds', { occurredAt: 1_760_000_000_000.5 }],
    ['a time beyond all times', { occurredAt: 1e300 }],
    ['a time after the last that a date can hold', { occurredAt: 8_640_000_000_000_001 }],
    ['a letter that a database does not take', { subscriptionType: 'deal.\u0000propertyChange' }],
    ['half a letter', { subscriptionType: 'deal.\ud800' }],
    ['half a letter in its value', { propertyValue: '\ud800' }],
    ['an account that is no account', { portalId: '\u0000' }],
  ])('an odd event (%s) takes no other down', async (_what, odd) => {
    const deal = plantDeal(w);
    const good = stageEvent(w, deal.id, 'qualified');
    const answers = await Promise.all([postCrm(w, [stageEvent(w, deal.id, 'proposal', odd)]), postCrm(w, [good])]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    await w.until(
      'the good one',
      async () => (await w.db.selectFrom('facts').select('id').where('deal', '=', deal.id).where('data', 'like', '%"qualified"%').execute()).length === 1,
    );
    await w.settled();
    // Every page that tells of it writes its time.
    const times = await w.db.selectFrom('inbox').select('at').execute();
    expect(times.filter(({ at }) => Number.isNaN(new Date(at).getTime()))).toEqual([]);
  });

  test.each(['%00', 'unknown', '..%2f', 'x'.repeat(500)])('a webhook address that nobody has (%s) is not found, however well it is signed, and counted', async (hook) => {
    const unknown = () => metric(w, 'countersign_deliveries_total', { vendor: 'docusign', outcome: 'unknown-hook' });
    const before = await unknown();
    const response = await unstored(() => postSign(w, { event: 'envelope-sent' }, { hook }));
    expect(response.status).toBe(404);
    expect(await unknown()).toBe(before + 1);
  });

  test('an account with keys of its own is not told anything by the keys of the server', async () => {
    const event = { event: 'envelope-purge', generatedDateTime: new Date(w.clock.now()).toISOString(), data: { accountId: w.sign.account, envelopeId: 'keyed' } };
    await w.world.desk.setWebhookKeys(w.tenant, w.sign.id, ['own key'], 'a test');
    // The receiving side remembers the install for a moment.
    w.clock.skip(10_000);
    expect((await unstored(() => postSign(w, event))).status).toBe(401);
    expect((await postSign(w, event, { secret: 'own key' })).status).toBe(200);
    await w.world.desk.setWebhookKeys(w.tenant, w.sign.id, [], 'a test');
    w.clock.skip(10_000);
    expect((await postSign(w, { ...event, event: 'envelope-purged' })).status).toBe(200);
  });
});

describe('a database that cannot store', () => {
  let w: TestWorld;
  beforeAll(async () => {
    w = await openWorld();
    // As long as a lock is waited for, this thread stands still.
    await w.db.executeQuery(CompiledQuery.raw('pragma busy_timeout = 20'));
  });
  afterAll(() => w.stop());

  async function refusedThenAccepted(mend: () => Promise<unknown>): Promise<void> {
    const deal = plantDeal(w);
    const event = stageEvent(w, deal.id, 'qualified', { padding: 'x'.repeat(50_000) });
    const refused = await postCrm(w, [event]);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await mend();
    expect(await w.db.selectFrom('inbox').select('id').where('key', 'like', `%${deal.id}%`).execute()).toEqual([]);
    expect((await postCrm(w, [event])).status).toBe(204);
    await w.until('its fact', async () => (await w.db.selectFrom('facts').select('id').where('deal', '=', deal.id).execute()).length === 1);
  }

  test('while it is locked the vendor is told to come again, and the second time all is well', async () => {
    const other = new SQLite(`${w.folder}/test.db`);
    other.exec('begin immediate');
    await refusedThenAccepted(async () => other.exec('rollback'));
    other.close();
  });

  test('while it is locked a wrong signature is still told as one, and its alarm is raised as soon as it can be', async () => {
    const wrong = async () => (await postCrm(w, [], { secret: 'not the secret' })).status;
    const other = new SQLite(`${w.folder}/test.db`);
    other.exec('begin immediate');
    expect([await wrong(), await wrong(), await wrong()]).toEqual([401, 401, 401]);
    const refused = await postCrm(w, [stageEvent(w, '1', 'qualified')]);
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('Nothing was accepted; send it again.')]);
    other.exec('rollback');
    other.close();
    expect(await alarms(w)).toBe(0);
    expect(await wrong()).toBe(401);
    expect(await alarms(w)).toBe(1);
    await postCrm(w, []);
  });

  test('while the disk is full the vendor is told to come again, and the second time all is well', async () => {
    const { rows } = await w.db.executeQuery<{ page_count: number }>(CompiledQuery.raw('pragma page_count'));
    await w.db.executeQuery(CompiledQuery.raw(`pragma max_page_count = ${rows[0]?.page_count ?? 1}`));
    await refusedThenAccepted(() => w.db.executeQuery(CompiledQuery.raw('pragma max_page_count = 1073741823')));
  });

  test('readiness tells of a database that does not answer', async () => {
    expect((await fetch(`${w.address}/readyz`)).status).toBe(200);
    expect((await fetch(`${w.address}/healthz`)).status).toBe(200);
  });
});
