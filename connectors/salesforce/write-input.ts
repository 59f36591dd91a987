import { Problem } from '#core/problem';
import type { RecordWrite, WriteOutcome } from '#ports/crm';
import type { OrgField } from './describe-fields.ts';
import { isOwn, KEYS, OBJECTS, stored, type Kind, type OwnKind } from './describe-objects.ts';
import { id18, isId } from './ids.ts';
import { fieldsOf, type Org } from './schema.ts';
import { storedValue, type Stored } from './write-values.ts';

/** A record on its way: what is still to be set, and what was refused so far. */
export interface Input {
  /** As the caller named it. */
  write: RecordWrite;
  /** Our id of it, or Salesforce's. */
  key: string;
  /** By the org's names. */
  set: Map<string, Stored>;
  left: { field: string; problem: Problem }[];
  /** The external id of the envelope that a recipient is part of; null for other records. */
  parent: string | null;
  /** Whether the envelope is said: always for a new recipient, and never for one that may not be moved. */
  placed: boolean;
  /** What was mended once and is not mended again. */
  mended: Set<'parent' | 'place' | 'race'>;
}
/** Where a batch goes. */
export interface Target {
  kind: Exclude<Kind, 'line'>;
  object: string;
  /** The external id field by which our own records are found; null for the account's, which have Salesforce's id. */
  key: string | null;
  namespace: string;
  /** What a field of the org's is called in a mapping. */
  shown: ReadonlyMap<string, string>;
}
export type Settle = (input: Input, outcome: WriteOutcome) => void;

export function targetOf(org: Org, kind: Target['kind']): Target {
  const { namespace } = org;
  return {
    kind,
    object: stored(namespace, OBJECTS[kind]),
    key: isOwn(kind) ? stored(namespace, KEYS[kind]) : null,
    namespace,
    shown: new Map(fieldsOf(org, kind).map(({ api, name }) => [api, name])),
  };
}

/** Null where `id` can name no record of that kind. */
export function inputOf(org: Org, kind: Target['kind'], write: RecordWrite): Input | null {
  const key = isOwn(kind) ? ownKey(kind, write.record.id) : isId(write.record.id) ? id18(write.record.id) : null;
  if (key === null) return null;
  const input: Input = { write, key, set: new Map(), left: [], parent: null, placed: false, mended: new Set() };
  const fields = new Map(fieldsOf(org, kind).map((field) => [field.name, field]));
  for (const [name, value] of Object.entries(write.set)) {
    const field = fields.get(name);
    if (!field?.writable) input.left.push({ field: name, problem: unwritable(OBJECTS[kind], name, field) });
    else put(input, field, storedValue(value, field, kind));
  }
  if (kind === 'recipient') addPlace(input, fields, key);
  return input;
}

function put(input: Input, field: OrgField, value: Stored | Problem): void {
  if (value instanceof Problem) input.left.push({ field: field.name, problem: value });
  else input.set.set(field.api, value);
}

/** A recipient's id is `<envelope>|<role>`: it says what the record is part of, and whose place in it. */
function addPlace(input: Input, fields: ReadonlyMap<string, OrgField>, key: string): void {
  const bar = key.indexOf('|');
  input.parent = key.slice(0, bar);
  input.placed = true;
  const role = fields.get('Role__c');
  if (role?.writable && !('Role__c' in input.write.set)) put(input, role, storedValue(key.slice(bar + 1), role, 'recipient'));
}

const ownKey = (kind: OwnKind, id: string): string | null => (id.trim() === '' || (kind === 'recipient' && id.indexOf('|') < 1) ? null : id);

function unwritable(object: string, name: string, field: OrgField | undefined): Problem {
  const why = field ? 'may not write' : 'sees no';
  const say = `The connected user ${why} field ${name} of ${object} in this org. Give it access with the permission set Countersign Integration, or correct the mapping, then replay.`;
  return new Problem('vendor.rejected', { say, facts: { field: name } });
}

/** The record as a collection takes it. */
export function bodyOf(target: Target, { key, set, parent, placed }: Input): Record<string, unknown> {
  const { object, key: external, namespace } = target;
  const place = !placed ? {} : { [stored(namespace, 'Envelope__r')]: { [stored(namespace, KEYS.envelope)]: parent } };
  return { attributes: { type: object }, ...(external === null ? { id: key } : { [external]: key }), ...place, ...Object.fromEntries(set) };
}

/** The names of what landed, in the order asked. */
export const written = (target: Target, { write, set }: Input): string[] => {
  const landed = new Set([...set.keys()].map((api) => target.shown.get(api) ?? api));
  return Object.keys(write.set).filter((name) => landed.has(name));
};
