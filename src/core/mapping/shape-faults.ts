import * as z from 'zod';
import { nearest } from './nearest.ts';
import type { Path } from './place.ts';
import { SCHEMAS, type MappingKind } from './schema.ts';

type Issue = z.core.$ZodIssue;
export interface ShapeFault {
  path: Path;
  /** Characters into the value, or its key. */
  at: number | 'key';
  say: string;
  suggestion?: string;
}

/** What a schema found wrong, in words, with the key or value that was probably meant. */
export function shapeFaults(kind: MappingKind, issues: readonly Issue[], value: unknown): ShapeFault[] {
  return issues.flatMap((issue) => fromIssue(kind, issue, [], value));
}

function fromIssue(kind: MappingKind, issue: Issue, above: Path, root: unknown): ShapeFault[] {
  const path: Path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const fault = (say: string, suggestion: { suggestion?: string } = {}): ShapeFault[] => [{ path, at: 0, say, ...suggestion }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], at: 'key', say: `There is no "${key}" here.`, ...suggested(key, keysOf(kind)) }));
    case 'invalid_union':
      return fromUnion(kind, issue, path, root);
    case 'invalid_value':
      return fault(`Expected ${issue.values.map(String).join(' or ')}.`, suggested(valueAt(root, path), issue.values.map(String)));
    case 'invalid_type':
      return fault(valueAt(root, path) === undefined ? `"${String(path.at(-1) ?? kind)}" is missing.` : `Expected ${NAMES[issue.expected] ?? issue.expected}.`);
    case 'too_small':
    case 'too_big':
      return fault(sizeFault(issue));
    case 'invalid_key':
      return [{ path, at: 'key', say: issue.issues[0]?.message ?? 'This name is not allowed.' }];
    case 'custom':
      return [{ path, say: issue.message, at: 0, ...(issue.params as Partial<ShapeFault> | undefined) }];
    default:
      return fault(issue.message);
  }
}

function sizeFault(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  if (issue.code === 'too_big') return issue.origin === 'string' ? `It is longer than ${String(issue.maximum)} characters.` : `Expected at most ${String(issue.maximum)}.`;
  return issue.origin === 'number' || issue.origin === 'int' ? `Expected ${String(issue.minimum)} or more.` : 'It must not be empty.';
}

function fromUnion(kind: MappingKind, issue: Extract<Issue, { code: 'invalid_union' }>, path: Path, root: unknown): ShapeFault[] {
  const branch = likeliest(issue.errors);
  if (branch) return branch.flatMap((inner) => fromIssue(kind, inner, path, root));
  const words = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
  return [{ path, at: 0, say: issue.message, ...suggested(valueAt(root, path), words) }];
}

const NAMES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys and values',
  record: 'keys and values',
};

/** Of a union's branches, the one that the writer surely meant: its shape fits and only something inside is wrong. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const inside = branches.filter(
    (issues) => issues.length > 0 && issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys' || issue.code === 'too_small'),
  );
  // A branch of which a required key is absent was hardly meant, if another has all of its own.
  const fits = (issues: readonly Issue[]): number => issues.filter((issue) => issue.code === 'invalid_type' && issue.input === undefined).length * 10 + issues.length;
  const ordered = inside.toSorted((a, b) => fits(a) - fits(b));
  const [best, second] = ordered;
  return best && (!second || fits(best) < fits(second)) ? best : undefined;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as Record<string | number, unknown>)[step] : undefined),
    root,
  );
}

function suggested(typed: unknown, names: readonly string[]): { suggestion?: string } {
  const suggestion = typeof typed === 'string' ? nearest(typed, names) : undefined;
  return suggestion === undefined || suggestion === typed ? {} : { suggestion };
}

const keysByKind = new Map<MappingKind, string[]>();

/** Every key that a kind of mapping has anywhere, from its JSON Schema. */
function keysOf(kind: MappingKind): string[] {
  const known = keysByKind.get(kind);
  if (known) return known;
  const keys = new Set<string>();
  collectKeys(z.toJSONSchema(SCHEMAS[kind], { io: 'input' }), keys);
  keysByKind.set(kind, [...keys]);
  return [...keys];
}

function collectKeys(schema: unknown, keys: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [name, inner] of Object.entries(schema as Record<string, unknown>)) {
    if (name === 'properties' && typeof inner === 'object' && inner !== null) for (const key of Object.keys(inner)) keys.add(key);
    collectKeys(inner, keys);
  }
}
