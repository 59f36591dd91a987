import type { FieldValue } from '#core/records';
import { bounded } from './functions.ts';

export type FieldKind = 'text' | 'number' | 'bool';
/** A record as CEL reads it: by `get`, field by field. */
export type Row = Map<string, FieldValue>;

/**
 * A class of records of one type. CEL tells types apart by constructor, so each variable has its own. Reading goes by own
 * property only (no prototype can be reached) and gives null for what is absent or an empty text.
 */
export function createRowClass(kinds: Readonly<Record<string, FieldKind>> | null): new (fields: Readonly<Record<string, FieldValue>>) => Row {
  return class extends Map<string, FieldValue> {
    readonly #fields: Readonly<Record<string, FieldValue>>;
    constructor(fields: Readonly<Record<string, FieldValue>>) {
      super();
      this.#fields = fields;
    }
    override get(name: string): FieldValue {
      const value = Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? null) : null;
      const kind = kinds && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
      return read(value === '' ? null : value, kind);
    }
  };
}

/** A yes/no field that is empty means no, as a checkbox that nobody ticked does in every CRM. */
function read(value: FieldValue, kind: FieldKind | undefined): FieldValue {
  if (kind === 'bool') return value === true || value === 'true';
  if (value === null) return null;
  if (kind === 'number') return readNumber(value);
  if (kind === 'text') return bounded(String(value));
  return typeof value === 'string' ? bounded(value) : value;
}

function readNumber(value: string | number | boolean): number {
  const number = typeof value === 'boolean' ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) throw new Error('a number field holds something else');
  return number;
}
