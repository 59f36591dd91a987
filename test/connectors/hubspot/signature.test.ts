import { describe, expect, test } from 'vitest';
import { Signature } from '@hubspot/api-client';
import fc from 'fast-check';
import { Secret } from '#lib/secret';
import type { RawDelivery } from '#ports/inbound';
import { hashedUrl, signV3, verifySignature, WINDOW_MS } from '#connectors/hubspot/signature';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Published by HubSpot: the client's own unit tests, and the signer of its UI extensions server. */
const GUIDE = { secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy', url: 'https://www.example.com/webhook_uri', body: "{'example_field':'example_value'}" };
const BACKEND = { secret: 'f6e94c08-85d0-4608-bcc6-e1850176e7b8', url: 'https://www.hubspot.com/webhook' };
const VECTORS_V3 = [
  { ...GUIDE, method: 'POST', timestamp: '1693657560000', signature: 'K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=' },
  { ...GUIDE, method: 'POST', timestamp: '1700000300000', signature: 'RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=' },
  { ...BACKEND, method: 'POST', body: 'REQUEST_BODY', timestamp: '1632188626483', signature: 'jf872r5vscVcxCiDRHA4rGrqe/8BPLNVkdJSHdMnGTU=' },
  { ...BACKEND, method: 'POST', body: '', timestamp: '1632188626483', signature: 'csXgk7UbrE9F8ZmMvbpuKBxqIvTSqU1EX9pI/SJtxSE=' },
  {
    secret: '12345678-aaaa-bbbb-cccc-ddddeeeeffff',
    method: 'GET',
    url: 'https://hubspot.com/?appId=1&portalId=2&userId=3',
    body: '',
    timestamp: '1111111111',
    signature: 'zTfXjo07jfzGouo4wvyAj3qEMUTVJ0PPYPACrluQtQI=',
  },
];
/** Right signatures of version 2, published too. */
const VECTORS_V2 = [
  { ...BACKEND, method: 'POST', body: 'REQUEST_BODY', signature: '57bb01a6e6ac92919b5e715d68f40265328701bbf1cf3fd73772887069945766' },
  { ...BACKEND, method: 'POST', body: '', signature: 'befaef2b7354f11bf651f6468e8b5cf6bd449048deaf057f712980afb2a682f5' },
];

function delivery(vector: { method: string; url: string; body: string }, headers: Record<string, string>): RawDelivery {
  return { method: vector.method, url: vector.url, body: bytes(vector.body), headers };
}
const third = (vector: (typeof VECTORS_V3)[number]) => delivery(vector, { 'x-hubspot-signature-v3': vector.signature, 'x-hubspot-request-timestamp': vector.timestamp });

describe('version 3', () => {
  test.each(VECTORS_V3)('published vector $signature', (vector) => {
    expect(signV3(vector.secret, vector.method, vector.url, vector.body, vector.timestamp)).toBe(vector.signature);
    expect(verifySignature(third(vector), [new Secret(vector.secret)], Number(vector.timestamp))).toEqual({ ok: true });
  });

  test.each(VECTORS_V3)('one byte of anything else than was signed is a mismatch: $signature', (vector) => {
    const now = Number(vector.timestamp);
    const verdict = (changed: Partial<RawDelivery>) => verifySignature({ ...third(vector), ...changed }, [new Secret(vector.secret)], now);
    const mismatch = { ok: false, reason: 'mismatch' };
    expect(verdict({ body: bytes(`${vector.body} `) })).toEqual(mismatch);
    expect(verdict({ url: `${vector.url}x` })).toEqual(mismatch);
    expect(verdict({ method: 'PUT' })).toEqual(mismatch);
    expect(verdict({ headers: { ...third(vector).headers, 'x-hubspot-request-timestamp': String(now + 1) } })).toEqual(mismatch);
    expect(verifySignature(third(vector), [new Secret('another')], now)).toEqual(mismatch);
  });

  test('any of several live secrets will do, and none is no secret', () => {
    const [vector] = VECTORS_V3;
    if (!vector) return expect.unreachable();
    const now = Number(vector.timestamp);
    expect(verifySignature(third(vector), [new Secret('old'), new Secret(vector.secret)], now)).toEqual({ ok: true });
    expect(verifySignature(third(vector), [], now)).toEqual({ ok: false, reason: 'mismatch' });
  });

  test('the window is five minutes on both sides, to the millisecond', () => {
    const [vector] = VECTORS_V3;
    if (!vector) return expect.unreachable();
    const at = Number(vector.timestamp);
    const verdict = (now: number) => verifySignature(third(vector), [new Secret(vector.secret)], now);
    expect(verdict(at + WINDOW_MS)).toEqual({ ok: true });
    expect(verdict(at + WINDOW_MS + 1)).toEqual({ ok: false, reason: 'stale' });
    expect(verdict(at - WINDOW_MS)).toEqual({ ok: true });
    expect(verdict(at - WINDOW_MS - 1)).toEqual({ ok: false, reason: 'future' });
  });

  test.each(['', 'soon', 'NaN', '-1', '1e12', '0x10', ' 1693657560000', '1693657560000.5', '99999999999999999999'])('a time of %j is refused, however well signed', (timestamp) => {
    const signature = signV3('s', 'POST', GUIDE.url, '', timestamp);
    const verdict = verifySignature(
      delivery({ ...GUIDE, method: 'POST', body: '' }, { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp }),
      [new Secret('s')],
      1_693_657_560_000,
    );
    expect(verdict).toEqual({ ok: false, reason: 'mismatch' });
  });

  test('without its time it is missing', () => {
    expect(verifySignature(delivery({ ...GUIDE, method: 'POST', body: '' }, { 'x-hubspot-signature-v3': 'x' }), [new Secret('s')], 0)).toEqual({ ok: false, reason: 'missing' });
  });

  test('exactly twelve escapes are undone, in either case, and once', () => {
    expect(hashedUrl('%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B')).toBe(":/?@!$'()*,;");
    expect(hashedUrl('%3a%2f%3f%40%21%24%27%28%29%2a%2c%3b')).toBe(":/?@!$'()*,;");
    expect(hashedUrl('%2540')).toBe('%2540');
    const untouched = Array.from({ length: 256 }, (_, code) => `%${code.toString(16).padStart(2, '0').toUpperCase()}`).filter((escape) => hashedUrl(escape) === escape);
    expect(untouched).toHaveLength(256 - 12);
    expect(untouched).toEqual(expect.arrayContaining(['%20', '%26', '%3D', '%23', '%25', '%2B']));
  });

  test('the body is hashed as the bytes that came, also where they are no text', () => {
    const body = Uint8Array.from([0xff, 0xfe, 0x00, 0x80]);
    const signature = signV3('s', 'POST', GUIDE.url, body, '5000');
    const headers = { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': '5000' };
    expect(verifySignature({ method: 'POST', url: GUIDE.url, body, headers }, [new Secret('s')], 5000)).toEqual({ ok: true });
  });

  test('agrees with the official helper for any body and address without escapes', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), fc.webUrl({ withQueryParameters: true }), fc.nat(), (body, clientSecret, address, timestamp) => {
        const url = hashedUrl(address);
        const official = Signature.getSignature('POST', 'v3', { clientSecret, requestBody: body, url, timestamp, signature: '' });
        expect(signV3(clientSecret, 'POST', url, body, String(timestamp))).toBe(official);
      }),
    );
  });
});

describe('versions 2 and 1', () => {
  test.each(VECTORS_V2)('version 2 is not accepted, right as it is, for it never ends: $signature', (vector) => {
    const headers = { 'x-hubspot-signature': vector.signature, 'x-hubspot-signature-version': 'v2' };
    expect(Signature.getSignature('POST', 'v2', { clientSecret: vector.secret, requestBody: vector.body, url: vector.url, signature: '' })).toBe(vector.signature);
    for (const more of [{}, { 'x-hubspot-request-timestamp': '0' }]) {
      expect(verifySignature(delivery(vector, { ...headers, ...more }), [new Secret(vector.secret)], 0)).toEqual({ ok: false, reason: 'missing' });
    }
  });

  test('version 1 is not accepted, right or not', () => {
    const signature = Signature.getSignature('POST', 'v1', { clientSecret: 's', requestBody: '[]', signature: '' });
    for (const version of ['v1', undefined]) {
      const headers = { 'x-hubspot-signature': signature, ...(version && { 'x-hubspot-signature-version': version }) };
      expect(verifySignature(delivery({ ...GUIDE, method: 'POST', body: '[]' }, headers), [new Secret('s')], 0)).toEqual({ ok: false, reason: 'missing' });
    }
  });

  test('nothing at all is missing', () => {
    expect(verifySignature(delivery({ ...GUIDE, method: 'POST' }, {}), [new Secret('s')], 0)).toEqual({ ok: false, reason: 'missing' });
  });
});
