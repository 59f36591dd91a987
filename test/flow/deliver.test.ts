import { describe, expect, it } from 'vitest';
import { newId } from '#lib/ids';
import { createTenant } from '#store/installs';
import { claimMessages, nextMessageAt, settleMessage, sweepMessages } from '#store/messages';
import { startVendor, closedPort } from '../shared/server.ts';
import { eachDatabase } from '../store/databases.ts';
import { NOW } from '../store/fixtures.ts';
import { openEndpointStage, receiver, verifies } from './endpoint-stage.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Of the specification, once more. */
const SCHEDULE = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

eachDatabase((_name, open) => {
  describe('a message', () => {
    it('arrives once, signed so that its receiver can check it, and stays signed when it is looked at later', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(200);
      const { id, secret } = await stage.add(`${url}/hook?key=1`);
      await stage.tell('fact 1');
      await stage.tell('fact 1');
      await stage.drain();
      const [message] = await stage.messages(id);
      expect(heard).toHaveLength(1);
      const [one] = heard;
      if (!one || !message) throw new Error('It was heard.');
      expect(one).toMatchObject({ method: 'POST', url: '/hook?key=1', body: message.payload, headers: { 'webhook-id': message.id, 'content-type': 'application/json' } });
      expect(one.headers['webhook-timestamp']).toBe(String(Math.floor(NOW / 1000)));
      expect(verifies(one, secret)).toBe(true);
      expect(verifies({ ...one, body: one.body.replace('alle', 'alIe') }, secret)).toBe(false);
      expect(verifies({ ...one, headers: { ...one.headers, 'webhook-timestamp': '1' } }, secret)).toBe(false);
      expect(message).toMatchObject({ state: 'done', attempts: 1, status: 200, answer: 'as it is', error: null });
      expect(await stage.drain()).toBe(0);
    });

    it('goes to whoever subscribes to its type, and to nobody else', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(200);
      await stage.add(`${url}/all`);
      await stage.add(`${url}/signed`, ['document_completed', 'document_declined']);
      await stage.add(`${url}/sent`, ['document_sent']);
      const off = await stage.add(`${url}/off`);
      await stage.desk.disable(stage.tenant, off.id, 'a test');
      const other = await createTenant(stage.db, 'Another', NOW);
      await stage.add(`${url}/other`, [], other);
      await stage.tell('fact 1');
      await stage.drain();
      expect(heard.map((one) => one.url).sort()).toEqual(['/all', '/signed']);
    });

    it('that fails is sent again at the times of the specification, under one id and freshly signed, and then no more', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(500);
      const { id, secret } = await stage.add(url);
      await stage.tell('fact 1');
      const times: number[] = [];
      for (let last = -1; heard.length > last;) {
        last = heard.length;
        await stage.drain();
        times.push(stage.clock.now() - NOW);
        const at = await nextMessageAt(stage.db, stage.clock.now());
        if (at === null) break;
        stage.clock.advance(at - stage.clock.now() - 1);
        expect(await stage.drain()).toBe(0);
        stage.clock.advance(1);
      }
      expect(times).toEqual([0, ...SCHEDULE.map((_, index) => SCHEDULE.slice(0, index + 1).reduce((sum, pause) => sum + pause, 0))]);
      expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      expect(new Set(heard.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10);
      expect(heard.every((one) => verifies(one, secret))).toBe(true);
      expect(await stage.messages(id)).toMatchObject([{ state: 'failed', attempts: 10, status: 500, answer: 'as it is', error: 'It answered 500.' }]);
    });

    it('of whose endpoint nobody answers says so', async () => {
      const stage = await openEndpointStage(await open());
      const { id } = await stage.add(`http://127.0.0.1:${await closedPort()}/`);
      await stage.tell('fact 1');
      await stage.drain();
      expect(await stage.messages(id)).toMatchObject([{ state: 'ready', attempts: 1, status: null, answer: null, error: 'Nobody listens at that address.' }]);
    });

    it('goes after what happened to the same envelope before it', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(200);
      await stage.add(url);
      const [envelope, other] = [newId('env'), newId('env')];
      const told = ['document_sent', 'document_viewed', 'document_partially_signed', 'document_completed'] as const;
      for (const type of told) for (const one of [envelope, other]) await stage.tell(`${one} ${type}`, { type, envelope: one });
      await stage.drain();
      const events = heard.map(({ body }) => JSON.parse(body) as { type: string; data: { envelope: string } });
      for (const one of [envelope, other]) expect(events.filter(({ data }) => data.envelope === one).map(({ type }) => type)).toEqual(told);
    });

    it('that is redirected is not followed', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await startVendor((_heard, response) => response.writeHead(302, { location: '/elsewhere' }).end());
      const { id } = await stage.add(url);
      await stage.tell('fact 1');
      await stage.drain();
      expect(heard).toHaveLength(1);
      expect((await stage.messages(id))[0]?.error).toContain('Redirects are not followed');
    });

    it.each([429, 503])('answered %s waits as long as it is asked to, and so does everything for that endpoint', async (status) => {
      const stage = await openEndpointStage(await open());
      let full = true;
      const { url, heard } = await startVendor((_heard, response) => (full ? response.writeHead(status, { 'retry-after': '1800' }).end() : response.writeHead(200).end()));
      await stage.add(url);
      await stage.tell('fact 1');
      await stage.drain();
      await stage.tell('fact 2');
      stage.clock.advance(1800 * SECOND - 1);
      expect(await stage.drain()).toBe(0);
      full = false;
      expect(await nextMessageAt(stage.db, stage.clock.now())).toBe(NOW + 1800 * SECOND);
      stage.clock.advance(1);
      await stage.drain();
      expect(heard).toHaveLength(3);
      expect((await stage.messages()).map(({ state }) => state)).toEqual(['done', 'done']);
    });

    it('that another process lets go of when it dies is sent by the next', async () => {
      const stage = await openEndpointStage(await open());
      const { url, heard } = await receiver(200);
      const { id } = await stage.add(url);
      await stage.tell('fact 1');
      const died = await claimMessages(stage.db, stage.clock.now(), 8);
      expect(died?.messages).toHaveLength(1);
      expect(await stage.drain()).toBe(0);
      stage.clock.advance(10 * MINUTE);
      expect(await stage.drain()).toBe(1);
      expect(heard).toHaveLength(1);
      const [late] = died?.messages ?? [];
      if (!late) throw new Error('It was taken.');
      const settled = await stage.db.transaction().execute((tx) => settleMessage(tx, stage.tenant, late, { state: 'failed', status: null, answer: null, error: null }, NOW));
      expect([settled, (await stage.messages(id))[0]?.state]).toEqual([false, 'done']);
    });

    it('is not told a second time when two processes look at once', async () => {
      const database = await open();
      const stage = await openEndpointStage(database);
      const { url, heard } = await receiver(200);
      await stage.add(url);
      for (let fact = 0; fact < 30; fact++) await stage.tell(`fact ${fact}`);
      await Promise.all(Array.from({ length: 4 }, () => stage.drain()));
      await stage.drain();
      expect([heard.length, new Set(heard.map(({ headers }) => headers['webhook-id'])).size]).toEqual([30, 30]);
    });
  });

  it('what was told goes after its time, what failed after a longer one, and what waits stays', async () => {
    const stage = await openEndpointStage(await open());
    const { url } = await receiver(200);
    await stage.add(url);
    for (const [cause, state] of [
      ['a', 'done'],
      ['b', 'failed'],
      ['c', 'ready'],
    ] as const) {
      await stage.tell(cause);
      await stage.db.updateTable('messages').set({ state }).where('key', '=', cause).execute();
    }
    const left = async () => (await stage.messages()).map(({ key }) => key).sort();
    expect([await sweepMessages(stage.db, { done: NOW, failed: 0 }, NOW), await left()]).toEqual([0, ['a', 'b', 'c']]);
    expect([await sweepMessages(stage.db, { done: NOW + 1, failed: NOW }, NOW), await left()]).toEqual([1, ['b', 'c']]);
    expect([await sweepMessages(stage.db, { done: NOW + 1, failed: NOW + 1 }, NOW), await left()]).toEqual([1, ['c']]);
  });
});
