import type { FieldInfo, Fields, FieldValue } from '#core/records';

/** HubSpot keeps every value as text and an empty one as null or ''; a mapping works with the types that the account declares. */
export function fieldsFrom(properties: Record<string, string | null>, infos: readonly FieldInfo[]): Fields {
  const fields: Fields = {};
  for (const { name, type } of infos) fields[name] = valueFrom(properties[name], type);
  return fields;
}

function valueFrom(text: string | null | undefined, type: FieldInfo['type']): FieldValue {
  if (text === null || text === undefined || text === '') return null;
  if (type === 'bool') return text === 'true';
  if (type === 'number') return Number.isFinite(Number(text)) ? Number(text) : null;
  return text;
}

/** An empty text clears a property. */
export function textOf(value: FieldValue): string {
  return value === null ? '' : String(value);
}
