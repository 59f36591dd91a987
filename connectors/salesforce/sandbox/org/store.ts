import { idOf } from './ids.ts';
import type { Value, Values } from './metadata.ts';
import { definitionOf, DEFINITIONS } from './definitions.ts';
import type { OrgState, Row } from './state.ts';

/** The org's rows. What changes them gives back how to undo it. */
export interface Store {
  find(type: string, id: string): Row | undefined;
  /** All rows of a type, those in the recycle bin included, oldest first. */
  all(type: string): Row[];
  /** Rows whose reference or external id `field` has this value; null where the field has no index. */
  by(type: string, field: string, value: Value): Row[] | null;
  /** How many there ever were, the deleted ones too. */
  count(type: string): number;
  newId(type: string): string;
  put(row: Row): () => void;
  patch(row: Row, values: Values, deleted?: boolean): () => void;
  typeOf(id: string): string | undefined;
}

const PREFIXES = new Map(DEFINITIONS.map(({ keyPrefix, name }) => [keyPrefix, name]));
const INDEXED = new Map(DEFINITIONS.map(({ name, fields }) => [name, fields.filter((known) => known.refs.length > 0 || known.externalId).map((known) => known.name)]));

export function createStore(state: OrgState): Store {
  /** Without these, each write of an envelope reads all others. */
  const index = new Map<string, Set<Row>>();
  const keyOf = (type: string, field: string, value: Value) => `${type} ${field} ${String(value)}`;
  const counts = new Map<string, number>();
  const rowsOf = (type: string): Record<string, Row> => (state.rows[type] ??= {});

  function file(row: Row, there: boolean): void {
    for (const field of INDEXED.get(row.type) ?? []) {
      const value = row.values[field] ?? null;
      if (value === null) continue;
      const key = keyOf(row.type, field, value);
      const rows = index.get(key) ?? new Set();
      if (there) rows.add(row);
      else rows.delete(row);
      if (rows.size > 0) index.set(key, rows);
      else index.delete(key);
    }
  }
  for (const [type, rows] of Object.entries(state.rows)) {
    counts.set(type, Object.keys(rows).length);
    for (const row of Object.values(rows)) file(row, true);
  }
  const counted = (type: string, more: number) => counts.set(type, (counts.get(type) ?? 0) + more);

  return {
    find: (type, id) => rowsOf(type)[id],
    all: (type) => Object.values(rowsOf(type)),
    by(type, field, value) {
      if (!INDEXED.get(type)?.includes(field)) return null;
      return [...(index.get(keyOf(type, field, value)) ?? [])];
    },
    count: (type) => counts.get(type) ?? 0,
    newId: (type) => idOf(definitionOf(type).keyPrefix, state.nextId++),
    put(row) {
      rowsOf(row.type)[row.id] = row;
      file(row, true);
      counted(row.type, 1);
      return () => {
        file(row, false);
        counted(row.type, -1);
        delete rowsOf(row.type)[row.id];
      };
    },
    patch(row, values, deleted = row.deleted) {
      const before = { values: row.values, deleted: row.deleted };
      const set = (next: typeof before) => {
        file(row, false);
        row.values = next.values;
        row.deleted = next.deleted;
        file(row, true);
      };
      set({ values: { ...row.values, ...values }, deleted });
      return () => set(before);
    },
    typeOf: (id) => PREFIXES.get(id.slice(0, 3)),
  };
}
