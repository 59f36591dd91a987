import { ApiFault, fault, invalidType } from '../org/faults.ts';
import type { FieldDef, Value } from '../org/metadata.ts';
import type { SeenObject } from '../org/schema.ts';
import type { Row } from '../org/state.ts';
import { fieldAt, testOf, valueOf, type Conditions } from './conditions.ts';
import { parseQuery, type Condition, type Literal, type Path, type Query } from './parse.ts';
import { parentOf, routeOf, type Ground, type Route } from './paths.ts';
import { pointed } from './tokens.ts';

export type Shown = Record<string, unknown>;
export interface Result {
  total: number;
  /** Null where only the count was asked for. */
  records: Shown[] | null;
}
export interface Asking extends Ground {
  /** Path of this version's API, such as `/services/data/v67.0`. */
  root: string;
  now: number;
  /** Whether records in the recycle bin are seen too. */
  all: boolean;
}

/** @throws ApiFault with MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE and their like */
export function runQuery(asking: Asking, text: string): Result {
  const query = parseQuery(text);
  const object = asking.schema.object(query.from.name);
  if (!object || object.def.event) throw new ApiFault(400, { ...invalidType(query.from.name), message: pointed(text, query.from.at, invalidType(query.from.name).message) });
  const show = query.count ? null : shower(asking, object, query);
  const rows = rowsOf(asking, object, query, null);
  return { total: rows.length, records: show && rows.map(show) };
}

function rowsOf(asking: Asking, object: SeenObject, query: Query, within: Row[] | null): Row[] {
  const given: Conditions = {
    ...asking,
    text: query.text,
    subquery: ({ query: inner }) => valuesOf(asking, inner),
  };
  const test = query.where ? testOf(given, object, query.where) : () => true;
  const orders = query.order.map(({ path, ...how }) => ({ ...how, route: routeOf(asking, object, path, query.text) }));
  const candidates = within ?? (query.where && narrowed(given, object, query.where)) ?? asking.store.all(object.def.name);
  const rows = candidates.filter((row) => (asking.all || !row.deleted) && test(row));
  rows.sort((a, b) => {
    for (const { route, descending, nullsLast } of orders) {
      const order = compare(route.last.def, route.read(a), route.read(b), { descending, nullsLast });
      if (order !== 0) return order;
    }
    return 0;
  });
  return rows.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit);
}

/** As conditions compare: ids mind the case, or a page that goes on after an id would leave some out. */
function compare({ type }: FieldDef, a: Value, b: Value, { descending, nullsLast }: { descending: boolean; nullsLast: boolean }): number {
  if (a === b) return 0;
  if (a === null || b === null) return (a === null ? -1 : 1) * (nullsLast ? -1 : 1);
  const exact = type === 'id' || type === 'reference';
  const [one, other] = typeof a === 'string' && typeof b === 'string' && !exact ? [a.toLowerCase(), b.toLowerCase()] : [a, b];
  return (one < other ? -1 : one > other ? 1 : 0) * (descending ? -1 : 1);
}

/** Rows that an id, a reference or an external id singles out, so that a read of few does not go through all. */
function narrowed(given: Conditions, object: SeenObject, condition: Condition): Row[] | null {
  if (condition.kind === 'and') {
    for (const inner of condition.of) {
      const rows = narrowed(given, object, inner);
      if (rows) return rows;
    }
    return null;
  }
  const single = singledOut(condition);
  if (!single) return null;
  const { route, def } = fieldAt(given, object, single.path);
  const values = [...new Set(single.literals.map((literal) => valueOf(given, def, literal, route.last.name)))];
  // Texts that compare without regard to case have no use for an index that minds it.
  if (values.includes(null) || (def.type !== 'id' && def.type !== 'reference' && !def.caseSensitive)) return null;
  const rowsAt = (value: Value) => (def.type === 'id' ? [given.store.find(object.def.name, String(value)) ?? []].flat() : given.store.by(object.def.name, def.name, value));
  const found = values.map(rowsAt);
  return found.includes(null) ? null : found.flatMap((rows) => rows ?? []).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A condition that names the values of one of the object's own fields. */
function singledOut(condition: Condition): { path: Path; literals: Literal[] } | null {
  if (condition.kind === 'in' && !condition.not && condition.path.names.length === 1) return condition;
  if (condition.kind === 'compare' && condition.operator === '=' && condition.path.names.length === 1) return { path: condition.path, literals: [condition.literal] };
  return null;
}

function valuesOf(asking: Asking, query: Query): Set<Value> {
  const object = asking.schema.object(query.from.name);
  if (!object) throw new ApiFault(400, invalidType(query.from.name));
  const [selected] = query.select;
  if (selected?.kind !== 'path') throw new ApiFault(400, fault('MALFORMED_QUERY', 'A semi join selects one field'));
  const route = routeOf(asking, object, selected, query.text);
  return new Set(rowsOf(asking, object, query, null).map((row) => route.read(row)));
}

/** How a row is written into the answer. */
function shower(asking: Asking, object: SeenObject, query: Query): (row: Row) => Shown {
  const routes: Route[] = [];
  const children: [name: string, of: (row: Row) => Shown | null][] = [];
  for (const selected of query.select) {
    if (selected.kind === 'path') routes.push(routeOf(asking, object, selected, query.text));
    else children.push(childrenOf(asking, object, selected.query));
  }
  const tree = treeOf(routes);
  return (row) => ({ ...shownTree(asking, object, tree, row), ...Object.fromEntries(children.map(([name, of]) => [name, of(row)])) });
}

function childrenOf(asking: Asking, object: SeenObject, query: Query): [string, (row: Row) => Shown | null] {
  const child = object.children().find(({ relation }) => relation.toLowerCase() === query.from.name.toLowerCase());
  if (!child) {
    const say = `Didn't understand relationship '${query.from.name}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name.`;
    throw new ApiFault(400, fault('INVALID_TYPE', pointed(query.text, query.from.at, say)));
  }
  const show = shower(asking, child.object, query);
  return [
    child.relation,
    (row) => {
      const of = asking.store.by(child.object.def.name, child.field.def.name, row.id) ?? [];
      const rows = rowsOf(asking, child.object, query, of);
      return rows.length === 0 ? null : { totalSize: rows.length, done: true, records: rows.map(show) };
    },
  ];
}

interface Tree {
  leaves: Route['last'][];
  branches: Map<string, { hop: Route['last']; tree: Tree }>;
}

function treeOf(routes: Route[]): Tree {
  const root: Tree = { leaves: [], branches: new Map() };
  for (const { hops, last } of routes) {
    let here = root;
    for (const hop of hops) {
      const name = hop.relation ?? hop.name;
      const branch = here.branches.get(name) ?? { hop, tree: { leaves: [], branches: new Map() } };
      here.branches.set(name, branch);
      here = branch.tree;
    }
    here.leaves.push(last);
  }
  return root;
}

function shownTree(asking: Asking, object: SeenObject, tree: Tree, row: Row): Shown {
  const shown: Shown = { attributes: attributesOf(asking.root, object, row.id) };
  for (const leaf of tree.leaves) shown[leaf.name] = shownValue(asking.root, object, leaf, row);
  for (const [name, { hop, tree: inner }] of tree.branches) {
    const parent = parentOf(asking.store, row, hop);
    const seen = parent && asking.schema.own(parent.type);
    shown[name] = parent && seen ? shownTree(asking, seen, inner, parent) : null;
  }
  return shown;
}

export const attributesOf = (root: string, object: SeenObject, id: string) => ({ type: object.name, url: `${root}/sobjects/${object.name}/${id}` });

/** The content of a file is told by its address. */
export function shownValue(root: string, object: SeenObject, field: Route['last'], row: Row): Value {
  if (field.def.type === 'base64') return `${root}/sobjects/${object.name}/${row.id}/${field.name}`;
  return row.values[field.def.name] ?? null;
}
