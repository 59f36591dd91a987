import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENVELOPE_STATUSES, RECIPIENT_STATUSES } from '#core/envelope';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import type { Json } from '#lib/json';
import type { Inbound, Notice, RawDelivery } from '#ports/inbound';
import type { Connected, Place } from './place.ts';
import { protectionContract } from './protection.ts';
import type { TriedVendor, TriedWebhooks } from './tried.ts';
import { anyJson, anyText, mutated, mutatedXml } from './odd.ts';

const MINUTE_MS = 60_000;
const RUNS = 300;

/** The receiving side: what is signed is believed, what is not is not, and nothing that anybody sends makes it fall over. */
export function inboundContract(vendor: TriedVendor, webhooks: TriedWebhooks, inbound: Inbound): void {
  const { protection } = webhooks;

  describe('inbound', () => {
    let place: Place;
    let connected: Connected;
    let told: RawDelivery[];
    let notices: Notice[];
    beforeAll(async () => {
      place = await vendor.open();
      connected = await place.connect();
      // The first delivery is refused once, so that the vendor sends it again, and signs it anew.
      place.stumble.push(503);
      await webhooks.happen(place, connected);
      await place.quiet();
      await webhooks.happen(place, connected);
      await place.quiet();
      told = [...place.deliveries];
      notices = told.flatMap((delivery) => inbound.split(delivery));
    });
    afterAll(() => place.close());

    const sample = (): RawDelivery => {
      const [first] = told;
      if (!first) throw new Error('The vendor told nothing.');
      return protection.by === 'signature' ? protection.sign(first, place.secrets[0]?.reveal() ?? '', place.clock.now()) : first;
    };

    protectionContract(() => ({ place, told, sample: sample() }), inbound, webhooks.protection);

    describe('notices', () => {
      test('name the account, and what is sent or signed again has the same keys', () => {
        expect(notices.every(({ account, key, kind }) => account === connected.account.id && key !== '' && kind !== '')).toBe(true);
        const [first, ...later] = told;
        const again = later.find((delivery) => first && inbound.split(delivery)[0]?.key === inbound.split(first)[0]?.key);
        expect(again).toBeDefined();
        // What is not signed may come again without a difference.
        if (protection.by === 'signature')
          expect(Buffer.from(again?.body ?? []).equals(Buffer.from(first?.body ?? [])) && JSON.stringify(again?.headers) === JSON.stringify(first?.headers)).toBe(false);
      });
      test('of different events have different keys', () => {
        const events = new Map(notices.map((notice) => [notice.key, notice]));
        // All but the one delivery that came twice told something new.
        const repeated = notices.length - events.size;
        expect(repeated).toBe(inbound.split(told[0] ?? sample()).length);
        expect(new Set([...events.values()].map(({ at, kind, payload }) => `${at}|${kind}|${JSON.stringify(payload)}`)).size).toBe(events.size);
      });
      test('come from a body alone: the same body in, the same notices out, and nothing is changed', () => {
        for (const delivery of told) {
          const before = JSON.stringify([delivery.headers, [...delivery.body]]);
          expect(inbound.split(delivery)).toEqual(inbound.split({ ...delivery, headers: {}, url: '' }));
          expect(JSON.stringify([delivery.headers, [...delivery.body]])).toBe(before);
        }
      });

      const post = (body: string | Uint8Array): RawDelivery => ({ method: 'POST', url: 'https://connector.example.com/', headers: {}, body: Buffer.from(body) });
      const splits = (body: Uint8Array): boolean => {
        try {
          return inbound.split(post(body)).every(({ key, kind, at }) => typeof key === 'string' && key !== '' && typeof kind === 'string' && typeof at === 'number');
        } catch (error) {
          if (error instanceof Problem && error.code === 'delivery.malformed') return true;
          throw error;
        }
      };
      const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
      test('no bytes make it fall over: it says that it cannot read them', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), splits), { numRuns: RUNS }));
      test('nor does any JSON', () =>
        fc.assert(
          fc.property(anyJson, (value) => splits(bytes(value)) && splits(bytes([value]))),
          { numRuns: RUNS },
        ));
      test("nor does the vendor's own message with anything in any place", () => {
        const originals = told.slice(0, 4).map(({ body }) => new TextDecoder().decode(body));
        const changed = (text: string) => (webhooks.body === 'xml' ? mutatedXml(text) : mutated(JSON.parse(text) as Json));
        fc.assert(
          fc.property(fc.constantFrom(...originals).chain(changed), (value) => splits(typeof value === 'string' && webhooks.body === 'xml' ? Buffer.from(value) : bytes(value))),
          { numRuns: RUNS },
        );
      });
      test('nor does one that is nested without end', () => {
        const deep = '['.repeat(50_000) + ']'.repeat(50_000);
        const elements = '<a>'.repeat(50_000) + '</a>'.repeat(50_000);
        for (const body of [deep, `[{"a":${deep}}]`, elements]) expect(splits(bytes(body))).toBe(true);
        const [inside] = told.map(({ body }) => new TextDecoder().decode(body).replace('</', `${elements}</`));
        if (webhooks.body === 'xml') expect(splits(bytes(inside))).toBe(true);
      });
      if (webhooks.body === 'xml')
        test('are none of a body with a document type, whatever it declares', () => {
          for (const { body } of told) {
            const text = new TextDecoder().decode(body);
            const [head = '', root = ''] = [/^<\?[^>]*\?>\s*/.exec(text)?.[0], text.replace(/^<\?[^>]*\?>\s*/, '')];
            expect(inbound.split(post(head + root)).length).toBeGreaterThan(0);
            for (const declared of ['', ' [<!ENTITY a "b">]', ' [<!ENTITY a SYSTEM "file:///etc/hostname">]', ' SYSTEM "http://127.0.0.1:9/x.dtd"'])
              expect(() => inbound.split(post(`${head}<!DOCTYPE Envelope${declared}>${root}`))).toThrow(expect.objectContaining({ code: 'delivery.malformed' }));
          }
        });
    });

    describe('facts', () => {
      const decode = (notice: Notice): Fact[] => inbound.decode(notice, { appId: place.appId });

      test('are what the events mean', () => {
        const facts = notices.flatMap(decode);
        expect(facts.length).toBeGreaterThan(1);
        expect(facts.every(({ at }) => Math.abs(at - place.clock.now()) < 24 * 60 * MINUTE_MS)).toBe(true);
      });
      test('name no person beside what is personal', () => {
        const people = webhooks.people(place);
        expect(people.length).toBeGreaterThan(1);
        const said = notices.flatMap(decode).map(({ data }) => JSON.stringify(data));
        expect(said.filter((text) => people.some((person) => text.includes(person)))).toEqual([]);
      });
      test('are the same for the same notice, which stays as it was', () => {
        for (const notice of notices) {
          const before = JSON.stringify(notice);
          expect(decode(structuredClone(notice))).toEqual(decode(notice));
          expect(JSON.stringify(notice)).toBe(before);
        }
      });
      test('of an event that is not known there are none', () => {
        const [known] = notices;
        if (!known) throw new Error('The vendor told nothing.');
        for (const kind of ['something-new', '', 'toString', 'constructor', '__proto__', 'hasOwnProperty']) {
          const payload =
            typeof known.payload === 'object' && known.payload !== null && !Array.isArray(known.payload)
              ? { ...known.payload, event: kind, subscriptionType: kind }
              : known.payload;
          expect(decode({ ...known, kind, payload })).toEqual([]);
        }
      });

      const isWhole = (fact: Fact): boolean =>
        fact.type !== 'envelope.status' ||
        (ENVELOPE_STATUSES.includes(fact.data.status) && fact.data.recipients.every(({ status, remote }) => RECIPIENT_STATUSES.includes(status) && typeof remote === 'string'));
      const wholeOrRefused = (notice: Notice): boolean => {
        try {
          return decode(notice).every(isWhole);
        } catch (thrown) {
          return thrown instanceof Problem && thrown.code === 'delivery.malformed';
        }
      };
      test('of whatever was sent are whole or refused as a dead letter, and nothing makes it fall over', () => {
        const kinds = fc.oneof(fc.constantFrom(...new Set(notices.map(({ kind }) => kind))), anyText);
        const payloads = fc.oneof(anyJson, fc.constantFrom(...notices.map(({ payload }) => payload)).chain(mutated));
        const notice = fc.record({ account: fc.constant(connected.account.id), key: anyText, kind: kinds, at: fc.integer(), payload: payloads });
        fc.assert(
          fc.property(notice, (one) => wholeOrRefused(one as Notice)),
          { numRuns: RUNS },
        );
      });
    });
  });
}
