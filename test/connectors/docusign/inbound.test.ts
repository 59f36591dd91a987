import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Problem } from '#core/problem';
import { projectRoot } from '#lib/root';
import { Secret } from '#lib/secret';
import type { RawDelivery } from '#ports/inbound';
import { connectFaults } from './contract.ts';
import { signSlot } from './world.ts';

const { inbound } = signSlot();
const folder = join(projectRoot, 'connectors/docusign/samples');
const samples = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.endsWith('.facts.json'));
const sample = (name: string) => readFileSync(join(folder, name), 'utf8');
const delivery = (body: string | Uint8Array, headers: Record<string, string> = {}): RawDelivery => ({
  method: 'POST',
  url: 'https://countersign.example.com/webhooks/docusign/x',
  headers,
  body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
});

describe('signatures', () => {
  // Made with `printf '%s' BODY | openssl dgst -sha256 -hmac KEY -binary | base64`, so that our own code is not its own judge.
  const body = '{"event":"envelope-sent","note":"Grüße"}';
  const key = 'bXkgY29ubmVjdCBrZXk=';
  const signature = 'KJ3lrKrANfGTBJOg1nvikFYD8VLD8U+LdH6K0/fC1fc=';

  it('accepts the published scheme: base64 of HMAC-SHA-256 over the raw body, the key as its text', () => {
    expect(inbound.verify(delivery(body, { 'x-docusign-signature-1': signature }), [new Secret(key)], 0)).toEqual({ ok: true });
  });
  it('does not decode a key that looks like base64', () => {
    const decoded = createHmac('sha256', Buffer.from(key, 'base64')).update(body).digest('base64');
    expect(inbound.verify(delivery(body, { 'x-docusign-signature-1': decoded }), [new Secret(key)], 0)).toEqual({ ok: false, reason: 'mismatch' });
  });
  it('accepts any header that matches any live key, in a rotation on either side', () => {
    const headers = { 'x-docusign-signature-1': 'AAAA', 'x-docusign-signature-2': 'BBBB', 'x-docusign-signature-12': signature };
    expect(inbound.verify(delivery(body, headers), [new Secret('new-key'), new Secret(key)], 0)).toEqual({ ok: true });
  });
  it('tells a missing signature from a wrong one', () => {
    expect(inbound.verify(delivery(body), [new Secret(key)], 0)).toEqual({ ok: false, reason: 'missing' });
    expect(inbound.verify(delivery(body, { 'x-docusign-signature': signature }), [new Secret(key)], 0)).toEqual({ ok: false, reason: 'missing' });
    expect(inbound.verify(delivery(body, { 'x-docusign-signature-1': signature }), [], 0)).toEqual({ ok: false, reason: 'mismatch' });
  });
  it('refuses a body in which any one byte was changed', () => {
    const bytes = new TextEncoder().encode(body);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        return !inbound.verify(delivery(changed, { 'x-docusign-signature-1': signature }), [new Secret(key)], 0).ok;
      }),
    );
  });
});

describe('keys of notices', () => {
  const message = JSON.parse(sample('recipient-completed.json'));
  const keyOf = (value: unknown) => inbound.split(delivery(JSON.stringify(value)))[0]?.key;

  it('stay the same when the message is sent again', () => {
    expect(keyOf({ ...message, retryCount: 7 })).toBe(keyOf(message));
    expect(inbound.split(delivery(JSON.stringify({ ...message, retryCount: 7 })))).toEqual(inbound.split(delivery(JSON.stringify(message))));
  });
  it.each([
    ['event', { ...message, event: 'recipient-delivered' }],
    ['time', { ...message, generatedDateTime: '2026-08-03T10:07:00.1230001Z' }],
    ['configuration', { ...message, configurationId: 1 }],
    ['recipient', { ...message, data: { ...message.data, recipientId: '2' } }],
    ['envelope', { ...message, data: { ...message.data, envelopeId: 'another' } }],
  ])('differ with the %s', (_, other) => {
    expect(keyOf(other)).not.toBe(keyOf(message));
  });
  it("name the account and the vendor's own event", () => {
    const [notice] = inbound.split(delivery(JSON.stringify(message)));
    expect(notice).toMatchObject({ account: message.data.accountId, kind: 'recipient-completed', at: Date.parse('2026-08-03T10:07:00.123Z') });
  });
  it('carry no names, addresses or subjects further', () => {
    for (const name of samples) {
      const kept = JSON.stringify(inbound.split(delivery(sample(name))));
      expect(kept).not.toMatch(/example\.com|Ines|Robin|Please sign|203\.0\.113/);
    }
  });
});

describe('malformed deliveries', () => {
  it.each([
    ['no JSON', 'event=envelope-sent'],
    ['no object', '[]'],
    ['no event', '{"generatedDateTime":"2026-08-03T10:00:00Z","data":{}}'],
    ['no data', '{"event":"envelope-sent","generatedDateTime":"2026-08-03T10:00:00Z"}'],
    ['no time', '{"event":"envelope-sent","generatedDateTime":"soon","data":{}}'],
  ])('are told apart: %s', (_, body) => {
    expect(() => inbound.split(delivery(body))).toThrow(expect.objectContaining({ code: 'delivery.malformed' }));
  });
  it('are never a crash, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          try {
            for (const notice of inbound.split(delivery(bytes))) inbound.decode(notice, { appId: '' });
            return true;
          } catch (thrown) {
            return thrown instanceof Problem && thrown.code === 'delivery.malformed';
          }
        },
      ),
    );
  });
});

describe('words that every object has a member for', () => {
  const words = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
  const decode = (message: unknown) => inbound.split(delivery(JSON.stringify(message))).flatMap((notice) => inbound.decode(notice, { appId: '' }));
  const bare = { generatedDateTime: '2026-01-06T10:00:00Z', data: { accountId: 'a', envelopeId: 'e' } };

  it.each(words)('mean nothing as an event (%s)', (event) => {
    expect(decode({ ...bare, event })).toEqual([]);
    expect(decode({ ...JSON.parse(sample('envelope-completed.json')), event })).toEqual([]);
  });
  it.each(words)('mean nothing as the status of a recipient (%s)', (status) => {
    const envelopeSummary = { envelopeId: 'e', status: 'sent', recipients: { signers: [{ recipientId: '1', status }] } };
    expect(decode({ ...bare, event: 'envelope-sent', data: { ...bare.data, envelopeSummary } })).toMatchObject([{ data: { recipients: [{ remote: '1', status: 'waiting' }] } }]);
  });
});

describe('what the samples mean', () => {
  it.each(samples)('%s', (name) => {
    const facts = inbound.split(delivery(sample(name))).flatMap((notice) => inbound.decode(notice, { appId: '' }));
    expect(facts).toEqual(JSON.parse(sample(name.replace('.json', '.facts.json'))));
  });
  it.each(samples)('%s has the form that the vendor published', (name) => {
    expect(connectFaults(JSON.parse(sample(name)))).toEqual([]);
  });
});

describe('an expiry', () => {
  const voided = JSON.parse(sample('envelope-voided.json'));
  const statusWith = (more: Record<string, string>) => {
    const summary = { ...voided.data.envelopeSummary, ...more };
    const [notice] = inbound.split(delivery(JSON.stringify({ ...voided, data: { ...voided.data, envelopeSummary: summary } })));
    const fact = notice && inbound.decode(notice, { appId: '' })[0];
    return fact?.type === 'envelope.status' ? fact.data.status : null;
  };
  it("is a void in the vendor's words, or one at the time that was set", () => {
    expect(statusWith({})).toBe('voided');
    expect(statusWith({ voidedReason: 'Envelope has expired.' })).toBe('expired');
    expect(statusWith({ expireDateTime: '2026-08-03T10:30:00.0000000Z' })).toBe('expired');
    expect(statusWith({ expireDateTime: '2026-08-03T10:31:00.0000000Z' })).toBe('voided');
    expect(statusWith({ voidedReason: 'The offer has expired' })).toBe('voided');
  });
  it('may also be the status that old accounts have', () => {
    expect(statusWith({ status: 'TimedOut' })).toBe('expired');
  });
  it('is nothing at all when the status is unknown', () => {
    expect(statusWith({ status: 'levitating' })).toBeNull();
  });
});
