import { describe, expect, it } from 'vitest';
import { newId } from '#lib/ids';
import { sweepMessages } from '#store/messages';
import { startVendor } from '../shared/server.ts';
import { eachDatabase } from '../store/databases.ts';
import { NOW } from '../store/fixtures.ts';
import { openEndpointStage, receiver, verifies } from './endpoint-stage.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

eachDatabase((_name, open) => {
  describe('an endpoint', () => {
    it('that hangs holds up no other', async () => {
      const stage = await openEndpointStage(await open(), { timeoutMs: 1_500 });
      const hung = await startVendor(() => undefined);
      const good = await receiver(200);
      const bad = await stage.add(hung.url);
      const { id } = await stage.add(good.url);
      for (let fact = 0; fact < 5; fact++) await stage.tell(`fact ${fact}`);
      const slow = stage.deliver();
      while (hung.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await stage.drain();
      expect((await stage.messages(id)).map(({ state }) => state)).toEqual(Array(5).fill('done'));
      expect((await stage.messages(bad.id)).map(({ state }) => state)).toEqual(Array(5).fill('leased'));
      await slow;
      // It is left alone for a while, and what was not tried has not failed.
      expect((await stage.endpoint(bad.id)).next_at).toBe(NOW + 5 * SECOND);
      expect(await stage.drain()).toBe(0);
    });

    it('that answers 410 is disabled at once, with an alarm; what waits for it is kept', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(500, 410, 200);
      const { id } = await stage.add(url);
      await stage.tell('fact 1');
      await stage.drain();
      await stage.tell('fact 2');
      await stage.drain();
      expect(await stage.endpoint(id)).toMatchObject({ state: 'disabled', reason: expect.stringContaining('410') as string });
      expect(await stage.alarms()).toEqual([`endpoint-disabled|${id}`]);
      expect((await stage.messages(id)).map(({ state }) => state)).toEqual(['failed', 'failed']);
      stage.clock.advance(DAY);
      await stage.tell('fact 3');
      expect([await stage.drain(), heard.length]).toEqual([0, 2]);
    });

    it('of whose messages nothing comes through for five days is disabled; enabled again, it can have what failed replayed', async () => {
      const stage = await openEndpointStage(await open());
      let up = false;
      const { url, heard } = await startVendor((_heard, response) => response.writeHead(up ? 200 : 500).end());
      const { id } = await stage.add(url);
      for (let day = 0; day < 5; day++) {
        await stage.tell(`fact ${day}`);
        for (let hour = 0; hour < 24; hour++) {
          await stage.drain();
          stage.clock.advance(HOUR);
        }
        expect((await stage.endpoint(id)).state).toBe('active');
      }
      await stage.tell('fact 5');
      await stage.drain();
      expect(await stage.endpoint(id)).toMatchObject({ state: 'disabled', reason: 'Nothing has come through for five days. The last attempt: It answered 500.' });
      expect(await stage.alarms()).toEqual([`endpoint-disabled|${id}`]);
      expect((await stage.messages(id)).map(({ state }) => state)).toEqual(Array(6).fill('failed'));
      const before = heard.length;
      await expect(stage.desk.replayFailed(stage.tenant, id, 'a test')).rejects.toThrow('The endpoint is disabled.');

      up = true;
      await stage.desk.enable(stage.tenant, id, 'a test');
      expect(await stage.alarms()).toEqual([]);
      await stage.drain();
      expect(heard.length).toBe(before);
      expect(await stage.desk.replayFailed(stage.tenant, id, 'a test')).toBe(6);
      await stage.drain();
      expect(heard.length).toBe(before + 6);
      expect((await stage.messages(id)).map(({ state, attempts }) => [state, attempts])).toEqual(Array(6).fill(['done', 1]));
      expect(await stage.endpoint(id)).toMatchObject({ state: 'active', failing_since: null, last_ok_at: stage.clock.now() });
    });

    it('that takes one message in five days is not disabled', async () => {
      const stage = await openEndpointStage(await open());
      let up = false;
      const { url } = await startVendor((_heard, response) => response.writeHead(up ? 200 : 500).end());
      const { id } = await stage.add(url);
      for (let day = 0; day < 12; day++) {
        up = day % 4 === 3;
        await stage.tell(`fact ${day}`);
        await stage.drain();
        stage.clock.advance(DAY);
      }
      expect((await stage.endpoint(id)).state).toBe('active');
    });

    it('is signed to with two secrets for a day after a rotation, and with the new one alone from then on', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(200);
      const { id, secret: first } = await stage.add(url);
      const { secret: second, oldUntil } = await stage.desk.rotate(stage.tenant, id, 'a test');
      expect(oldUntil).toBe(NOW + DAY);
      const signers = async (): Promise<boolean[]> => {
        await stage.tell(newId('cor'));
        await stage.drain();
        const last = heard.at(-1);
        if (!last) throw new Error('It was heard.');
        return [first, second].map((secret) => verifies(last, secret));
      };
      expect(await signers()).toEqual([true, true]);
      expect(String(heard.at(-1)?.headers['webhook-signature']).split(' ')).toHaveLength(2);
      stage.clock.advance(DAY - 1);
      expect(await signers()).toEqual([true, true]);
      stage.clock.advance(1);
      expect(await signers()).toEqual([false, true]);
      await sweepMessages(stage.db, { done: 0, failed: 0 }, stage.clock.now());
      expect(await stage.endpoint(id)).toMatchObject({ old_secret: null, old_until: null });
      // Of three only the newest two sign.
      const { secret: third } = await stage.desk.rotate(stage.tenant, id, 'a test');
      const { secret: fourth } = await stage.desk.rotate(stage.tenant, id, 'a test');
      await signers();
      const last = heard.at(-1);
      expect([second, third, fourth].map((secret) => last && verifies(last, secret))).toEqual([false, true, true]);
    });

    it('is tested whatever it subscribes to, and a test that fails is not repeated', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(200, 500);
      const { id, secret } = await stage.add(url, ['document_voided']);
      await stage.desk.test(stage.tenant, id, 'a test');
      await stage.desk.test(stage.tenant, id, 'a test');
      await stage.drain();
      expect(JSON.parse(heard[0]?.body ?? '')).toMatchObject({ type: 'endpoint_test', data: { endpoint: id } });
      expect(heard.every((one) => verifies(one, secret))).toBe(true);
      expect((await stage.messages(id)).map(({ state }) => state).sort()).toEqual(['done', 'failed']);
    });

    it('replays a message under its own id', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(200);
      const { id } = await stage.add(url);
      await stage.tell('fact 1');
      await stage.drain();
      const [message] = await stage.messages(id);
      if (!message) throw new Error('There is one.');
      stage.clock.advance(HOUR);
      await stage.desk.replay(stage.tenant, id, message.id, 'a test');
      await stage.drain();
      expect(heard.map(({ headers, body }) => [headers['webhook-id'], body])).toEqual(Array(2).fill([message.id, message.payload]));
    });

    it('that is deleted leaves nothing behind but its entries in the audit, which name neither its path nor a secret', async () => {
      const stage = await openEndpointStage(await open());
      const { url } = await receiver(500);
      const { id, secret } = await stage.add(`${url}/secret-path`);
      await stage.tell('fact 1');
      await stage.drain();
      await stage.desk.remove(stage.tenant, id, 'a test');
      expect([await stage.messages(id), await stage.db.selectFrom('endpoints').selectAll().execute()]).toEqual([[], []]);
      const audit = await stage.db.selectFrom('audit').selectAll().orderBy('seq').execute();
      expect(audit.map(({ action, subject }) => [action, subject])).toEqual([
        ['endpoint.added', id],
        ['endpoint.deleted', id],
      ]);
      const told = JSON.stringify(audit) + stage.lines.join('');
      expect(stage.lines.length).toBeGreaterThan(0);
      expect([told.includes('secret-path'), told.includes(secret), told.includes('as it is')]).toEqual([false, false, false]);
    });

    it('keeps its secret sealed, for its own row alone', async () => {
      const stage = await openEndpointStage(await open());
      const { url } = await receiver(200);
      const [one, other] = [await stage.add(url), await stage.add(url)];
      const { secret } = await stage.endpoint(other.id);
      expect(secret).not.toContain(other.secret.slice(6, 20));
      await stage.db.updateTable('endpoints').set({ secret }).where('id', '=', one.id).execute();
      await stage.tell('fact 1');
      await expect(stage.drain()).rejects.toThrow();
      expect((await stage.endpoint(one.id)).next_at).toBeGreaterThan(NOW);
    });

    it('is refused where it leads into a private network, names an unknown event, or is one too many', async () => {
      const stage = await openEndpointStage(await open());
      await expect(stage.add('https://10.0.0.1/')).rejects.toMatchObject({ code: 'endpoint.refused' });
      await expect(stage.add('https://example.com/', ['document_eaten'])).rejects.toThrow('"document_eaten" is not an event');
      await expect(stage.add('https://example.com/', ['endpoint_test'])).rejects.toMatchObject({ code: 'request.malformed' });
      for (let count = 0; count < 20; count++) await stage.add(`https://example.com/${count}`);
      await expect(stage.add('https://example.com/more')).rejects.toThrow('There are 20 endpoints already');
    });
  });
});
