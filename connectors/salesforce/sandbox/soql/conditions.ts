import { ApiFault, fault } from '../org/faults.ts';
import { id18Of } from '../org/ids.ts';
import type { FieldDef, Value } from '../org/metadata.ts';
import { dateOf, momentOf, stamp } from '../org/moments.ts';
import type { SeenObject } from '../org/schema.ts';
import type { Row } from '../org/state.ts';
import type { Condition, Literal, Path } from './parse.ts';
import { filterable, routeOf, type Ground } from './paths.ts';
import { plain, pointed } from './tokens.ts';

export type Test = (row: Row) => boolean;
export interface Conditions extends Ground {
  text: string;
  now: number;
  /** Values that a query in the place of a list gives. */
  subquery: (condition: Extract<Condition, { kind: 'in-query' }>) => Set<Value>;
}

const DAY_MS = 86_400_000;

/** @throws ApiFault INVALID_FIELD, INVALID_QUERY_FILTER_OPERATOR */
export function testOf(given: Conditions, object: SeenObject, condition: Condition): Test {
  switch (condition.kind) {
    case 'and': {
      const tests = condition.of.map((inner) => testOf(given, object, inner));
      return (row) => tests.every((test) => test(row));
    }
    case 'or': {
      const tests = condition.of.map((inner) => testOf(given, object, inner));
      return (row) => tests.some((test) => test(row));
    }
    case 'not': {
      const test = testOf(given, object, condition.of);
      return (row) => !test(row);
    }
    case 'compare':
      return comparison(given, object, condition);
    case 'in': {
      const { route, def } = fieldAt(given, object, condition.path);
      const values = new Set(condition.literals.map((literal) => folded(def, valueOf(given, def, literal, route.last.name))));
      return (row) => values.has(folded(def, route.read(row))) !== condition.not;
    }
    case 'in-query': {
      const { route } = fieldAt(given, object, condition.path);
      const values = given.subquery(condition);
      return (row) => values.has(route.read(row)) !== condition.not;
    }
  }
}

export function fieldAt(given: Conditions, object: SeenObject, path: Path) {
  const route = filterable(routeOf(given, object, path, given.text), path, given.text);
  return { route, def: route.last.def };
}

const EXACT = new Set<FieldDef['type']>(['id', 'reference', 'date', 'datetime']);
/** Texts compare without regard to case, unless the field minds it. */
const folded = (def: FieldDef, value: Value): Value => (typeof value === 'string' && !def.caseSensitive && !EXACT.has(def.type) ? value.toLowerCase() : value);

function comparison(given: Conditions, object: SeenObject, { path, operator, literal }: Extract<Condition, { kind: 'compare' }>): Test {
  const { route, def } = fieldAt(given, object, path);
  if (operator === 'like') {
    const pattern = likeOf(literal.text);
    return (row) => pattern.test(String(route.read(row) ?? ''));
  }
  const wanted = folded(def, valueOf(given, def, literal, route.last.name));
  // A day is a span, of which the signs mean the beginning or the end.
  const end = literal.kind === 'day' && def.type === 'datetime' ? stamp(momentOf(String(wanted)) + DAY_MS) : null;
  return (row) => {
    const value = folded(def, route.read(row));
    if (operator === '=') return end === null ? value === wanted : value !== null && wanted !== null && value >= wanted && value < end;
    if (operator === '!=') return value !== wanted;
    if (value === null || wanted === null) return false;
    if (operator === '<') return value < wanted;
    if (operator === '<=') return value <= wanted;
    return operator === '>' ? value > wanted : value >= wanted;
  };
}

/** A literal as the field keeps its values. @throws ApiFault INVALID_FIELD where it is of another type */
export function valueOf({ text, now }: Pick<Conditions, 'text' | 'now'>, def: FieldDef, literal: Literal, name: string): Value {
  if (literal.kind === 'null') return null;
  const { takes, read } = LITERALS[def.type] ?? PLAIN;
  if (takes.includes(literal.kind)) return read(literal, { text, now });
  const quotes = takes[0] === 'string' ? 'should be enclosed in quotes' : 'should not be enclosed in quotes';
  const say = `value of filter criterion for field '${name}' must be of type ${def.type === 'datetime' ? 'dateTime' : def.type} and ${quotes}`;
  throw new ApiFault(400, fault('INVALID_FIELD', pointed(text, literal.at, say)));
}

interface Reading {
  takes: Literal['kind'][];
  read(literal: Literal, given: { text: string; now: number }): Value;
}
const PLAIN: Reading = { takes: ['string'], read: ({ text }) => plain(text) };
const NUMBER: Reading = { takes: ['number'], read: ({ text }) => Number(text) };
const ID: Reading = {
  takes: ['string'],
  read(literal, { text }) {
    const id = id18Of(literal.text);
    if (id === null) throw new ApiFault(400, fault('INVALID_QUERY_FILTER_OPERATOR', pointed(text, literal.at, `invalid ID field: ${literal.text}`)));
    return id;
  },
};
const LITERALS: Partial<Record<FieldDef['type'], Reading>> = {
  boolean: { takes: ['boolean'], read: ({ text }) => text === 'true' },
  double: NUMBER,
  currency: NUMBER,
  percent: NUMBER,
  int: NUMBER,
  datetime: { takes: ['datetime', 'day'], read: ({ kind, text }, { now }) => stamp(kind === 'day' ? dayOf(text, now) : momentOf(text)) },
  date: { takes: ['date', 'day'], read: ({ kind, text }, { now }) => (kind === 'day' ? dateOf(dayOf(text, now)) : text) },
  id: ID,
  reference: ID,
};

function dayOf(text: string, now: number): number {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const [word, count] = text.split(':');
  if (word === 'YESTERDAY') return today - DAY_MS;
  if (word === 'TOMORROW') return today + DAY_MS;
  if (word === 'LAST_N_DAYS') return today - Number(count) * DAY_MS;
  if (word === 'NEXT_N_DAYS') return today + Number(count) * DAY_MS;
  return today;
}

function likeOf(text: string): RegExp {
  const source = text.replace(/\\([\\%_])|%|_|[.*+?^${}()|[\]\\/-]/g, (part, escaped?: string) => {
    if (escaped !== undefined) return escaped === '\\' ? '\\\\' : escaped;
    if (part === '%') return '[^]*';
    return part === '_' ? '[^]' : `\\${part}`;
  });
  return new RegExp(`^${source}$`, 'i');
}
