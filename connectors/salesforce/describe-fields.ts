import type { FieldInfo, FieldType } from '#core/records';
import { entryOf, isObject } from '#lib/json';
import { isOwn, shown, type Kind } from './describe-objects.ts';

/** A field of the org. */
export interface OrgField extends FieldInfo {
  /** As the org names it, namespace included. */
  api: string;
  /** Salesforce's own type, such as `textarea`. */
  kind: string;
  /** Characters that it takes; null where Salesforce names none. */
  length: number | null;
}
/** As much of a describe as is read. */
export interface Described {
  fields: OrgField[];
  recordTypes: { id: string; name: string; active: boolean; master: boolean }[];
}

const TYPES: Record<string, FieldType> = {
  int: 'number',
  long: 'number',
  double: 'number',
  currency: 'number',
  percent: 'number',
  boolean: 'bool',
  date: 'date',
  datetime: 'datetime',
  picklist: 'choice',
};
/** Compounds, whose parts are fields of their own, and bytes. */
const UNREAD = new Set(['address', 'location', 'base64', 'anyType', 'complexvalue', 'json']);

export function describedFrom(kind: Kind, namespace: string, body: unknown): Described {
  const { fields, recordTypeInfos } = isObject(body) ? body : {};
  const named = new Map<string, OrgField>();
  for (const raw of listOf(fields)) {
    const field = fieldFrom(kind, namespace, raw);
    // The org's own field may have the name that ours has without its namespace: ours is the one that mappings mean.
    if (field && (field.api !== field.name || !named.has(field.name))) named.set(field.name, field);
  }
  const recordTypes = listOf(recordTypeInfos).map((info) => ({ id: text(info.recordTypeId), name: text(info.name), active: info.active !== false, master: info.master === true }));
  return { fields: [...named.values()], recordTypes: recordTypes.filter(({ id }) => id !== '') };
}

function fieldFrom(kind: Kind, namespace: string, raw: Record<string, unknown>): OrgField | null {
  const [api, type] = [text(raw.name), text(raw.type)];
  if (api === '' || UNREAD.has(type) || raw.deprecatedAndHidden === true) return null;
  const own = entryOf(TYPES, type) ?? 'text';
  const options = own === 'choice' ? optionsFrom(raw.picklistValues) : [];
  return {
    name: shown(namespace, api),
    label: text(raw.label) || api,
    type: own,
    ...(options.length > 0 && { options }),
    // Describe tells what the connected user may do: field-level security is in it. Ours are made too, so both must be allowed.
    writable: raw.updateable === true && (!isOwn(kind) || raw.createable === true),
    api,
    kind: type,
    length: typeof raw.length === 'number' && raw.length > 0 ? raw.length : null,
  };
}

/** API names of the values in use; an inactive one stays on old records and may not be set. */
export function optionsFrom(values: unknown): string[] {
  return listOf(values).flatMap((value) => (value.active === false || typeof value.value !== 'string' ? [] : [value.value]));
}

export const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
