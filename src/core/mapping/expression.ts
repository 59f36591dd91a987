import { EvaluationError, type ParseError } from '@marcbachmann/cel-js';
import { Problem } from '#core/problem';
import type { FieldValue } from '#core/records';
import { bounded, fromCel } from './functions.ts';
import { inspect, type Issue } from './guard.ts';
import type { Language } from './language.ts';
import { LIMITS } from './limits.ts';
import { findMisfits, resultKind, type ResultKind } from './result-kind.ts';

export type { Issue, ResultKind };
export interface Expression {
  readonly text: string;
  readonly kind: ResultKind;
  /** What it reads, such as `deal.amount`; in the order of first mention. */
  readonly reads: readonly string[];
  /** Whether it reads nothing but these, so that its results can be foreseen. */
  alone(names: readonly string[]): boolean;
  /** @throws Error in plain words, without any value of a record in it */
  run(bound: Readonly<Record<string, unknown>>): FieldValue;
}
export type Compiled = { ok: true; expression: Expression } | { ok: false; issues: Issue[] };

const CACHED = 2_000;
const caches = new WeakMap<Language, Map<string, Compiled>>();

/** Parses, guards and type-checks an expression of one language. Never throws; the outcome is remembered. */
export function compile(text: string, language: Language): Compiled {
  let cache = caches.get(language);
  if (!cache) caches.set(language, (cache = new Map<string, Compiled>()));
  const known = cache.get(text);
  if (known) return known;
  if (cache.size >= CACHED) cache.clear();
  const compiled = compileNew(text, language);
  cache.set(text, compiled);
  return compiled;
}

/**
 * Runs an expression; `path` is its place in the mapping.
 * @throws Problem `mapping.failed`
 */
export function evaluate(text: string, language: Language, bound: Readonly<Record<string, unknown>>, path: string): FieldValue {
  const compiled = compile(text, language);
  if (!compiled.ok) throw failed(path, compiled.issues[0]?.say ?? 'the expression is faulty');
  try {
    return compiled.expression.run(bound);
  } catch (error) {
    throw failed(path, error instanceof Error ? error.message : 'it failed', error);
  }
}

/** As a text; an empty value is an empty text. @throws Problem `mapping.failed` */
export function evaluateText(text: string, language: Language, bound: Readonly<Record<string, unknown>>, path: string): string {
  const value = evaluate(text, language, bound, path);
  return value === null ? '' : String(value);
}

/** As a condition; an empty value means no. @throws Problem `mapping.failed` */
export function evaluateCondition(text: string, language: Language, bound: Readonly<Record<string, unknown>>, path: string): boolean {
  const value = evaluate(text, language, bound, path);
  if (value === null || typeof value === 'boolean') return value === true;
  throw failed(path, 'a condition must give true or false');
}

function failed(path: string, why: string, cause?: unknown): Problem {
  return new Problem('mapping.failed', { say: `${path} failed: ${why.replace(/\.$/, '')}.`, facts: { path }, cause });
}

function compileNew(text: string, language: Language): Compiled {
  if (text.length > LIMITS.expressionChars) return refuse(`The expression is longer than ${LIMITS.expressionChars} characters.`);
  let parsed;
  try {
    parsed = language.environment.parse(text);
  } catch (error) {
    return { ok: false, issues: [fromSyntax(error as ParseError, text)] };
  }
  const { issues, reads, lists } = inspect(parsed.ast, language);
  if (issues.length > 0) return { ok: false, issues };
  const checked = parsed.check();
  if (!checked.valid) return { ok: false, issues: [{ say: plain(checked.error?.summary ?? 'The types do not fit'), offset: checked.error?.range?.start ?? 0 }] };
  const misfits = findMisfits(parsed.ast);
  if (misfits.length > 0) return { ok: false, issues: misfits };
  const kind = resultKind(checked.type ?? 'dyn');
  if (kind === undefined) return refuse('It gives a whole record or list. Name one of its fields, or join it.');
  const alone = (names: readonly string[]): boolean => lists.size === 0 && [...reads].every((name) => names.includes(name));
  return { ok: true, expression: { text, kind, reads: [...reads], alone, run: (bound) => run(parsed, lists, bound) } };
}

const refuse = (say: string): Compiled => ({ ok: false, issues: [{ say, offset: 0 }] });

function run(parsed: (context: Record<string, unknown>) => unknown, lists: ReadonlySet<string>, bound: Readonly<Record<string, unknown>>): FieldValue {
  for (const name of lists) {
    const list = bound[name];
    if (Array.isArray(list) && list.length > LIMITS.listItems) throw new Error(`"${name}" has more than ${LIMITS.listItems} items`);
  }
  let value: FieldValue;
  try {
    value = fromCel(parsed(bound));
  } catch (error) {
    if (error instanceof EvaluationError) throw new Error(plain(error.summary), { cause: error });
    throw error;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('the result is not a number');
  return typeof value === 'string' ? bounded(value) : value;
}

function fromSyntax(error: Partial<ParseError>, text: string): Issue {
  const over = error.code?.startsWith('limit') || /exceed/i.test(error.summary ?? '');
  const say = over ? `The expression is too large: ${plain(error.summary ?? 'a limit is exceeded')}` : plain(error.summary ?? 'It cannot be read');
  return { say, offset: Math.min(error.range?.start ?? 0, text.length) };
}

/** CEL's words in the reader's: its types are text, number, yes/no and empty. */
function plain(summary: string): string {
  if (/^no such overload: .*\bnull\b/.test(summary)) return 'A number that it computes with is empty.';
  if (/Unexpected token: EOF/.test(summary)) return 'The expression ends too early.';
  if (/index out of bounds/.test(summary)) return 'A list has no item of that number.';
  return `${summary
    .replace(/dyn<([\w.]+)>/g, '$1')
    .replace(/\b(double|int)\b/g, 'number')
    .replace(/\bstring\b/g, 'text')
    .replace(/\bbool\b/g, 'yes/no')
    .replace(/\b(null_type|null)\b/g, 'empty')
    .replace(/^no such overload: /, 'These do not go together: ')
    .replace(/^found no matching overload for /, 'No function takes this: ')
    .replace(/\.$/, '')}.`;
}
