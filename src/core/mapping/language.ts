import { Environment } from '@marcbachmann/cel-js';
import type { FieldValue } from '#core/records';
import { registerFunctions } from './functions.ts';
import { LIMITS } from './limits.ts';
import { registerOperators } from './operators.ts';
import { createRowClass, type FieldKind, type Row } from './row.ts';

/** The fields of a record by name, or null where they are not known: then any name may be read, and what is absent is null. */
export type FieldKinds = Readonly<Record<string, FieldKind>> | null;
/** A variable: one record, a list of records, or a list of texts. */
export type Shape = { one: FieldKinds } | { many: FieldKinds } | { texts: true };
export type Values = Readonly<Record<string, Readonly<Record<string, FieldValue>> | readonly Readonly<Record<string, FieldValue>>[] | readonly string[]>>;

/** The names that expressions of one place may use, with their types, and the CEL environment that knows them. */
export interface Language {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly environment: Environment;
  /** Values as CEL sees them. A variable for which no value is given is a record of empty fields, or an empty list. */
  bind(values: Values): Readonly<Record<string, unknown>>;
}

export function createLanguage(shapes: Record<string, Shape>): Language {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: LIMITS.expressionNodes, maxDepth: LIMITS.expressionDepth, maxListElements: LIMITS.listElements },
  });
  registerFunctions(environment);
  registerOperators(environment);
  const binders = Object.entries(shapes).map(([name, shape]) => [name, declare(environment, name, shape)] as const);
  return {
    shapes,
    environment,
    bind: (values) => Object.fromEntries(binders.map(([name, binder]) => [name, binder(values[name])])),
  };
}

function declare(environment: Environment, name: string, shape: Shape): (value: Values[string] | undefined) => unknown {
  if ('texts' in shape) {
    environment.registerVariable(name, 'list<string>');
    return (value: unknown): unknown => (Array.isArray(value) ? value : []);
  }
  const many = 'many' in shape;
  const kinds = 'many' in shape ? shape.many : shape.one;
  const Class = createRowClass(kinds);
  // The type's name is what a person reads in a fault, so it is the variable's own.
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  environment.registerType(type, kinds === null ? { ctor: Class } : { ctor: Class, fields: celFields(kinds) });
  environment.registerVariable(name, many ? `list<${type}>` : type);
  const row = (value: unknown): Row => new Class(isRecord(value) ? value : {});
  if (!many) return row;
  return (value) => (Array.isArray(value) ? value.map(row) : []);
}

/** `dyn<T>` is CEL's word for "checked as T, and may be something else when it runs": that is how a field can be empty. */
function celFields(kinds: Readonly<Record<string, FieldKind>>): Record<string, string> {
  const types: Record<FieldKind, string> = { text: 'dyn<string>', number: 'dyn<double>', bool: 'bool' };
  return Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, types[kind]]));
}

const isRecord = (value: unknown): value is Record<string, FieldValue> => typeof value === 'object' && value !== null && !Array.isArray(value);
