import { isObject } from '#lib/json';

/**
 * A reader of Avro's binary form, as much of it as event schemas use. Own, because avro-js 1.12.2, which the vendor's client brings, does not load without a package
 * that it forgets to declare, builds its types by compiling text of the schema as code, and takes longs beyond 2^53 only through a type that one writes oneself.
 */
export type AvroValue = null | boolean | number | bigint | string | Uint8Array | AvroValue[] | Map<string, AvroValue>;
export interface AvroField {
  name: string;
  type: AvroType;
}
export interface AvroType {
  /** Of a record, or of the records among a union's branches; bitmaps of changed fields count along them. */
  fields: AvroField[];
  read(from: Bytes): AvroValue;
}
/** The bytes are not what the schema says, or the schema is none. */
export class AvroFault extends Error {}

/** Deeper than any event, so that a schema that holds itself ends. */
const MOST_LEVELS = 32;

class Bytes {
  #at = 0;
  #level = 0;
  constructor(readonly all: Buffer) {}

  take(count: number): Buffer {
    const end = this.#at + count;
    if (!(count >= 0 && end <= this.all.length)) throw new AvroFault('The event ends too early.');
    const taken = this.all.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
  left(): number {
    return this.all.length - this.#at;
  }
  /** Zigzag: the sign is in the lowest bit, seven bits a byte, the lowest first. */
  long(): bigint {
    let raw = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1).readUInt8();
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n));
    }
    throw new AvroFault('A number of the event has no end.');
  }
  /** A number that something is counted by. */
  count(): number {
    return Number(this.long());
  }
  deeper<T>(read: () => T): T {
    if (++this.#level > MOST_LEVELS) throw new AvroFault('The event nests too deep.');
    const got = read();
    this.#level--;
    return got;
  }
}

const plain = (read: AvroType['read']): AvroType => ({ fields: [], read });
const whole = plain((from) => {
  const long = from.long();
  return long >= Number.MIN_SAFE_INTEGER && long <= Number.MAX_SAFE_INTEGER ? Number(long) : long;
});
const PRIMITIVES = new Map<unknown, AvroType>([
  ['null', plain(() => null)],
  ['boolean', plain((from) => from.take(1).readUInt8() !== 0)],
  ['int', whole],
  ['long', whole],
  ['float', plain((from) => from.take(4).readFloatLE())],
  ['double', plain((from) => from.take(8).readDoubleLE())],
  ['bytes', plain((from) => from.take(from.count()))],
  ['string', plain((from) => from.take(from.count()).toString('utf8'))],
]);

/** A schema as it came, ready to read payloads by. @throws AvroFault */
export function avroType(json: string): AvroType {
  let schema: unknown;
  try {
    schema = JSON.parse(json);
  } catch {
    throw new AvroFault('The schema is not JSON.');
  }
  return typeOf(schema, { names: new Map(), namespace: '' });
}

/** Reads one whole payload. @throws AvroFault where anything is missing or left over */
export function readAvro(type: AvroType, payload: Uint8Array): AvroValue {
  const from = new Bytes(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
  const value = type.read(from);
  if (from.left() > 0) throw new AvroFault('The event is longer than its schema.');
  return value;
}

/** Named types of the schema so far, and the namespace in which names without one are meant. */
interface Scope {
  names: Map<string, AvroType>;
  namespace: string;
}

function typeOf(schema: unknown, scope: Scope): AvroType {
  if (typeof schema === 'string') return named(schema, scope);
  if (Array.isArray(schema)) return union(schema, scope);
  if (!isObject(schema)) throw new AvroFault('The schema holds something that is no type.');
  switch (schema.type) {
    case 'record':
      return record(schema, scope);
    case 'enum':
      return enumeration(schema, scope);
    case 'fixed':
      return named(
        declare(
          schema,
          scope,
          plain((from) => from.take(Number(schema.size))),
        ).name,
        scope,
      );
    case 'array':
      return blocks(typeOf(schema.items, scope), (item, from) => item.read(from));
    case 'map':
      return pairs(typeOf(schema.values, scope));
    default:
      return typeOf(schema.type, scope);
  }
}

function named(name: string, { names, namespace }: Scope): AvroType {
  const found = PRIMITIVES.get(name) ?? names.get(fullName(name, namespace)) ?? names.get(name);
  if (!found) throw new AvroFault('The schema names a type that it does not hold.');
  return found;
}
const fullName = (name: string, namespace: string): string => (name.includes('.') || namespace === '' ? name : `${namespace}.${name}`);

/** Known by its name before its parts are read, for they may name it. */
function declare(schema: Record<string, unknown>, scope: Scope, type: AvroType): { name: string; inside: Scope } {
  const name = fullName(String(schema.name), typeof schema.namespace === 'string' ? schema.namespace : scope.namespace);
  scope.names.set(name, type);
  return { name, inside: { names: scope.names, namespace: name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '' } };
}

function record(schema: Record<string, unknown>, scope: Scope): AvroType {
  const fields: AvroField[] = [];
  const type: AvroType = { fields, read: (from) => from.deeper(() => new Map(fields.map((field) => [field.name, field.type.read(from)]))) };
  const { inside } = declare(schema, scope, type);
  if (!Array.isArray(schema.fields)) throw new AvroFault('A record of the schema has no fields.');
  for (const field of schema.fields as unknown[]) {
    if (!isObject(field) || typeof field.name !== 'string') throw new AvroFault('A field of the schema has no name.');
    fields.push({ name: field.name, type: typeOf(field.type, inside) });
  }
  return type;
}

function enumeration(schema: Record<string, unknown>, scope: Scope): AvroType {
  const symbols = Array.isArray(schema.symbols) ? (schema.symbols as unknown[]).map(String) : [];
  const type = plain((from) => {
    const symbol = symbols[from.count()];
    if (symbol === undefined) throw new AvroFault('The event has a value that its schema does not list.');
    return symbol;
  });
  declare(schema, scope, type);
  return type;
}

function union(schemas: readonly unknown[], scope: Scope): AvroType {
  const branches = schemas.map((schema) => typeOf(schema, scope));
  return {
    fields: branches.flatMap(({ fields }) => fields),
    read(from) {
      const branch = branches[from.count()];
      if (!branch) throw new AvroFault('The event has a kind of value that its schema does not list.');
      return from.deeper(() => branch.read(from));
    },
  };
}

/** Arrays and maps come in blocks; one of negative count has its length in bytes behind it. Each item must take a byte, so that no count makes more of them than there are bytes. */
function blocks(items: AvroType, readItem: (items: AvroType, from: Bytes) => AvroValue): AvroType {
  return plain((from) =>
    from.deeper(() => {
      const all: AvroValue[] = [];
      for (let count = from.count(); count !== 0; count = from.count()) {
        if (count < 0) from.long();
        for (let item = 0; item < Math.abs(count); item++) {
          const before = from.left();
          all.push(readItem(items, from));
          if (from.left() === before) throw new AvroFault('The event lists more than it holds.');
        }
      }
      return all;
    }),
  );
}

function pairs(values: AvroType): AvroType {
  const read = blocks(values, (value, from) => [from.take(from.count()).toString('utf8'), value.read(from)]);
  return plain((from) => new Map(read.read(from) as [string, AvroValue][]));
}
