import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENVELOPE_STATUSES, RECIPIENT_STATUSES } from '#core/envelope';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import type { Json } from '#lib/json';
import { Secret } from '#lib/secret';
import type { Inbound, Notice, RawDelivery } from '#ports/inbound';
import type { Connected, Place } from './place.ts';
import type { TriedVendor } from './vendors.ts';
import { anyJson, anyText, mutated } from './odd.ts';

const MINUTE_MS = 60_000;
const RUNS = 300;

/** The receiving side: what is signed is believed, what is not is not, and nothing that anybody sends makes it fall over. */
export function inboundContract(vendor: TriedVendor, inbound: Inbound): void {
  const { signature } = vendor;

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
      await vendor.happen(place, connected);
      await place.quiet();
      await vendor.happen(place, connected);
      await place.quiet();
      told = [...place.deliveries];
      notices = told.flatMap((delivery) => inbound.split(delivery));
    });
    afterAll(() => place.close());

    const verify = (delivery: RawDelivery, secrets = place.secrets, now = place.clock.now()) => inbound.verify(delivery, secrets, now);
    const sample = (): RawDelivery => {
      const [first] = told;
      if (!first) throw new Error('The vendor told nothing.');
      return vendor.sign(first, place.secrets[0]?.reveal() ?? '', place.clock.now());
    };
    const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => (index === at % bytes.length ? byte ^ 1 : byte));
    const withHeaders = (delivery: RawDelivery, change: (value: string, name: string) => string): RawDelivery => ({
      ...delivery,
      headers: Object.fromEntries(Object.entries(delivery.headers).map(([name, value]) => [name, change(value, name)])),
    });

    describe('signatures', () => {
      test("the vendor's own pass", () => {
        expect(told.length).toBeGreaterThan(1);
        for (const delivery of told) expect(verify(delivery, place.secrets, place.clock.now() - 1000)).toEqual({ ok: true });
      });
      test('every live secret is tried, in any order', () => {
        const wrong = new Secret('another secret');
        const [right] = place.secrets;
        if (!right) throw new Error('There is no secret.');
        for (const secrets of [
          [wrong, right],
          [right, wrong],
          [wrong, wrong, right],
        ])
          expect(verify(sample(), secrets)).toEqual({ ok: true });
        expect(verify(sample(), [wrong]).ok).toBe(false);
      });
      test('without a secret nothing passes, however it is signed', () => {
        expect(verify(sample(), []).ok).toBe(false);
        expect(verify(vendor.sign(sample(), '', place.clock.now()), []).ok).toBe(false);
        expect(verify(vendor.sign(sample(), '', place.clock.now())).ok).toBe(false);
      });
      test('a body that differs in one bit does not pass', () => {
        const good = sample();
        fc.assert(
          fc.property(fc.nat(), (at) => !verify({ ...good, body: flip(good.body, at) }).ok),
          { numRuns: RUNS },
        );
        expect(verify({ ...good, body: new Uint8Array() }).ok).toBe(false);
        expect(verify({ ...good, body: Buffer.concat([good.body, Buffer.from(' ')]) }).ok).toBe(false);
      });
      test('a signature that differs in one letter does not pass', () => {
        const good = sample();
        const flipped = (at: number) => withHeaders(good, (value, name) => (signature.headers.test(name) ? Buffer.from(flip(Buffer.from(value), at)).toString() : value));
        fc.assert(
          fc.property(fc.nat(), (at) => !verify(flipped(at)).ok),
          { numRuns: RUNS },
        );
        expect(verify(withHeaders(good, (value, name) => (signature.headers.test(name) ? '' : value)))).toMatchObject({ ok: false });
        const without = { ...good, headers: Object.fromEntries(Object.entries(good.headers).filter(([name]) => !signature.headers.test(name))) };
        expect(verify(without).ok).toBe(false);
      });
      if (signature.coversUrl)
        test('another address or method does not pass', () => {
          const good = sample();
          for (const url of [`${good.url}?x=1`, good.url.replace('http:', 'https:'), good.url.replace('/hook', '/hooks'), `${good.url}/`])
            expect(verify({ ...good, url }).ok).toBe(false);
          expect(verify({ ...good, method: 'PUT' }).ok).toBe(false);
        });
      if (signature.time !== null)
        test('another time does not pass, nor one far from ours', () => {
          const good = sample();
          const now = Number(good.headers[signature.time ?? '']);
          expect(
            verify(
              withHeaders(good, (value, name) => (name === signature.time ? String(Number(value) + 1) : value)),
              place.secrets,
              now,
            ),
          ).toMatchObject({ ok: false, reason: 'mismatch' });
          expect(verify(good, place.secrets, now + 10 * MINUTE_MS)).toEqual({ ok: false, reason: 'stale' });
          expect(verify(good, place.secrets, now - 10 * MINUTE_MS)).toEqual({ ok: false, reason: 'future' });
          for (const odd of ['', 'NaN', '-1', '1e9', '٣', `${now}.0`]) expect(verify(withHeaders(good, (value, name) => (name === signature.time ? odd : value))).ok).toBe(false);
        });
      test('no header makes it fall over', () => {
        const names = fc.constantFrom(...Object.keys(sample().headers), 'x-signature', '__proto__', 'constructor');
        fc.assert(
          fc.property(fc.dictionary(names, anyText), fc.uint8Array(), (headers, body) => !verify({ method: 'POST', url: sample().url, headers, body }).ok),
          { numRuns: RUNS },
        );
      });
    });

    describe('notices', () => {
      test('name the account, and what is sent or signed again has the same keys', () => {
        expect(notices.every(({ account, key, kind }) => account === connected.account.id && key !== '' && kind !== '')).toBe(true);
        const [first, ...later] = told;
        const again = later.find((delivery) => first && inbound.split(delivery)[0]?.key === inbound.split(first)[0]?.key);
        expect(again).toBeDefined();
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

      const splits = (body: Uint8Array): boolean => {
        try {
          return inbound
            .split({ method: 'POST', url: 'https://connector.example.com/', headers: {}, body })
            .every(({ key, kind, at }) => typeof key === 'string' && key !== '' && typeof kind === 'string' && typeof at === 'number');
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
        const originals = told.slice(0, 4).map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as Json);
        fc.assert(
          fc.property(fc.constantFrom(...originals).chain(mutated), (value) => splits(bytes(value))),
          { numRuns: RUNS },
        );
      });
      test('nor does one that is nested without end', () => {
        const deep = '['.repeat(50_000) + ']'.repeat(50_000);
        expect(splits(bytes(deep))).toBe(true);
        expect(splits(bytes(`[{"a":${deep}}]`))).toBe(true);
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
        const people = vendor.people(place);
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
      test('of whatever was sent are whole, and nothing makes it fall over', () => {
        const kinds = fc.oneof(fc.constantFrom(...new Set(notices.map(({ kind }) => kind))), anyText);
        const payloads = fc.oneof(anyJson, fc.constantFrom(...notices.map(({ payload }) => payload)).chain(mutated));
        const notice = fc.record({ account: fc.constant(connected.account.id), key: anyText, kind: kinds, at: fc.integer(), payload: payloads });
        fc.assert(
          fc.property(notice, (one) => decode(one as Notice).every(isWhole)),
          { numRuns: RUNS },
        );
      });
    });
  });
}
