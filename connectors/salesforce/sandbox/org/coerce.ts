import { isDate, momentOf, stamp } from './moments.ts';
import { fault, malformedJson, type Fault } from './faults.ts';
import { id18Of } from './ids.ts';
import type { FieldDef, FieldType, Value } from './metadata.ts';
import type { SeenField } from './schema.ts';

/** A value as the org keeps it, or what is wrong with it. */
export type Coerced = { value: Value } | { fault: Fault };

const text = (given: unknown, type: FieldType): string => {
  if (typeof given === 'string') return given;
  if (typeof given === 'number' || typeof given === 'boolean') return String(given);
  throw malformedJson(`Cannot deserialize instance of ${type} from START_OBJECT or START_ARRAY`);
};

type Refuse = (code: string, message: string) => Coerced;

/** @throws ApiFault JSON_PARSER_ERROR where the JSON type cannot be the field's, which ends the whole request */
export function coerce(seen: SeenField, given: unknown): Coerced {
  const { def } = seen;
  if (given === null || given === undefined) return { value: def.type === 'boolean' ? false : null };
  const refuse: Refuse = (code, message) => ({ fault: fault(code, `${def.label}: ${message}`, [seen.name]) });
  const own = READERS[def.type];
  return own ? own(def, given, refuse) : words(def, text(given, def.type), refuse);
}

/** Types that are no plain texts. */
const READERS: Partial<Record<FieldType, (def: FieldDef, given: unknown, refuse: Refuse) => Coerced>> = {
  boolean: (_, given) => {
    if (given === true || given === 'true') return { value: true };
    if (given === false || given === 'false') return { value: false };
    throw cannot(given, 'boolean');
  },
  double: number,
  currency: number,
  percent: number,
  int: number,
  date: (_, given) => {
    const day = text(given, 'date').slice(0, 10);
    if (!isDate(day)) throw cannot(given, 'date');
    return { value: day };
  },
  datetime: (_, given) => {
    const ms = momentOf(text(given, 'datetime'));
    if (Number.isNaN(ms)) throw cannot(given, 'datetime');
    return { value: stamp(ms) };
  },
  id: reference,
  reference,
};

function reference(_: FieldDef, given: unknown, refuse: Refuse): Coerced {
  const raw = text(given, 'reference');
  if (raw === '') return { value: null };
  const id = id18Of(raw);
  return id === null ? refuse('MALFORMED_ID', `id value of incorrect type: ${raw}`) : { value: id };
}

function words(def: FieldDef, raw: string, refuse: Refuse): Coerced {
  // Salesforce trims texts, and an empty one is none at all.
  const value = def.type === 'base64' ? raw : raw.trim();
  if (value === '') return { value: null };
  if (def.length > 0 && value.length > def.length) return refuse('STRING_TOO_LONG', `data value too large: ${value} (max length=${def.length})`);
  if (def.type === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return refuse('INVALID_EMAIL_ADDRESS', `invalid email address: ${value}`);
  // StageName has its values from the org's stages, which are checked where the record type is known.
  if (def.restricted && def.values.length > 0 && !def.values.includes(value))
    return refuse('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `bad value for restricted picklist field: ${value}`);
  return { value };
}

function number(def: FieldDef, given: unknown, refuse: Refuse): Coerced {
  const value = typeof given === 'number' ? given : typeof given === 'string' && given.trim() !== '' ? Number(given) : NaN;
  if (!Number.isFinite(value)) throw cannot(given, def.type);
  if (def.type === 'int' && !Number.isInteger(value)) throw cannot(given, 'int');
  if (Math.abs(value) >= 10 ** (def.precision - def.scale)) return refuse('NUMBER_OUTSIDE_VALID_RANGE', 'value outside of valid range on numeric field');
  return { value: Number(value.toFixed(def.scale)) };
}

function cannot(given: unknown, type: string) {
  const token =
    typeof given === 'string' ? 'VALUE_STRING' : typeof given === 'number' ? 'VALUE_NUMBER' : typeof given === 'boolean' ? `VALUE_${String(given).toUpperCase()}` : 'START_OBJECT';
  return malformedJson(
    `Cannot deserialize instance of ${type} from ${token} value ${typeof given === 'object' ? '' : String(given)} or request may be missing a required field at [line:1, column:1]`,
  );
}
