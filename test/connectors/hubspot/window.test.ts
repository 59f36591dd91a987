import { expect, it } from 'vitest';
import { Secret } from '#lib/secret';
import { hashedUrl, signV3, verifySignature, WINDOW_MS } from '#connectors/hubspot/signature';

const AT = 1_760_000_000_000;
const url = 'https://countersign.example.com/webhooks/hubspot';
const body = new TextEncoder().encode('[]');
const headers = { 'x-hubspot-signature-v3': signV3('s', 'POST', url, body, String(AT)), 'x-hubspot-request-timestamp': String(AT) };
const verdict = (now: number, secrets = ['s']) =>
  verifySignature(
    { method: 'POST', url, headers, body },
    secrets.map((one) => new Secret(one)),
    now,
  );

it('a request is taken within five minutes of its time, and not a millisecond beyond', () => {
  expect(WINDOW_MS).toBe(5 * 60_000);
  expect([AT - 300_001, AT - 300_000, AT, AT + 300_000, AT + 300_001].map((now) => verdict(now))).toEqual([
    { ok: false, reason: 'future' },
    { ok: true },
    { ok: true },
    { ok: true },
    { ok: false, reason: 'stale' },
  ]);
});

it('the secret that matches may be any of several', () => {
  expect([['s', 'other'], ['other', 's'], ['other']].map((secrets) => verdict(AT, secrets).ok)).toEqual([true, true, false]);
});

it('of the escapes in an address twelve are undone, in either case', () => {
  expect(hashedUrl(`${url}?a=%3a%2F%3f%40%21%24%27%28%29%2a%2c%3B&b=%20%26%3D%2B%25`)).toBe(`${url}?a=:/?@!$'()*,;&b=%20%26%3D%2B%25`);
});
