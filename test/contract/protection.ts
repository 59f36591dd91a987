import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '#lib/secret';
import type { Inbound, RawDelivery } from '#ports/inbound';
import { anyText } from './odd.ts';
import type { Place } from './place.ts';
import type { Signed, TriedWebhooks, Unsigned } from './tried.ts';

const MINUTE_MS = 60_000;
const RUNS = 300;
/** What the vendor told, and one of it as fresh as can be. */
interface Told {
  place: Place;
  told: RawDelivery[];
  sample: RawDelivery;
}
type Verify = (delivery: RawDelivery, secrets?: readonly Secret[], now?: number) => ReturnType<Inbound['verify']>;

const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => (index === at % bytes.length ? byte ^ 1 : byte));
const withHeaders = (delivery: RawDelivery, change: (value: string, name: string) => string): RawDelivery => ({
  ...delivery,
  headers: Object.fromEntries(Object.entries(delivery.headers).map(([name, value]) => [name, change(value, name)])),
});

/** What the vendor sent is let in, and what another sent is not. */
export function protectionContract(at: () => Told, inbound: Inbound, protection: TriedWebhooks['protection']): void {
  const verify: Verify = (delivery, secrets = at().place.secrets, now = at().place.clock.now()) => inbound.verify(delivery, secrets, now);

  describe(protection.by === 'signature' ? 'signatures' : 'the address', () => {
    test("the vendor's own pass", () => {
      expect(at().told.length).toBeGreaterThan(1);
      for (const delivery of at().told) expect(verify(delivery, at().place.secrets, at().place.clock.now() - 1000)).toEqual({ ok: true });
    });

    if (protection.by === 'signature') signedContract(at, verify, protection);
    else unsignedContract(at, inbound, verify, protection);
    test('no header makes it fall over', () => {
      const names = fc.constantFrom(...Object.keys(at().sample.headers), 'x-signature', '__proto__', 'constructor');
      fc.assert(
        fc.property(fc.dictionary(names, anyText), fc.uint8Array(), (headers, body) => !verify({ method: 'POST', url: at().sample.url, headers, body }).ok),
        { numRuns: RUNS },
      );
    });
  });
}

function signedContract(at: () => Told, verify: Verify, signed: Signed): void {
  test('every live secret is tried, in any order', () => {
    const wrong = new Secret('another secret');
    const [right] = at().place.secrets;
    if (!right) throw new Error('There is no secret.');
    for (const secrets of [
      [wrong, right],
      [right, wrong],
      [wrong, wrong, right],
    ])
      expect(verify(at().sample, secrets)).toEqual({ ok: true });
    expect(verify(at().sample, [wrong]).ok).toBe(false);
  });
  test('without a secret nothing passes, however it is signed', () => {
    expect(verify(at().sample, []).ok).toBe(false);
    expect(verify(signed.sign(at().sample, '', at().place.clock.now()), []).ok).toBe(false);
    expect(verify(signed.sign(at().sample, '', at().place.clock.now())).ok).toBe(false);
  });
  test('a body that differs in one bit does not pass', () => {
    const good = at().sample;
    fc.assert(
      fc.property(fc.nat(), (at) => !verify({ ...good, body: flip(good.body, at) }).ok),
      { numRuns: RUNS },
    );
    expect(verify({ ...good, body: new Uint8Array() }).ok).toBe(false);
    expect(verify({ ...good, body: Buffer.concat([good.body, Buffer.from(' ')]) }).ok).toBe(false);
  });
  test('a signature that differs in one letter does not pass', () => {
    const good = at().sample;
    const flipped = (at: number) => withHeaders(good, (value, name) => (signed.headers.test(name) ? Buffer.from(flip(Buffer.from(value), at)).toString() : value));
    fc.assert(
      fc.property(fc.nat(), (at) => !verify(flipped(at)).ok),
      { numRuns: RUNS },
    );
    expect(verify(withHeaders(good, (value, name) => (signed.headers.test(name) ? '' : value)))).toMatchObject({ ok: false });
    const without = { ...good, headers: Object.fromEntries(Object.entries(good.headers).filter(([name]) => !signed.headers.test(name))) };
    expect(verify(without).ok).toBe(false);
  });
  if (signed.coversUrl)
    test('another address or method does not pass', () => {
      const good = at().sample;
      for (const url of [`${good.url}?x=1`, good.url.replace('http:', 'https:'), good.url.replace('/hook', '/hooks'), `${good.url}/`])
        expect(verify({ ...good, url }).ok).toBe(false);
      expect(verify({ ...good, method: 'PUT' }).ok).toBe(false);
    });
  if (signed.time !== null)
    test('another time does not pass, nor one far from ours', () => {
      const good = at().sample;
      const now = Number(good.headers[signed.time ?? '']);
      expect(
        verify(
          withHeaders(good, (value, name) => (name === signed.time ? String(Number(value) + 1) : value)),
          at().place.secrets,
          now,
        ),
      ).toMatchObject({ ok: false, reason: 'mismatch' });
      expect(verify(good, at().place.secrets, now + 10 * MINUTE_MS)).toEqual({ ok: false, reason: 'stale' });
      expect(verify(good, at().place.secrets, now - 10 * MINUTE_MS)).toEqual({ ok: false, reason: 'future' });
      for (const odd of ['', 'NaN', '-1', '1e9', '٣', `${now}.0`]) expect(verify(withHeaders(good, (value, name) => (name === signed.time ? odd : value))).ok).toBe(false);
    });
}

/** Nothing is signed: the address is the secret, and the body says whose account it is. */
function unsignedContract(at: () => Told, inbound: Inbound, verify: Verify, { another, from }: Unsigned): void {
  const accountsOf = (delivery: RawDelivery) => new Set(inbound.split(delivery).map(({ account }) => account));

  test('an address without its secret, or with another than a secret, does not pass', () => {
    const good = at().sample;
    const { origin, pathname } = new URL(good.url);
    const above = origin + pathname.slice(0, pathname.lastIndexOf('/'));
    for (const url of [origin, `${origin}/`, above, `${above}/`, `${above}/guess`, `${above}/${'a'.repeat(20)}`, `${good.url}/`, `${above}/?${pathname}`, 'no address', ''])
      expect(verify({ ...good, url }), url).toMatchObject({ ok: false });
  });
  test('another method, another kind of body and none at all do not pass', () => {
    const good = at().sample;
    for (const method of ['GET', 'PUT', 'DELETE', '']) expect(verify({ ...good, method }).ok).toBe(false);
    for (const type of ['', 'application/json', 'text/plain', 'multipart/form-data'])
      expect(verify(withHeaders(good, (value, name) => (name === 'content-type' ? type : value))).ok, type).toBe(false);
    expect(verify({ ...good, headers: {} }).ok).toBe(false);
    expect(verify({ ...good, body: new Uint8Array() }).ok).toBe(false);
  });
  test('a body that names no account does not pass', () => {
    for (const account of ['', 'x', `${another}x`, another.slice(0, 10), another.toLowerCase()]) expect(verify(from(at().sample, account)).ok, account).toBe(false);
  });
  test("another account's message is that account's, wherever it arrives, and never the one's that was connected", () => {
    for (const delivery of at().told) {
      const [own] = accountsOf(delivery);
      expect(own).not.toBe(another);
      expect([...accountsOf(from(delivery, another))]).toEqual([another]);
    }
  });
  test('no secret is asked for, for there is none, and no time', () => {
    for (const secrets of [[], [new Secret('any secret')]]) expect(verify(at().sample, secrets)).toEqual({ ok: true });
    expect(verify(at().sample, [], 0)).toEqual({ ok: true });
  });
}
