import type { FieldValue } from '#core/records';
import { isObject } from '#lib/json';
import type { Definition, DefinitionField, SandboxState } from './state.ts';

export type Checked = { ok: true; definition: Definition; contactKey: string; data: Record<string, FieldValue> } | { ok: false; code: number; message: string };

/** An entry event as the vendor looks at it, before anybody enters anything. */
export function checkEvent(state: SandboxState, mid: string, body: unknown): Checked {
  if (!isObject(body)) return no(10_000, 'The request body is not valid JSON.');
  const { ContactKey: contactKey, EventDefinitionKey: key, Data: data = {} } = body;
  if (typeof contactKey !== 'string' || contactKey === '') return no(10_001, 'ContactKey is a required parameter.');
  if (typeof key !== 'string' || key === '') return no(10_001, 'EventDefinitionKey is a required parameter.');
  const definition = state.definitions.find((one) => one.key === key && one.mid === mid);
  if (!definition || key.includes('.')) return no(30_003, `Unable to find an event definition with the key ${key}.`);
  if (!definition.active) return no(30_004, `The journey of the event definition ${key} is not active.`);
  if (state.inactive.includes(contactKey)) return no(30_005, `The contact ${contactKey} is not active.`);
  if (!isObject(data)) return no(10_002, 'Data has to be an object.');
  const fault = dataFault(definition.fields, data);
  return fault === null ? { ok: true, definition, contactKey, data: data as Record<string, FieldValue> } : no(10_003, fault);
}

const no = (code: number, message: string): Checked => ({ ok: false, code, message });

function dataFault(fields: DefinitionField[], data: Record<string, unknown>): string | null {
  const missing = fields.find(({ name, required }) => required && (data[name] === undefined || data[name] === null || data[name] === ''));
  if (missing) return `The value of ${missing.name} is required and was not given.`;
  for (const [name, value] of Object.entries(data)) {
    const field = fields.find((one) => one.name === name);
    if (!field) return `The attribute ${name} is not a column of the entry data extension.`;
    // Quotes the value, as the vendor does.
    if (!fits(field, value)) return `The value '${String(value)}' of ${name} cannot be converted to ${field.type}.`;
  }
  return null;
}

const SCALARS = ['string', 'number', 'boolean'];
function fits({ type }: DefinitionField, value: unknown): boolean {
  if (!SCALARS.includes(typeof value)) return false;
  const text = String(value);
  switch (type) {
    case 'Text':
      return text.length <= 4000;
    case 'Number':
      return /^-?\d+$/.test(text);
    case 'Decimal':
      return /^-?\d+(\.\d+)?$/.test(text);
    case 'Date':
      return typeof value === 'string' && !Number.isNaN(Date.parse(text));
    case 'Boolean':
      return /^(true|false)$/i.test(text);
    case 'EmailAddress':
      return /^[^\s@]+@[^\s@]+$/.test(text);
  }
}
