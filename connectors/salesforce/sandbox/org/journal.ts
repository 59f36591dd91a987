import { afterSave } from './after-save.ts';
import { DEFINITIONS, definitionOf } from './definitions.ts';
import { defaultsOf } from './input.ts';
import type { Values } from './metadata.ts';
import { stamp } from './moments.ts';
import type { Row } from './state.ts';
import type { Store } from './store.ts';

export interface Change {
  type: string;
  id: string;
  kind: 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE';
  changed: Values;
}

/** What a transaction did so far, without any check: how to undo it, and what to tell once it is done. */
export interface Journal {
  create(type: string, values: Values): Row;
  /** Sets what is different; a record that would not change is left alone. */
  change(row: Row, values: Values): void;
  /** Saves, which stamps the record even where nothing in it changed. */
  save(row: Row, different: Values): void;
  setDeleted(row: Row, deleted: boolean): void;
  /** What a new record of the type has by itself. */
  begun(type: string): Values;
  /** Gives what happened, and forgets it. */
  take(): Change[];
  undo(): void;
}

/** `now`: the moment that records are stamped with, milliseconds. */
export function openJournal(store: Store, userId: string, now: number): Journal {
  let steps: (() => void)[] = [];
  let changes: Change[] = [];
  const at = stamp(now);
  const stamps = { LastModifiedDate: at, LastModifiedById: userId, SystemModstamp: at };

  const journal: Journal = {
    create(type, given) {
      const row: Row = { id: store.newId(type), type, values: { ...journal.begun(type), ...given }, deleted: false };
      Object.assign(row.values, { Id: row.id, CreatedDate: given.CreatedDate ?? at, CreatedById: userId, ...stamps });
      steps.push(store.put(row));
      changes.push({ type, id: row.id, kind: 'CREATE', changed: row.values });
      after(row, null);
      return row;
    },
    change(row, values) {
      const different = Object.entries(values).filter(([name, value]) => (row.values[name] ?? null) !== value);
      if (different.length > 0) journal.save(row, Object.fromEntries(different));
    },
    save(row, different) {
      const before = row.values;
      steps.push(store.patch(row, { ...different, ...stamps }));
      changes.push({ type: row.type, id: row.id, kind: 'UPDATE', changed: different });
      after(row, before);
    },
    setDeleted(row, deleted) {
      steps.push(store.patch(row, { IsDeleted: deleted, ...stamps }, deleted));
      changes.push({ type: row.type, id: row.id, kind: deleted ? 'DELETE' : 'UNDELETE', changed: {} });
      follow(row, deleted);
    },
    begun(type) {
      const { fields } = definitionOf(type);
      const number = fields.find((def) => def.autoNumber !== null);
      const owned = fields.some((def) => def.name === 'OwnerId');
      const next = String(store.count(type) + 1).padStart(6, '0');
      return { ...defaultsOf(type), ...(owned && { OwnerId: userId }), ...(number && { [number.name]: `${number.autoNumber ?? ''}${next}` }) };
    },
    take() {
      const done = changes;
      steps = [];
      changes = [];
      return done;
    },
    undo() {
      for (const step of steps.reverse()) step();
      journal.take();
    },
  };
  return journal;

  function after(row: Row, previous: Values | null): void {
    afterSave[row.type]?.({ store, row, previous, create: (type, values) => journal.create(type, values), change: (other, values) => journal.change(other, values) });
  }

  /** Details go and come back with their master; other references to a deleted record are emptied. */
  function follow(row: Row, deleted: boolean): void {
    for (const { name: type, fields } of DEFINITIONS) {
      for (const def of fields) {
        if (!def.refs.includes(row.type)) continue;
        for (const child of store.by(type, def.name, row.id) ?? []) {
          if (def.masterDetail && child.deleted !== deleted) journal.setDeleted(child, deleted);
          else if (!def.masterDetail && deleted && !child.deleted) steps.push(store.patch(child, { [def.name]: null }));
        }
      }
    }
  }
}
