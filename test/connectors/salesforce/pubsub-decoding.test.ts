import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Problem } from '#core/problem';
import { projectRoot } from '#lib/root';
import { AvroFault, avroType, readAvro, type AvroValue } from '#connectors/salesforce/pubsub-avro';
import { fieldsIn } from '#connectors/salesforce/pubsub-bitmap';
import { noticeOf } from '#connectors/salesforce/pubsub-change';
import { loadParts, protoOf } from '#connectors/salesforce/pubsub-channel';
import { endpointOf } from '#connectors/salesforce/pubsub-endpoint';
import { positionOf, replayIdOf } from '#connectors/salesforce/sandbox/pubsub-replay';
import { createEventSchemas, type Avro } from '#connectors/salesforce/sandbox/pubsub-schema';
import { deal, ORG } from './pubsub-world.ts';

const specs = join(projectRoot, '../shared/specs/salesforce');
const specsAtHand = existsSync(join(specs, 'pubsub_api.proto'));
if (!specsAtHand) console.warn(`\n*** THE VENDOR'S CONTRACT IS NOT AT HAND (${specs}): the Pub/Sub API is held against the client package alone. ***\n`);

/** The reference: the package that the vendor's own client reads events with. */
const avro = loadParts().beside('avro-js/lib/schemas') as Avro;

const ADDRESS = { type: 'record', name: 'Address', fields: ['Street', 'City', 'Zip'].map((name) => ({ name, type: ['null', 'string'] })) };
const fieldsOf = (names: string[]) => avroType(JSON.stringify({ type: 'record', name: 'E', fields: names.map((name) => ({ name, type: ['null', 'string'] })) })).fields;

describe('bitmaps of changed fields', () => {
  /** As the vendor describes it: the hex as binary, turned around; place i is field i. */
  const described = (hex: string, names: string[]): string[] => {
    const bits = [...hex].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
    return [...bits].reverse().flatMap((bit, place) => (bit === '1' && names[place] !== undefined ? [names[place]] : []));
  };

  it('name the fields that are marked, however many there are', () =>
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }), fc.boolean(), fc.nat(3), (marks, capitals, zeros) => {
        const names = marks.map((_, place) => `F${place}`);
        const number = marks.reduce((all, mark, place) => (mark ? all | (1n << BigInt(place)) : all), 0n);
        const hex = '0'.repeat(zeros) + (capitals ? number.toString(16).toUpperCase() : number.toString(16));
        const expected = names.filter((_, place) => marks[place]);
        expect(fieldsIn([`0x${hex}`], fieldsOf(names))).toEqual(expected);
        expect(described(hex, names)).toEqual(expected);
      }),
    ));

  it('name the parts of compound fields, with or without one for the event itself', () => {
    const { fields } = avroType(
      JSON.stringify({
        type: 'record',
        name: 'E',
        fields: [
          { name: 'Header', type: 'string' },
          { name: 'Name', type: ['null', 'string'] },
          { name: 'Billing', type: ['null', ADDRESS] },
          { name: 'Shipping', type: ['null', 'Address'] },
        ],
      }),
    );
    expect(fieldsIn(['0x2', '2-0x5'], fields)).toEqual(['Name', 'Billing.Street', 'Billing.Zip']);
    expect(fieldsIn(['3-0x02'], fields)).toEqual(['Shipping.City']);
    expect(fieldsIn(['2-0x1', '3-0x4'], fields)).toEqual(['Billing.Street', 'Shipping.Zip']);
  });

  it('name nothing where they are none, or point past the fields', () => {
    const fields = fieldsOf(['A', 'B']);
    expect(fieldsIn(['', '0x', 'A', '0xZZ', '9-0x1', '0-0x1', '-0x1', '0xFC', '99999999999-0x1'], fields)).toEqual([]);
    expect(fieldsIn(['0xFF'], fields)).toEqual(['A', 'B']);
  });
});

describe('Avro', () => {
  const schema = {
    type: 'record',
    name: 'Event',
    namespace: 'com.sforce.eventbus',
    fields: [
      { name: 'text', type: 'string' },
      { name: 'whole', type: 'long' },
      { name: 'small', type: 'int' },
      { name: 'real', type: 'double' },
      { name: 'truth', type: 'boolean' },
      { name: 'raw', type: 'bytes' },
      { name: 'four', type: { type: 'fixed', name: 'Four', size: 4 } },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['CREATE', 'UPDATE', 'DELETE'] } },
      { name: 'list', type: { type: 'array', items: 'string' } },
      { name: 'table', type: { type: 'map', values: 'long' } },
      { name: 'maybe', type: ['null', 'string', ADDRESS], default: null },
      { name: 'again', type: ['null', 'com.sforce.eventbus.Address'] },
      { name: 'alike', type: 'Kind' },
    ],
  };
  const text = fc.string({ unit: 'grapheme' });
  const address = fc.record({ Street: fc.option(text), City: fc.option(text), Zip: fc.option(text) });
  const bytes = (length?: number) => fc.uint8Array(length === undefined ? {} : { minLength: length, maxLength: length });
  const long = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
  const event = fc.record({
    text,
    whole: long,
    small: fc.integer(),
    real: fc.double({ noNaN: true }),
    truth: fc.boolean(),
    raw: bytes(),
    four: bytes(4),
    kind: fc.constantFrom('CREATE', 'UPDATE', 'DELETE'),
    list: fc.array(text),
    table: fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      long,
    ),
    maybe: fc.oneof(fc.constant(null), text, address),
    again: fc.option(address),
    alike: fc.constantFrom('CREATE', 'UPDATE', 'DELETE'),
  });
  type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

  const branch = (value: string | null) => (value === null ? null : { string: value });
  const wrapped = (value: Event['again']) => value && { 'com.sforce.eventbus.Address': { Street: branch(value.Street), City: branch(value.City), Zip: branch(value.Zip) } };
  const encode = (value: Event): Buffer =>
    avro.createType(schema).toBuffer({
      ...value,
      raw: Buffer.from(value.raw),
      four: Buffer.from(value.four),
      maybe: typeof value.maybe === 'string' ? { string: value.maybe } : wrapped(value.maybe),
      again: wrapped(value.again),
    });
  const plain = (value: AvroValue): unknown => {
    if (value instanceof Map) return Object.fromEntries([...value].map(([name, part]) => [name, plain(part)]));
    if (value instanceof Uint8Array) return new Uint8Array(value);
    return Array.isArray(value) ? value.map(plain) : value;
  };
  const type = avroType(JSON.stringify(schema));

  it('is read as another implementation writes it', () =>
    fc.assert(
      fc.property(event, (value) => {
        expect(plain(readAvro(type, encode(value)))).toEqual({ ...value, maybe: value.maybe, again: value.again });
      }),
    ));

  it('that is cut, longer or damaged is a fault, never anything else', () =>
    fc.assert(
      fc.property(event, fc.nat(), fc.nat(255), (value, at, byte) => {
        const whole = encode(value);
        expect(() => readAvro(type, whole.subarray(0, at % whole.length))).toThrow(AvroFault);
        expect(() => readAvro(type, Buffer.concat([whole, Buffer.from([byte])]))).toThrow(AvroFault);
        whole.writeUInt8(byte, at % whole.length);
        try {
          readAvro(type, whole);
        } catch (fault) {
          expect(fault).toBeInstanceOf(AvroFault);
        }
      }),
    ));

  it('keeps numbers beyond 2^53 whole', () => {
    const longs = avroType('{"type":"array","items":"long"}');
    const greatest = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    const least = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    expect(readAvro(longs, Buffer.concat([Buffer.from([4]), greatest, least, Buffer.from([0])]))).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
  });

  it('that nests without end, counts what it does not hold or has no schema is a fault', () => {
    const endless = avroType('{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}');
    expect(() => readAvro(endless, Buffer.alloc(10))).toThrow(AvroFault);
    const nothings = avroType('{"type":"array","items":"null"}');
    expect(() => readAvro(nothings, Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]))).toThrow(AvroFault);
    expect(() => readAvro(avroType('"bytes"'), Buffer.from([0x01]))).toThrow(AvroFault);
    for (const none of ['', 'null', '3', '"Unknown"', '{"type":"record","name":"R"}', '{"type":"record","name":"R","fields":[{"type":"int"}]}']) {
      expect(() => avroType(none), none).toThrow(AvroFault);
    }
  });
});

describe('a change event', () => {
  const schemas = createEventSchemas(avro);
  const base = {
    entity: 'Opportunity' as const,
    changeType: 'UPDATE' as const,
    changeOrigin: '',
    transactionKey: 't',
    sequenceNumber: 2,
    commitTimestamp: 5,
    commitNumber: 1,
    commitUser: '',
    changed: { StageName: 'A' },
  };
  const read = (event: Parameters<typeof schemas.encode>[0]) => {
    const { payload, schemaId } = schemas.encode(event);
    return noticeOf(ORG, { id: 'e', schemaId, payload }, avroType(schemas.find(schemaId)?.json ?? ''));
  };

  it('has a key of bearable length for any number of records, which does not hang on their order', () => {
    const ids = Array.from({ length: 500 }, (_, n) => deal(n));
    const one = read({ ...base, recordIds: ids });
    const other = read({ ...base, recordIds: [...ids].reverse() });
    expect(one?.key.length).toBeLessThan(120);
    expect(other?.key).toBe(one?.key);
    expect(read({ ...base, recordIds: ids.slice(1) })?.key).not.toBe(one?.key);
    expect((one?.payload as { ids: string[] }).ids).toHaveLength(500);
  });

  it('that was enriched with a stage which did not change says nothing of it', () => {
    const { json, id } = schemas.current();
    const fields = avroType(json).fields.map(({ name }) => name);
    const header = {
      ...base,
      entityName: 'Opportunity',
      recordIds: [deal(1)],
      nulledFields: [],
      diffFields: [],
      changedFields: [`0x${(1n << BigInt(fields.indexOf('Amount'))).toString(16)}`],
    };
    const values = { ...Object.fromEntries(fields.map((name) => [name, null])), StageName: { string: 'A' }, Amount: { double: 1 } };
    const payload = avro.createType(JSON.parse(json)).toBuffer({ ...values, ChangeEventHeader: header });
    const notice = noticeOf(ORG, { id: 'e', schemaId: id, payload }, avroType(json));
    expect(notice?.payload).toEqual({ ids: [deal(1)], changeType: 'UPDATE', origin: '', commitAt: 5 });
  });

  it('of another object on the same channel is none of ours', () => {
    expect(read({ ...base, entity: 'Account' as 'Opportunity', recordIds: [deal(1)] })).toBeNull();
  });
});

describe('replay ids of the sandbox', () => {
  it('lead back to their place and nowhere else', () =>
    fc.assert(
      fc.property(fc.nat(1_000_000), (place) => {
        const log = { head: () => 1_000_000, oldest: () => 1 };
        const id = replayIdOf(place);
        expect(positionOf(id, log)).toBe(place);
        const next = Buffer.from(id);
        next.writeBigUInt64BE(id.readBigUInt64BE() + 1n);
        expect([positionOf(next, log), positionOf(id.subarray(0, 8), log)]).toEqual([null, null]);
      }),
    ));
});

describe('the way to the vendor', () => {
  const install = (baseUrl: string, pubsub?: string) => ({
    id: 'ins_1' as const,
    account: ORG,
    baseUrl,
    environment: 'live' as const,
    details: pubsub === undefined ? {} : { pubsub },
  });

  it("is the vendor's own address, or a region's, by TLS", () => {
    const org = 'https://acme.my.salesforce.com';
    expect(endpointOf(install(org))).toEqual({ address: 'api.pubsub.salesforce.com:7443', tls: true });
    expect(endpointOf(install(org, 'api.deu.pubsub.salesforce.com:443'))).toEqual({ address: 'api.deu.pubsub.salesforce.com:443', tls: true });
    for (const other of ['127.0.0.1:7443', 'evil.example:7443', 'api.pubsub.salesforce.com.evil.example:7443', 'api.pubsub.salesforce.com:80', 'dns:///evil.example:7443']) {
      expect(() => endpointOf(install(org, other)), other).toThrow(Problem);
    }
  });

  it('of a sandbox stays on its machine, in plain text', () => {
    expect(endpointOf(install('http://127.0.0.1:8080/sandbox/salesforce', '127.0.0.1:5000'))).toEqual({ address: '127.0.0.1:5000', tls: false });
    // An org that is reached in plain text over a network is no sandbox.
    expect(() => endpointOf(install('http://10.0.0.1:8080', '127.0.0.1:5000'))).toThrow(Problem);
  });

  it('without the optional package says what to install', () => {
    const absent = () => loadParts(() => createMissing());
    expect(absent).toThrow(/npm install --save-prod salesforce-pubsub-api-client@5\.5\.2/);
    expect(absent).toThrow(Problem);
  });
  const createMissing = (): string => {
    throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
  };
});

describe("the vendor's contract", () => {
  it('is what the package brings and what both sides speak', () => {
    const brought = readFileSync(protoOf(), 'utf8');
    expect(brought).toContain('service PubSub');
    if (specsAtHand) expect(brought).toBe(readFileSync(join(specs, 'pubsub_api.proto'), 'utf8'));
  });

  it('has every field of an opportunity that the sandbox sends', () => {
    const sent = avroType(createEventSchemas(avro).current().json).fields.map(({ name }) => name);
    expect(sent.slice(0, 1)).toEqual(['ChangeEventHeader']);
    expect(sent).toContain('StageName');
    if (!specsAtHand) return;
    const { fields } = JSON.parse(readFileSync(join(specs, 'Opportunity.json'), 'utf8')) as { fields: Record<string, unknown> };
    const system = ['CreatedDate', 'CreatedById', 'LastModifiedDate', 'LastModifiedById'];
    expect(sent.slice(1).filter((name) => !(name in fields) && !system.includes(name))).toEqual([]);
  });
});
