import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Fact } from '#core/fact';
import type { EnvelopeId } from '#core/ids';
import { newId } from '#lib/ids';
import type { Json } from '#lib/json';
import type { Inbound, Notice } from '#ports/inbound';
import type { RemoteEnvelope, Sign } from '#ports/sign';
import { calm, faultsContract } from './faults.ts';
import { answersContract } from './answers.ts';
import type { Connected, Place } from './place.ts';
import { viewContract } from './view.ts';
import type { TriedSigning, TriedVendor } from './tried.ts';

const DAY_MS = 86_400_000;

/** Envelopes are made once, found again, and every change of theirs is told. */
export function signContract(vendor: TriedVendor, sign: Sign, tried: TriedSigning, inbound: Inbound): void {
  describe('sign', () => {
    let place: Place;
    let connected: Connected;
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
    });
    afterAll(() => place.close());
    afterEach(() => calm(place));

    const call = () => connected.call;
    const now = () => place.clock.now();
    const mailsTo = (email: string | undefined) => place.mails.filter(({ to }) => to === email).length;
    const roles = tried.request('env_example').recipients;
    const [first, second] = roles;
    if (!first || !second) throw new Error('Two signers are needed to try a provider.');

    async function drafted(): Promise<{ id: EnvelopeId; remote: RemoteEnvelope }> {
      const id = newId('env');
      return { id, remote: await sign.draft(call(), tried.request(id)) };
    }
    async function out(): Promise<{ id: EnvelopeId; remote: string }> {
      const { id, remote } = await drafted();
      await sign.send(call(), remote.id);
      return { id, remote: remote.id };
    }
    const decode = (notice: Notice): Fact[] => inbound.decode(JSON.parse(JSON.stringify(notice)) as Notice, { appId: place.appId });
    const statusOf = async (remote: string) =>
      decode(await sign.read(call(), remote)).map((fact) => fact.type === 'envelope.status' && [fact.data.remote, fact.data.envelope, fact.data.status, fact.data.seenBy]);

    test('templates have roles in order, and fields of these roles', async () => {
      const templates = await sign.templates(call());
      expect(templates.length).toBeGreaterThan(0);
      for (const { id, name, roles: own, fields } of templates) {
        expect([id.length > 0, name.length > 0, own.length > 0]).toEqual([true, true, true]);
        expect(own.map(({ order }) => order)).toEqual([...own.map(({ order }) => order)].sort((a, b) => a - b));
        expect(fields.every(({ role }) => own.some((one) => one.name === role))).toBe(true);
      }
    });

    test('a draft mails nobody; sending it mails the first signers, once', async () => {
      const before = [mailsTo(first.email), mailsTo(second.email)];
      const { remote } = await drafted();
      expect(remote.status).toBe('draft');
      expect([mailsTo(first.email), mailsTo(second.email)]).toEqual(before);
      expect(await sign.send(call(), remote.id)).toMatchObject({ id: remote.id, status: 'sent' });
      expect([mailsTo(first.email), mailsTo(second.email)]).toEqual([(before[0] ?? 0) + 1, before[1]]);
      const again = await sign.send(call(), remote.id);
      expect([again.id, again.status]).toEqual([remote.id, 'sent']);
      expect(mailsTo(first.email)).toBe((before[0] ?? 0) + 1);
    });
    test('sending what has come to its end tells the end', async () => {
      const { remote } = await out();
      for (const { role } of roles) tried.sign(place, remote, role);
      expect(await sign.send(call(), remote)).toMatchObject({ id: remote, status: 'completed' });
    });
    test('a template or a role that is not there is refused for good', async () => {
      const request = tried.request(newId('env'));
      await expect(sign.draft(call(), { ...request, template: 'no-such-template' })).rejects.toMatchObject({ remedy: 'reject' });
      await expect(
        sign.draft(call(), { ...request, recipients: [...request.recipients, { role: 'No such role', name: 'A', email: 'a@example.com', order: 3 }] }),
      ).rejects.toMatchObject({ remedy: 'reject' });
      expect(tried.carrying(place, request.envelope)).toEqual([]);
    });

    test('what was never made is not found', async () => expect(await sign.find(call(), newId('env'), now())).toBeNull());
    test('a draft whose answer got lost is found, it and no other', async () => {
      await drafted();
      const id = newId('env');
      // The provider may be asked for the template first, so the answer that gets lost is the last one.
      while (tried.carrying(place, id).length === 0) {
        place.sandbox.faults.lostReply = 0.5;
        await sign.draft(call(), tried.request(id)).catch(() => undefined);
        calm(place);
      }
      const found = await sign.find(call(), id, now());
      expect(tried.carrying(place, id)).toEqual([found?.id]);
      expect(found?.status).toBe('draft');
    });
    test('a send whose answer got lost is found as sent, and sending again is harmless', async () => {
      const { id, remote } = await drafted();
      place.sandbox.faults.lostReply = 1;
      await expect(sign.send(call(), remote.id)).rejects.toMatchObject({ code: 'vendor.lost-reply' });
      calm(place);
      const mails = mailsTo(first.email);
      expect(await sign.find(call(), id, now())).toMatchObject({ id: remote.id, status: 'sent' });
      await sign.send(call(), remote.id);
      expect(mailsTo(first.email)).toBe(mails);
    });
    test('what was made days ago is found too', async () => {
      const { id, remote } = await out();
      const since = now();
      place.clock.skip(9 * DAY_MS);
      connected = await place.connect();
      expect(await sign.find(call(), id, since)).toMatchObject({ id: remote });
    });
    test('a search that fails says so, and never that there is nothing', async () => {
      const { id } = await drafted();
      place.sandbox.faults.unavailable = 1;
      await expect(sign.find(call(), id, now())).rejects.toMatchObject({ remedy: 'retry' });
    });

    test('voiding ends what is out, may be done again with the same words, and takes a draft away', async () => {
      const { remote } = await out();
      await sign.void(call(), remote, 'Wrong price.');
      expect(await statusOf(remote)).toEqual([[remote, expect.stringMatching(/^env_/), 'voided', 'reconcile']]);
      await sign.void(call(), remote, 'Wrong price.');
      const { id, remote: draft } = await drafted();
      await sign.void(call(), draft.id, 'Not wanted.');
      expect(await sign.find(call(), id, now())).toBeNull();
    });
    test('voiding what is signed by all is refused', async () => {
      const { remote } = await out();
      for (const { role } of roles) tried.sign(place, remote, role);
      await expect(sign.void(call(), remote, 'Too late.')).rejects.toMatchObject({ code: 'envelope.final' });
      expect(await statusOf(remote)).toMatchObject([[remote, expect.anything(), 'completed', 'reconcile']]);
    });
    test('reminding mails whoever has to sign next, and nobody once all is over', async () => {
      const { remote } = await out();
      const before = [mailsTo(first.email), mailsTo(second.email)];
      await sign.remind(call(), remote);
      expect([mailsTo(first.email), mailsTo(second.email)]).toEqual([(before[0] ?? 0) + 1, before[1]]);
      await sign.void(call(), remote, 'Over.');
      const ended = mailsTo(first.email);
      await sign.remind(call(), remote).catch((error: unknown) => expect(error).toMatchObject({ code: 'envelope.final' }));
      expect(mailsTo(first.email)).toBe(ended);
    });
    test('an envelope that is not there is told', async () => {
      for (const work of [() => sign.send(call(), 'none'), () => sign.void(call(), 'none', 'x'), () => sign.remind(call(), 'none'), () => sign.read(call(), 'none')])
        await expect(work()).rejects.toMatchObject({ code: 'vendor.not-found' });
    });

    answersContract(sign, tried, () => ({ place, call: call() }));
    viewContract(sign, tried, () => ({ place, call: call() }));

    describe('changes', () => {
      async function poll(cursor: Json): Promise<{ notices: Notice[]; cursor: Json }> {
        const notices: Notice[] = [];
        let at = cursor;
        for (let page = 0; page < 50; page++) {
          const changes = await sign.changes(call(), at, now());
          notices.push(...changes.notices);
          at = JSON.parse(JSON.stringify(changes.cursor)) as Json;
          if (!changes.more) return { notices, cursor: at };
        }
        throw new Error('The pages do not end.');
      }
      const acts = ['sign first', 'sign second', 'decline', 'void'] as const;
      async function act(remote: string, what: (typeof acts)[number]): Promise<void> {
        if (what === 'sign first') tried.sign(place, remote, first?.role ?? '');
        if (what === 'sign second') tried.sign(place, remote, second?.role ?? '');
        if (what === 'decline') tried.decline(place, remote, first?.role ?? '');
        if (what === 'void') await sign.void(call(), remote, 'No.').catch(() => undefined);
      }

      test('are all found, whatever happens when, and however often it is asked', async () => {
        const step = fc.oneof(
          fc.record({ envelope: fc.nat(2), what: fc.constantFrom(...acts) }),
          fc.constant('poll' as const),
          fc.record({ pause: fc.integer({ min: 1, max: 20 * 60_000 }) }),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
            let { cursor } = await poll(null);
            const envelopes = [await out(), await out(), await out()];
            const found: Notice[] = [];
            for (const one of [...steps, 'poll' as const]) {
              if (one === 'poll') {
                const polled = await poll(cursor);
                cursor = polled.cursor;
                found.push(...polled.notices);
              } else if ('pause' in one) place.clock.skip(one.pause);
              else await act(envelopes[one.envelope]?.remote ?? '', one.what);
            }
            for (const { id, remote } of envelopes) {
              const last = found.filter((notice) => decode(notice).some((fact) => fact.type === 'envelope.status' && fact.data.envelope === id)).at(-1);
              expect(last && decode(last), id).toEqual(decode(await sign.read(call(), remote)));
            }
          }),
          { numRuns: 6, endOnFailure: true },
        );
      });
      test('heard again are the same notices, and another state is another', async () => {
        const { remote } = await out();
        const one = await sign.read(call(), remote);
        expect((await sign.read(call(), remote)).key).toBe(one.key);
        tried.sign(place, remote, first?.role ?? '');
        expect((await sign.read(call(), remote)).key).not.toBe(one.key);
      });
      test('name the account, and no person', async () => {
        const { notices } = await poll(null);
        expect(notices.length).toBeGreaterThan(0);
        expect(notices.every(({ account }) => account === connected.account.id)).toBe(true);
        const said = notices.flatMap(decode).map(({ data }) => JSON.stringify(data));
        expect(said.filter((text) => (vendor.webhooks?.people(place) ?? []).some((person) => text.includes(person)))).toEqual([]);
      });
      test('from a cursor that is none begin anew instead of failing', async () => {
        for (const cursor of ['x', 5, [], { from: 'x' }]) expect((await sign.changes(call(), cursor, now())).notices).toBeInstanceOf(Array);
      });
    });

    faultsContract(
      () => place,
      [
        ['listing templates', () => sign.templates(call())],
        ['drafting', () => sign.draft(call(), tried.request(newId('env')))],
        ['searching', () => sign.find(call(), newId('env'), now())],
        ['asking for changes', () => sign.changes(call(), null, now())],
      ],
    );
  });
}
