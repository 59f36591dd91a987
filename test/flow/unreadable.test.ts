import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { NoticeId } from '#core/ids';
import { UNREAD } from '#store/inbox';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { metric, postCrm, postSign, stageEvent } from './wire.ts';
import { openWorld, TEST_KEY, type TestWorld } from './world.ts';

describe.each(['SQLite', 'PostgreSQL'] as const)('what is signed and cannot be read, on %s', (name) => {
  let database: TestDatabase;
  let w: TestWorld;
  beforeAll(async () => {
    database = await openTestDatabase(name);
    w = await openWorld({ database: database.address, variables: { COUNTERSIGN_KEY: TEST_KEY } });
  });
  afterAll(async () => {
    await w.stop();
    await database.close();
  });

  const kept = async () => (await w.db.selectFrom('deliveries').select('id').execute()).length;
  const notices = async () => (await w.db.selectFrom('inbox').select('id').execute()).length;

  test.each(['Mara Lindqvist is not JSON', '{"an":"object"}', '[1]', '[{}]', '"', ''])('%j is answered well, kept, counted and not logged', async (body) => {
    const before = await kept();
    const waiting = () => metric(w, 'countersign_waiting', { queue: 'faulty' });
    const unread = await waiting();
    expect((await postCrm(w, body)).status).toBe(204);
    expect(await kept()).toBe(before + 1);
    expect(await waiting()).toBe(unread + 1);
    const [last] = await w.db.selectFrom('deliveries').selectAll().orderBy('id', 'desc').limit(1).execute();
    expect(last?.fault).toMatch(/\w/);
    expect(Buffer.from(last?.body ?? []).toString()).toBe(body);
    expect(w.logs.join('')).not.toContain('Mara');
  });

  test('among good events is kept apart from them, and they go on', async () => {
    const good = Array.from({ length: 98 }, (_, index) => stageEvent(w, String(700_000 + index), 'proposal'));
    const bad = [7, { eventId: 1, note: 'Mara was here' }];
    const [before, unread] = [await kept(), await metric(w, 'countersign_waiting', { queue: 'faulty' })];
    const counted = () => metric(w, 'countersign_notices_total', { vendor: 'hubspot', outcome: 'malformed' });
    const malformed = await counted();
    expect((await postCrm(w, [bad[0], ...good, bad[1]])).status).toBe(204);
    expect([await kept(), await counted(), await metric(w, 'countersign_waiting', { queue: 'faulty' })]).toEqual([before + 2, malformed + 2, unread + 1]);
    const [last] = await w.db.selectFrom('deliveries').selectAll().where('fault', 'is not', null).orderBy('id', 'desc').limit(1).execute();
    expect(last?.fault).toBe('Of 100 events, 2 could not be read: no account is named.');
    expect(JSON.parse(Buffer.from(last?.body ?? []).toString())).toEqual(bad);
    const heard = async () => (await w.db.selectFrom('facts').select('deal').where('deal', 'like', '7000__').execute()).map(({ deal }) => deal);
    await w.until('the good ones to be heard', async () => (await heard()).length === good.length);
    expect(new Set(await heard())).toEqual(new Set(good.map(({ objectId }) => String(objectId))));
    expect(w.logs.join('')).not.toContain('Mara');
  });

  test('is gone once it is discarded, and nothing else can be', async () => {
    expect((await postCrm(w, 'no JSON either')).status).toBe(204);
    const last = async () => (await w.db.selectFrom('deliveries').select('id').where('fault', 'is not', null).orderBy('id', 'desc').limit(1).executeTakeFirst())?.id;
    const id = await last();
    if (!id) return expect.unreachable();
    await w.world.desk.discardDelivery(id, 'a test');
    expect(await last()).not.toBe(id);
    await expect(w.world.desk.discardDelivery(id, 'a test')).rejects.toMatchObject({ code: 'request.not-found' });
    expect((await postCrm(w, [stageEvent(w, '1', 'proposal')])).status).toBe(204);
    const [good] = await w.db.selectFrom('deliveries').select('id').where('fault', 'is', null).orderBy('id', 'desc').limit(1).execute();
    if (!good) return expect.unreachable();
    await expect(w.world.desk.discardDelivery(good.id, 'a test')).rejects.toMatchObject({ code: 'request.not-found' });
  });

  describe("at an account's own address", () => {
    const dead = () => w.db.selectFrom('inbox').selectAll().where('kind', '=', UNREAD).orderBy('id').execute();
    const stateOf = async (id: NoticeId) => (await w.db.selectFrom('inbox').select('state').where('id', '=', id).executeTakeFirst())?.state;

    test("is that account's dead letter, once however often it comes, with its cause", async () => {
      const before = await notices();
      for (let time = 0; time < 2; time++) expect((await postSign(w, 'Mara Lindqvist is not JSON')).status).toBe(200);
      expect((await postSign(w, { event: 'envelope-sent', data: {} })).status).toBe(200);
      expect(await notices()).toBe(before + 2);
      expect((await dead()).map(({ tenant, install, state, error }) => [tenant, install, state, error])).toEqual([
        [w.tenant, w.sign.id, 'dead', 'delivery.malformed: The body is not JSON.'],
        [w.tenant, w.sign.id, 'dead', 'delivery.malformed: The message has no generatedDateTime, or one of another form.'],
      ]);
      expect(await w.db.selectFrom('deliveries').select('id').where('vendor', '=', 'docusign').where('fault', 'is not', null).execute()).toEqual([]);
    });

    test('raises an alarm that leads to it', async () => {
      w.clock.skip(61_000);
      const alarm = () => w.db.selectFrom('alarms').select(['say', 'tenant']).where('code', '=', 'dead-notices').executeTakeFirst();
      await expect.poll(alarm).toBeDefined();
      expect(await alarm()).toEqual({ tenant: w.tenant, say: '2 things that were heard have not been acted on, because of a fault, and wait for a person in the inbox.' });
    });

    test('is a dead letter again when it is replayed too early, and is heard once it can be read: all of it, of that account alone', async () => {
      const [letter] = await dead();
      const inbound = w.world.flow.vendors.get('docusign')?.connector.inbound;
      if (!letter || !inbound) return expect.unreachable();
      await w.world.desk.replayNotice(w.tenant, letter.id, 'a test');
      await w.until('it to be laid aside', async () => (await stateOf(letter.id)) === 'dead');
      const told = (account: string | null, remote: string) => ({
        account,
        key: remote,
        kind: 'envelope-sent',
        at: 1,
        payload: { event: 'envelope-sent', generatedDateTime: '2026-01-06T10:00:00Z', data: { envelopeId: remote } },
      });
      const split = vi.spyOn(inbound, 'split').mockReturnValue([told(w.sign.account, 'first'), told('somebody else', 'second'), told(null, 'third')]);
      await w.world.desk.replayNotice(w.tenant, letter.id, 'a test');
      await w.until('it to be heard', async () => (await stateOf(letter.id)) === 'done');
      split.mockRestore();
      const facts = await w.db.selectFrom('facts').select('data').where('notice', '=', letter.id).orderBy('seq').execute();
      expect(facts.map(({ data }) => (JSON.parse(data) as { remote: string }).remote)).toEqual(['first', 'third']);
    });

    test('is not kept where the account has been disconnected', async () => {
      await w.db.updateTable('installs').set({ state: 'left' }).where('id', '=', w.sign.id).execute();
      w.clock.skip(10_000);
      const before = [await kept(), await notices()];
      expect((await postSign(w, 'still no JSON')).status).toBe(200);
      expect([await kept(), await notices()]).toEqual(before);
      await w.db.updateTable('installs').set({ state: 'active' }).where('id', '=', w.sign.id).execute();
      w.clock.skip(10_000);
    });
  });
});
