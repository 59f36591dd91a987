import { beforeSave } from './before-save.ts';
import { constraintsOf } from './constraints.ts';
import { fault, type Fault } from './faults.ts';
import { id18Of } from './ids.ts';
import { matching, readInput } from './input.ts';
import { openJournal, type Change } from './journal.ts';
import type { Values } from './metadata.ts';
import type { Schema, SeenField, SeenObject } from './schema.ts';
import type { OrgState, Row } from './state.ts';
import type { Store } from './store.ts';

/** Who writes, and what they may. */
export interface Actor {
  userId: string;
  /** `ChangeEventHeader.changeOrigin` of what it changes. */
  origin: string;
  schema: Schema;
}
export type Outcome = { ok: true; id: string; created: boolean } | { ok: false; faults: Fault[] };
/** Writes that stand or fall together. Each method checks first, so that a refused record leaves nothing behind. */
export interface Transaction {
  insert(object: SeenObject, input: Record<string, unknown>): Outcome;
  update(object: SeenObject, id: string, input: Record<string, unknown>): Outcome;
  /** `several` where the external id is not unique. */
  upsert(object: SeenObject, field: SeenField, value: string, input: Record<string, unknown>, updateOnly?: boolean): Outcome | { several: string[] };
  remove(object: SeenObject | null, id: string): Outcome;
  /** Without checks, as the org itself does. */
  create(type: string, values: Values): Row;
  change(row: Row, values: Values): void;
  setDeleted(row: Row, deleted: boolean): void;
  commit(): void;
  rollback(): void;
}

export interface TransactionParts {
  state: OrgState;
  store: Store;
  /** The moment that the records are stamped with, milliseconds. */
  now: number;
  actor: Actor;
  /** Whether somebody else holds the row just now. */
  locked: (ids: string[]) => boolean;
  committed: (changes: Change[], actor: Actor) => void;
}

const refused = (...faults: Fault[]): Outcome => ({ ok: false, faults });
const lockFault = (id: string): Outcome => refused(fault('UNABLE_TO_LOCK_ROW', `unable to obtain exclusive access to this record or 1 records: ${id}`));

export function openTransaction({ state, store, now, actor, locked, committed }: TransactionParts): Transaction {
  const journal = openJournal(store, actor.userId, now);
  const tx: Transaction = {
    insert(object, input) {
      if (!object.def.create) return refused(fault('CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', `entity type cannot be inserted: ${object.def.label}`));
      const { values, faults } = readInput(store, actor.schema, object, input, 'create');
      return faults.length > 0 ? refused(...faults) : save(object, null, values);
    },
    update(object, id, input) {
      const row = liveRow(store, object, id);
      if ('ok' in row) return row;
      const { values, faults } = readInput(store, actor.schema, object, input, 'update');
      return faults.length > 0 ? refused(...faults) : save(object, row, values);
    },
    upsert(object, field, value, input, updateOnly = false) {
      const found = field.def.type === 'id' ? [id18Of(value) ?? value] : matching(store, object, field, value);
      if (found.length > 1) return { several: found };
      const [id] = found;
      if (id !== undefined) return tx.update(object, id, input);
      if (updateOnly) return refused(fault('NOT_FOUND', 'The requested resource does not exist'));
      return tx.insert(object, { ...input, [field.name]: value });
    },
    remove(object, id) {
      const known = object ?? actor.schema.own(store.typeOf(id18Of(id) ?? '') ?? '');
      if (!known) return refused(fault('MALFORMED_ID', `malformed id ${id}`));
      const row = liveRow(store, known, id);
      if ('ok' in row) return row;
      if (!known.def.delete) return refused(fault('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id'));
      if (locked([row.id])) return lockFault(row.id);
      journal.setDeleted(row, true);
      return { ok: true, id: row.id, created: false };
    },
    create: (type, values) => journal.create(type, values),
    change: (row, values) => journal.change(row, values),
    setDeleted: (row, deleted) => journal.setDeleted(row, deleted),
    commit() {
      const changes = journal.take();
      if (changes.length > 0) committed(changes, actor);
    },
    rollback: () => journal.undo(),
  };
  return tx;

  function save(object: SeenObject, previous: Row | null, set: Values): Outcome {
    const type = object.def.name;
    const id = previous?.id ?? null;
    const before = previous?.values ?? { ...journal.begun(type), Id: null };
    const next = { ...before, ...set };
    const faults = constraintsOf({ state, store }, { object, id, set, next, previous });
    if (faults.length === 0) faults.push(...(beforeSave[type]?.({ store, now, next, set, previous }) ?? []));
    if (faults.length > 0) return refused(...faults);
    // Saving a record holds its parents too, the account above all.
    const parents = object.def.fields.filter((def) => def.masterDetail || def.name === 'AccountId').map((def) => String(next[def.name]));
    if (locked([id ?? '', ...parents])) return lockFault(id ?? parents.join(', '));
    if (!previous) return { ok: true, id: journal.create(type, next).id, created: true };
    journal.save(previous, Object.fromEntries(Object.entries(next).filter(([name, value]) => (before[name] ?? null) !== value)));
    return { ok: true, id: previous.id, created: false };
  }
}

function liveRow(store: Store, object: SeenObject, id: string): Row | Outcome {
  const id18 = id18Of(id);
  if (id18 === null || !id18.startsWith(object.def.keyPrefix)) return refused(fault('MALFORMED_ID', `${object.def.label} ID: id value of incorrect type: ${id}`, ['Id']));
  const row = store.find(object.def.name, id18);
  if (!row) return refused(fault('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', []));
  return row.deleted ? refused(fault('ENTITY_IS_DELETED', 'entity is deleted', [])) : row;
}
