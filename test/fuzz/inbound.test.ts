import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { salesforce } from '#connectors/salesforce/index';
import { avroType, AvroFault, readAvro } from '#connectors/salesforce/pubsub-avro';
import type { Json } from '#lib/json';
import { projectFile, projectRoot } from '#lib/root';
import { Secret } from '#lib/secret';
import type { Inbound, RawDelivery } from '#ports/inbound';
import { CONNECTORS } from '#src/vendors';
import { anyJson, anyText, mutated, mutatedXml } from '../contract/odd.ts';
import { TRIED } from '../contract/vendors.ts';
import { copes, fuzz, spoiledBytes } from './runs.ts';

const NOW = 1_767_693_620_000;
const SECRET = 'a secret of the app';
const HOOK = 'k'.repeat(32);
const post = (vendor: string, body: string | Uint8Array, headers: Record<string, string> = {}): RawDelivery => ({
  method: 'POST',
  url: `https://countersign.example.com/webhooks/${vendor}/${HOOK}`,
  headers,
  body: Buffer.from(body),
});

/** What a vendor really sends, from its connector's samples. */
function samplesOf(vendor: string): string[] {
  const folder = join(projectRoot, 'connectors', vendor, 'samples');
  return readdirSync(folder)
    .filter((file) => /\.(json|xml)$/.test(file) && !/\.facts\.json$/.test(file))
    .map((file) => projectFile(`connectors/${vendor}/samples/${file}`));
}
const changed = (text: string): fc.Arbitrary<string> =>
  text.trimStart().startsWith('<') ? mutatedXml(text) : mutated(JSON.parse(text) as Json).map((value) => JSON.stringify(value));
const headers = (...names: string[]) => fc.dictionary(fc.constantFrom(...names, 'content-type', '__proto__'), anyText);

const RECEIVING = CONNECTORS.flatMap(({ manifest, inbound }) => (inbound ? [[manifest.id, inbound] as const] : []));

describe.each(RECEIVING)('%s', (vendor, inbound: Inbound) => {
  const samples = samplesOf(vendor);
  const bodies = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...samples).chain(changed) },
    fc.constantFrom(...samples).chain((text) => spoiledBytes(Buffer.from(text))),
    fc.uint8Array({ maxLength: 300 }),
  );

  it('reads any body, or says that it cannot', () => {
    expect(samples.length).toBeGreaterThan(1);
    fuzz(bodies, (body) => copes(() => inbound.split(post(vendor, body)), 'delivery.malformed'));
  });

  it('makes facts of any notice, or none, or says that it cannot', () => {
    const notices = samples.flatMap((body) => inbound.split(post(vendor, body)));
    const payloads = fc.oneof(anyJson, fc.constantFrom(...notices.map(({ payload }) => payload)).chain(mutated));
    const kinds = fc.oneof(fc.constantFrom(...notices.map(({ kind }) => kind)), anyText);
    fuzz(fc.record({ account: anyText, key: anyText, kind: kinds, at: fc.oneof(fc.integer(), fc.double()), payload: payloads }), (notice) =>
      copes(() => inbound.decode(notice, { appId: '1' }), 'delivery.malformed'),
    );
  });

  const protection = TRIED[vendor]?.webhooks?.protection;
  it('believes nobody who cannot sign', () => {
    if (protection?.by !== 'signature') {
      // Unsigned: what vouches is the address, and no header makes up for one without its secret.
      const open = { ...post(vendor, ''), url: `https://countersign.example.com/webhooks/${vendor}/short` };
      return fuzz(fc.tuple(headers('x-signature'), bodies), ([given, body]) => !inbound.verify({ ...open, headers: given, body: Buffer.from(body) }, [new Secret(SECRET)], NOW).ok);
    }
    const good = protection.sign(post(vendor, samples[0] ?? ''), SECRET, NOW);
    expect(inbound.verify(good, [new Secret(SECRET)], NOW)).toEqual({ ok: true });
    const names = Object.keys(good.headers).filter((name) => protection.headers.test(name));
    expect(names.length).toBeGreaterThan(0);
    fuzz(fc.tuple(headers(...names), bodies), ([given, body]) => !inbound.verify({ ...good, headers: given, body: Buffer.from(body) }, [new Secret(SECRET)], NOW).ok);
  });

  if (protection?.by === 'signature')
    it('never takes a signature or a body that was changed', () => {
      const good = protection.sign(post(vendor, samples[0] ?? ''), SECRET, NOW);
      const body = spoiledBytes(good.body).map((spoiled) => ({ ...good, body: spoiled }));
      const [name = ''] = Object.keys(good.headers).filter((header) => protection.headers.test(header));
      const given = good.headers[name] ?? '';
      const signature = spoiledBytes(Buffer.from(given))
        .map((spoiled) => Buffer.from(spoiled).toString('latin1'))
        // White space around a header's value is not part of it.
        .filter((spoiled) => spoiled.trim() !== given)
        .map((spoiled) => ({ ...good, headers: { ...good.headers, [name]: spoiled } }));
      fuzz(fc.oneof(body, signature), (delivery) => !inbound.verify(delivery, [new Secret(SECRET)], NOW).ok);
    });
});

describe('who asks from inside a CRM', () => {
  const urls = fc.oneof(
    fc.webUrl({ withQueryParameters: true }),
    fc
      .array(fc.tuple(fc.constantFrom('portalId', 'userId', 'appId', '__proto__'), anyText), { maxLength: 5 })
      .map((pairs) => `https://countersign.example.com/cards?${new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, Buffer.from(value).toString()]))}`),
  );
  const asked = fc.record({
    method: fc.constantFrom('GET', 'POST', ''),
    url: urls,
    headers: headers('x-countersign-org', 'x-countersign-user', 'x-countersign-key', 'x-hubspot-signature-v3', 'x-hubspot-request-timestamp'),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      anyJson.map((value) => Buffer.from(JSON.stringify(value))),
    ),
  });

  it.each(
    CONNECTORS.flatMap(({ manifest, cards, workflow }) => [
      ...(cards ? [[`${manifest.id} card`, cards] as const] : []),
      ...(workflow ? [[`${manifest.id} workflow`, workflow] as const] : []),
    ]),
  )('%s: is named or refused, and never believed without a signature', (_name, side) =>
    fuzz(asked, (delivery) => {
      copes(() => ('identify' in side ? side.identify(delivery) : side.read(delivery)), 'request.malformed');
      return !side.verify(delivery, [new Secret(SECRET)], NOW).ok && !side.verify(delivery, [], NOW).ok;
    }),
  );
});

describe('a stream', () => {
  const type = avroType(
    JSON.stringify({
      type: 'record',
      name: 'Change',
      fields: [
        { name: 'Id', type: ['null', 'string'] },
        { name: 'At', type: 'long' },
        { name: 'Amount', type: ['null', 'double'] },
        { name: 'Names', type: { type: 'array', items: 'string' } },
      ],
    }),
  );
  it('says what it cannot read of any bytes, and takes no more memory than they have', () =>
    fuzz(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        readAvro(type, bytes);
      } catch (error) {
        if (!(error instanceof AvroFault)) throw error;
      }
    }));
  it('says so of any schema too', () =>
    fuzz(
      fc.oneof(
        anyText,
        anyJson.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        try {
          avroType(text);
        } catch (error) {
          if (!(error instanceof AvroFault)) throw error;
        }
      },
    ));
  it('belongs to a connector that has one', () => expect(salesforce.crm?.listen).toBeDefined());
});
