import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hmacBase64, sameText, sha256 } from '#lib/hmac';
import { canonicalJson } from '#lib/json';
import { createLog, withLogContext } from '#lib/log';
import { Problem } from '#core/problem';
import { createSealer } from '#lib/seal';
import { Secret } from '#lib/secret';

const KEY = Buffer.alloc(32, 1);
const sealer = createSealer(KEY);

/** A log and the lines that it wrote. */
function log() {
  const lines: string[] = [];
  return {
    log: createLog('info', { write: (line: string) => void lines.push(line) }),
    text: () => lines.join(''),
    last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>,
  };
}

describe('a sealed text', () => {
  it('opens to what it was, at its place alone, and is sealed differently each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, place, other) => {
        const sealed = sealer.seal(text, place);
        expect(sealer.open(sealed, place)).toBe(text);
        expect(sealer.seal(text, place)).not.toBe(sealed);
        if (other !== place) expect(() => sealer.open(sealed, other)).toThrow();
      }),
      { numRuns: 50 },
    );
  });

  it('stays closed under another key, and when any byte of it is changed or cut off', () => {
    const [version = '', id = '', data = ''] = sealer.seal('a token', 'place').split('.');
    expect(() => createSealer(Buffer.alloc(32, 2)).open([version, id, data].join('.'), 'place')).toThrow('another key');
    const bytes = Buffer.from(data, 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => sealer.open([version, id, changed.toString('base64url')].join('.'), 'place')).toThrow();
      expect(() => sealer.open([version, id, bytes.subarray(0, index).toString('base64url')].join('.'), 'place')).toThrow();
    }
  });

  it.each(['', 'v1', 'v1..', 'v0.x.y', 'a token', `v1.${'x'.repeat(8)}.AAAA`])('is not %j', (text) => expect(() => sealer.open(text, 'place')).toThrow());

  it('is not accepted with a shortened tag', () => {
    const [version = '', id = '', data = ''] = sealer.seal('', 'place').split('.');
    const bytes = Buffer.from(data, 'base64url');
    for (const length of [4, 8, 12, 15]) expect(() => sealer.open([version, id, bytes.subarray(0, 12 + length).toString('base64url')].join('.'), 'place')).toThrow();
  });

  it('needs a key of 32 bytes, and its look-up key tells nothing of it', () => {
    expect(() => createSealer(Buffer.alloc(31))).toThrow('32 bytes');
    expect(sealer.lookupKey).toHaveLength(32);
    expect(sealer.lookupKey.equals(KEY)).toBe(false);
    expect(() => createSealer(sealer.lookupKey).open(sealer.seal('a token', 'place'), 'place')).toThrow();
    expect(createSealer(KEY).lookupKey).toEqual(sealer.lookupKey);
  });
});

describe('digests', () => {
  // RFC 4231, test case 2, and the digest of the empty text of FIPS 180-4.
  it('are those of the standards', () => {
    expect(Buffer.from(hmacBase64('Jefe', 'what do ya want for nothing?'), 'base64').toString('hex')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('take their parts as one text, bytes as they are', () => {
    fc.assert(fc.property(fc.string(), fc.string(), fc.uint8Array(), (key, a, b) => hmacBase64(key, a, b) === hmacBase64(key, Buffer.concat([Buffer.from(a), b]))));
  });

  it('texts are the same where every character is, whatever their lengths', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => sameText(a, b) === (a === b) && sameText(a, a)));
  });
});

describe('a secret', () => {
  const secret = new Secret('hush-hush');
  it.each<[string, string]>([
    ['text', String(secret)],
    ['JSON', JSON.stringify({ secret, in: [secret] })],
    ['canonical JSON', canonicalJson({ secret })],
    ['inspection', inspect({ secret }, { depth: 9, showHidden: true })],
    ['a template', `it is ${secret.toString()}`],
    ['its members', JSON.stringify(Object.entries(secret)) + Object.getOwnPropertyNames(secret).join()],
    ['a copy', JSON.stringify({ ...secret })],
  ])('does not show as %s', (_how, shown) => expect(shown).not.toContain('hush'));

  it('is told by reveal alone', () => expect(secret.reveal()).toBe('hush-hush'));

  it('does not show in the log, however it gets there', () => {
    const { log: to, text } = log();
    to.info({ secret, deep: { deeper: { secret } }, list: [secret] }, 'with %s and %o', secret, { secret });
    to.error(new Error('failed', { cause: secret }));
    to.error({ err: Object.assign(new Error('hush-hush'), { headers: { cookie: 'hush-hush' }, facts: { message: 'hush-hush' } }) }, 'failed');
    expect(text()).toContain('[secret]');
    expect(text()).not.toContain('hush');
  });
});

describe('the log', () => {
  const NAMES = ['authorization', 'accessToken', 'refreshToken', 'token', 'secret', 'password', 'email', 'name', 'body', 'cookie'];
  it.each(NAMES)('never prints %s, at the first two levels', (field) => {
    const { log: to, text } = log();
    to.info({ [field]: 'hush-hush', request: { [field]: 'hush-hush' } }, 'asked');
    to.child({ [field]: 'hush-hush' }).info('asked');
    expect(text()).not.toContain('hush');
  });

  it('tells of an error its type, its code and its place, down to its causes, and never its words', () => {
    const { log: to, last, text } = log();
    const cause = Object.assign(new TypeError('mara@example.com\n    at mara@example.com (said so)'), { code: 'ERR_X', body: 'mara@example.com' });
    to.error({ err: Object.assign(new Error('for mara@example.com', { cause }), { code: 'mara@example.com', facts: { message: 'mara@example.com' } }) }, 'failed');
    expect(last()['err']).toMatchObject({ type: 'Error', stack: expect.stringContaining('secrets.test') as string, cause: { type: 'TypeError', code: 'ERR_X' } });
    to.error({ err: 'mara@example.com' }, 'failed');
    to.error(new Error('mara@example.com'), 'failed');
    expect(text()).not.toContain('mara');
    const circle = new Error('round');
    circle.cause = circle;
    to.error({ err: circle }, 'failed');
    expect(text().length).toBeLessThan(20_000);
  });

  it('tells the sentence of a Problem, which is written for everybody, and not its facts', () => {
    const { log: to, last, text } = log();
    to.error({ err: new Problem('vendor.rejected', { say: 'The vendor refused it.', facts: { message: 'mara@example.com' } }) }, 'failed');
    expect(last()['err']).toMatchObject({ type: 'Problem', code: 'vendor.rejected', message: 'The vendor refused it.' });
    expect(text()).not.toContain('mara');
  });

  it('says what it is told, with the time, the level in words, and what surrounds it', async () => {
    const { log: to, last } = log();
    await withLogContext({ correlation: 'cor_1' }, async () => {
      await Promise.resolve();
      withLogContext({ effect: 'eff_1' }, () => to.warn({ attempts: 2 }, 'tried'));
    });
    expect(last()).toMatchObject({ level: 'warn', msg: 'tried', attempts: 2, correlation: 'cor_1', effect: 'eff_1' });
    expect(new Date(String(last()['time'])).getTime()).toBeGreaterThan(0);
    to.info('outside');
    expect(last()).not.toHaveProperty('correlation');
  });

  it('keeps the contexts of simultaneous work apart', async () => {
    const { log: to, text } = log();
    await Promise.all(
      ['a', 'b', 'c'].map((one) =>
        withLogContext({ correlation: one }, async () => {
          for (let times = 0; times < 3; times++) await Promise.resolve();
          to.info({ own: one }, 'line');
        }),
      ),
    );
    for (const line of text().trim().split('\n')) {
      const { own, correlation } = JSON.parse(line) as { own: string; correlation: string };
      expect(correlation).toBe(own);
    }
  });
});
