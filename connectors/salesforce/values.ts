import type { Fields, FieldType, FieldValue } from '#core/records';
import type { OrgField } from './describe-fields.ts';

/** A record's fields as mappings know them, each of the type that the org declares. */
export function fieldsFrom(record: Record<string, unknown>, infos: readonly OrgField[]): Fields {
  const fields: Fields = {};
  for (const { name, api, type } of infos) fields[name] = valueFrom(record[api], type);
  return fields;
}

function valueFrom(value: unknown, type: FieldType): FieldValue {
  if (value === '' || value === null || value === undefined) return null;
  if (type === 'datetime') return momentFrom(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Salesforce writes `2026-03-01T10:00:00.000+0000`, whose zone has no colon and so is not ISO 8601's. */
function momentFrom(value: unknown): string | null {
  const ms = timeFrom(value);
  return ms === null ? null : new Date(ms).toISOString();
}

/** Milliseconds since the epoch. */
export function timeFrom(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const ms = Date.parse(value.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isFinite(ms) ? ms : null;
}

export const textFrom = (value: unknown): string => (typeof value === 'string' ? value : '');
