import { isObject } from '#lib/json';
import { coerce } from './coerce.ts';
import { definitionOf } from './definitions.ts';
import { fault, type Fault } from './faults.ts';
import type { Values } from './metadata.ts';
import type { Schema, SeenField, SeenObject } from './schema.ts';
import type { Store } from './store.ts';

export interface Read {
  values: Values;
  faults: Fault[];
}

/** A record as a program wrote it, under the org's own names. @throws ApiFault where a value cannot be read at all */
export function readInput(store: Store, schema: Schema, object: SeenObject, input: Record<string, unknown>, act: 'create' | 'update'): Read {
  const values: Values = {};
  const faults: Fault[] = [];
  const closed: string[] = [];
  for (const [key, given] of Object.entries(input)) {
    if (key === 'attributes') continue;
    const parent = isObject(given) ? object.relation(key) : undefined;
    const seen = parent ?? object.field(key);
    if (!seen) {
      faults.push(fault('INVALID_FIELD', `No such column '${key}' on sobject of type ${object.name}`));
    } else if (!seen[act]) {
      closed.push(seen.name);
    } else {
      const coerced = parent && isObject(given) ? byExternalId(store, schema, parent, given) : coerce(seen, given);
      if ('fault' in coerced) faults.push(coerced.fault);
      else values[seen.def.name] = coerced.value;
    }
  }
  if (closed.length > 0) {
    const say = `Unable to create/update fields: ${closed.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`;
    faults.push(fault('INVALID_FIELD_FOR_INSERT_UPDATE', say, closed));
  }
  return { values, faults };
}

/** `Envelope__r: { Envelope_Id__c: … }` in the place of the parent's id. */
function byExternalId(store: Store, schema: Schema, reference: SeenField, given: Record<string, unknown>): { value: string } | { fault: Fault } {
  const [key, ...more] = Object.entries(given).filter(([name]) => name !== 'attributes');
  const [target] = reference.def.refs.flatMap((name) => schema.own(name) ?? []);
  const field = key && target?.field(key[0]);
  if (!key || more.length > 0 || !target || !field) return { fault: fault('INVALID_FIELD', `No such column '${key?.[0] ?? ''}' on sobject of type ${target?.name ?? ''}`) };
  if (!field.def.externalId && field.def.type !== 'id')
    return { fault: fault('INVALID_FIELD', `Field name provided, ${field.name} is not an External ID or indexed field for ${target.name}`) };
  const found = matching(store, target, field, String(key[1]));
  if (found.length > 1) return { fault: fault('INVALID_FIELD', `More than one record found for external id field: [${found.join(', ')}]`) };
  const [id] = found;
  if (id === undefined)
    return { fault: fault('INVALID_FIELD', `Foreign key external ID: ${String(key[1]).toLowerCase()} not found for field ${field.name} in entity ${target.name}`) };
  return { value: id };
}

/** Ids of the live records that have this external id. */
export function matching(store: Store, object: SeenObject, field: SeenField, value: string): string[] {
  const rows = store.by(object.def.name, field.def.name, value) ?? store.all(object.def.name).filter((row) => row.values[field.def.name] === value);
  return rows.filter((row) => !row.deleted).map((row) => row.id);
}

/** A new record with what is there by itself. */
export function defaultsOf(type: string): Values {
  return Object.fromEntries(definitionOf(type).fields.map(({ name, default: value }) => [name, value]));
}
