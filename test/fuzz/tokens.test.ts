import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { createSealer } from '#lib/seal';
import { newWebhookSecret, signWebhook } from '#lib/standard-webhooks';
import { readForm, signForm } from '#flow/capture/token';
import { readWaiting, signWaiting } from '#flow/capture/waiting';
import { findApiKey, makeApiKey } from '#store/api-keys';
import { consumeLink, findSession, isLinkGood, issueLink, openSession } from '#store/sessions';
import { anyText } from '../contract/odd.ts';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { NOW, putAccount } from '../store/fixtures.ts';
import { fuzz, fuzzLater, refuses, spoiled, spoiledBytes } from './runs.ts';

const sealer = createSealer(Buffer.alloc(32, 7), { others: [Buffer.alloc(32, 8)] });
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const letters = fc.string({ unit: fc.constantFrom(...BASE64URL, '.'), maxLength: 3 });
/** A token with letters of it changed. Base64 has bits at its end that mean nothing, so those that decode to the same are no change. */
const changed = (token: string): fc.Arbitrary<string> => {
  const means = (text: string) => JSON.stringify(text.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex')));
  return fc.oneof(spoiled(token, letters), spoiled(token, anyText)).filter((made) => means(made) !== means(token));
};

describe('what is sealed or signed here', () => {
  it('opens only as it was sealed', () => {
    const sealed = sealer.seal('the text', 'place');
    fuzz(fc.oneof(changed(sealed), anyText), (text) => refuses(() => sealer.open(text, 'place')));
    fuzz(
      anyText.filter((place) => Buffer.from(place).toString() !== 'place'),
      (place) => refuses(() => sealer.open(sealed, place)),
    );
    const [version = '', id = '', data = ''] = sealed.split('.');
    fuzz(spoiledBytes(Buffer.from(data, 'base64url')), (bytes) => refuses(() => sealer.open(`${version}.${id}.${Buffer.from(bytes).toString('base64url')}`, 'place')));
  });

  it('a form says only what it was given', () => {
    const page = { tenant: 'ten_1' as const, slug: 'newsletter' };
    const token = signForm(sealer, { ...page, version: 1, locale: 'en', texts: [], rendering: 'hash', at: NOW, nonce: 'n', touch: null });
    expect(readForm(sealer, token, page, NOW)).not.toBeNull();
    fuzz(fc.oneof(changed(token), anyText), (text) => readForm(sealer, text, page, NOW) === null);
  });

  it('a document is shown to whoever has its address, and to nobody else', () => {
    const waiting = { tenant: 'ten_1' as const, post: 'cap_1' as const };
    const token = signWaiting(sealer, waiting, NOW);
    expect(readWaiting(sealer, token, waiting, NOW)).toBe(true);
    // The time before the dot is text, not base64.
    fuzz(
      fc.oneof(spoiled(token, letters), spoiled(token, anyText), anyText).filter((text) => text.split('.')[0] !== token.split('.')[0]),
      (text) => !readWaiting(sealer, text, waiting, NOW),
    );
    fuzz(changed(token), (text) => !readWaiting(sealer, text, waiting, NOW));
  });

  it('a message is good for its receiver only as it was sent', () => {
    const secret = newWebhookSecret();
    const body = '{"type":"document_sent","data":{"id":"env_1"}}';
    const at = Date.now();
    const good = signWebhook({ id: 'msg_1', at, body }, [secret]);
    const receiver = new Webhook(secret);
    expect(receiver.verify(body, { ...good })).toEqual(JSON.parse(body));
    const wrong = fc.oneof(
      spoiledBytes(Buffer.from(body)).map((bytes) => ({ body: Buffer.from(bytes).toString('latin1'), headers: good })),
      spoiledBytes(Buffer.from('msg_1')).map((id) => ({ body, headers: { ...good, 'webhook-id': Buffer.from(id).toString('latin1') } })),
      fc
        .integer({ min: -200, max: 200 })
        .filter((seconds) => seconds !== 0)
        .map((seconds) => ({ body, headers: { ...good, 'webhook-timestamp': String(Number(good['webhook-timestamp']) + seconds) } })),
    );
    fuzz(wrong, (sent) => refuses(() => receiver.verify(sent.body, { ...sent.headers })));
  });
});

describe('who comes with a guess', () => {
  let database: TestDatabase;
  let cookie: string;
  let link: string;
  let key: string;
  beforeAll(async () => {
    database = await openTestDatabase('SQLite');
    const { tenant } = await putAccount(database.db);
    ({ cookie } = await openSession(database.db, tenant, NOW));
    link = await issueLink(database.db, { tenant: null, ttlMs: 60_000, now: NOW });
    const made = await database.db.transaction().execute((tx) => makeApiKey(tx, tenant, { name: 'a key', scopes: ['consents:read'], by: 'a test' }, NOW));
    key = JSON.stringify(made).match(/csk_[\w-]+/)?.[0] ?? '';
  });
  afterAll(() => database.close());

  it('has no session', async () => {
    expect(await findSession(database.db, cookie, NOW)).toBeDefined();
    await fuzzLater(
      fc.oneof(spoiled(cookie, letters), anyText).filter((text) => text !== cookie),
      async (text) => (await findSession(database.db, text, NOW)) === undefined,
    );
  });
  it('has no link', async () => {
    expect(await isLinkGood(database.db, link, NOW)).toBe(true);
    await fuzzLater(
      fc.oneof(spoiled(link, letters), anyText).filter((text) => text !== link),
      async (text) => (await consumeLink(database.db, text, NOW)) === null,
    );
  });
  it('has no key of the API', async () => {
    expect(await findApiKey(database.db, key, NOW)).toBeDefined();
    await fuzzLater(
      fc.oneof(spoiled(key, letters), anyText).filter((text) => text !== key),
      async (text) => (await findApiKey(database.db, text, NOW)) === undefined,
    );
  });
});
