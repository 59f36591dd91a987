import { definitionOf, fieldOf } from './definitions.ts';
import { fault, type Fault } from './faults.ts';
import type { Values } from './metadata.ts';
import type { SeenObject } from './schema.ts';
import type { OrgState, Row } from './state.ts';
import type { Store } from './store.ts';

export interface Attempt {
  object: SeenObject;
  id: string | null;
  /** What is set. */
  set: Values;
  /** The record as it would be. */
  next: Values;
  previous: Row | null;
}
type Ground = { state: OrgState; store: Store };

/** Everything that the org checks before it saves a record. */
export function constraintsOf(ground: Ground, attempt: Attempt): Fault[] {
  const found = [...missing(attempt), ...references(ground, attempt), ...stages(ground, attempt)];
  if (found.length > 0) return found;
  const ruled = rule(ground, attempt);
  return ruled.length > 0 ? ruled : duplicates(ground, attempt);
}

const nameOf = (object: SeenObject, own: string): string => object.fields.find((known) => known.def.name === own)?.name ?? own;

function missing({ object, set, next, previous }: Attempt): Fault[] {
  const names = object.def.fields.filter((def) => def.required && next[def.name] == null && (previous === null || def.name in set)).map((def) => nameOf(object, def.name));
  return names.length > 0 ? [fault('REQUIRED_FIELD_MISSING', `Required fields are missing: [${names.join(', ')}]`, names)] : [];
}

function references({ state, store }: Ground, { object, set }: Attempt): Fault[] {
  return Object.entries(set).flatMap(([own, value]) => {
    const def = fieldOf(object.def.name, own);
    if (!def || def.refs.length === 0 || typeof value !== 'string') return [];
    const name = nameOf(object, own);
    const type = store.typeOf(value);
    if (type === undefined || !def.refs.includes(type)) return [fault('MALFORMED_ID', `${def.label}: id value of incorrect type: ${value}`, [name])];
    const row = store.find(type, value);
    if (!row) return [fault('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [name])];
    if (row.deleted) return [fault('ENTITY_IS_DELETED', 'entity is deleted', [name])];
    if (type === 'RecordType' && (row.values.SobjectType !== object.def.name || !(value in state.stagesOf)))
      return [fault('INVALID_CROSS_REFERENCE_KEY', 'Record Type ID: this ID value isn’t valid for the user: '.replace('’', "'") + value, [name])];
    return [];
  });
}

/** The stages are the org's active ones, and of these, those of the record type. */
function stages({ state, store }: Ground, { object, set, next }: Attempt): Fault[] {
  const stage = set.StageName;
  if (object.def.name !== 'Opportunity' || typeof stage !== 'string') return [];
  const active = store.all('OpportunityStage').some((row) => row.values.ApiName === stage && row.values.IsActive === true);
  const allowed = typeof next.RecordTypeId === 'string' ? state.stagesOf[next.RecordTypeId] : undefined;
  if (active && (!allowed || allowed.includes(stage))) return [];
  return [fault('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `Stage: bad value for restricted picklist field: ${stage}`, ['StageName'])];
}

function rule({ state }: Ground, { object, set, previous }: Attempt): Fault[] {
  const { rule: known } = state;
  if (!known || known.object !== object.def.name || !(known.field in set)) return [];
  const value = set[known.field] ?? null;
  if (previous && previous.values[known.field] === value) return [];
  if (known.value !== null && String(value) !== known.value) return [];
  return [fault('FIELD_CUSTOM_VALIDATION_EXCEPTION', known.message, [nameOf(object, known.field)])];
}

function duplicates({ store }: Ground, { object, id, set }: Attempt): Fault[] {
  return definitionOf(object.def.name).fields.flatMap((def) => {
    const value = set[def.name];
    if (!def.unique || value == null) return [];
    const other = store.by(object.def.name, def.name, value)?.find((row) => !row.deleted && row.id !== id);
    return other ? [fault('DUPLICATE_VALUE', `duplicate value found: ${nameOf(object, def.name)} duplicates value on record with id: ${other.id}`)] : [];
  });
}
