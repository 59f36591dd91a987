import { describe, expect, it } from 'vitest';
import { hmacBase64 } from '#lib/hmac';
import { Secret } from '#lib/secret';
import { verify } from '#connectors/docusign/signature';

const key = new Secret('a-key');
const body = new TextEncoder().encode('{"event":"envelope-sent"}');
const signature = hmacBase64('a-key', body);
const verdict = (headers: Record<string, string>) => verify({ method: 'POST', url: 'https://countersign.example.com/', headers, body }, [key]);
const header = (number: number) => `x-docusign-signature-${number}`;
const wrong = (count: number) => Array.from({ length: count }, (_, place) => [header(place + 1), 'AAAA']);

describe("Connect's signature", () => {
  it('is read without the blanks around it', () => expect(verdict({ [header(1)]: ` ${signature} ` })).toEqual({ ok: true }));

  it('counts among the first hundred headers, and no further', () => {
    expect(verdict(Object.fromEntries([...wrong(99), [header(100), signature]]))).toEqual({ ok: true });
    expect(verdict(Object.fromEntries([...wrong(100), [header(101), signature]]))).toEqual({ ok: false, reason: 'mismatch' });
  });

  it('is in no other header, whatever that begins or ends with', () => {
    for (const name of ['x-docusign-signature-', 'x-docusign-signature-1000', 'an-x-docusign-signature-1', 'x-docusign-signature-1b'])
      expect(verdict({ [name]: signature })).toEqual({ ok: false, reason: 'missing' });
  });
});
