import { isObject } from '#lib/json';
import type { Fields, FieldValue } from '#core/records';

/** The name of a field's input in the correction form. */
export const inputOf = (field: string): string => `set.${field}`;

/** What a person changed in the values of a write: each keeps its kind, and an emptied one clears the field. Unknown fields are left out. */
export function correctionsOf(present: unknown, form: Record<string, string>): Fields {
  if (!isObject(present)) return {};
  const corrections: Fields = {};
  for (const [field, value] of Object.entries(present)) {
    const typed = form[inputOf(field)];
    if (typed === undefined || typed === shownAs(value)) continue;
    corrections[field] = valueOf(typed, value);
  }
  return corrections;
}

/** A value as its input shows it. */
export const shownAs = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

function valueOf(typed: string, before: unknown): FieldValue {
  if (typed === '') return null;
  if (typeof before === 'boolean' && (typed === 'true' || typed === 'false')) return typed === 'true';
  if (typeof before === 'number' && typed.trim() !== '' && Number.isFinite(Number(typed))) return Number(typed);
  return typed;
}
