import type { Environment } from '@marcbachmann/cel-js';
import { addDays, writeDate } from './dates.ts';
import { registerLazyFunctions, LAZY_FUNCTIONS } from './lazy-functions.ts';
import { LIMITS } from './limits.ts';
import { isBlank, money, round, shorten, toNumber, words, type Value } from './values.ts';

/** What a function takes: each kind but `list` may also be empty (null), so that no field needs a guard around it. */
type Kind = 'text' | 'number' | 'any' | 'list';
interface Definition {
  /** The first is canonical; others are how Salesforce formulas call it. */
  names: string[];
  takes: Kind[];
  gives: 'string' | 'bool' | 'double' | 'dyn<string>' | 'dyn<double>';
  run: (...args: Value[]) => Value;
}

/** Functions that make a text give an empty text for an empty value; those that make a number give null. */
const DEFINITIONS: Definition[] = [
  { names: ['text', 'TEXT'], takes: ['any'], gives: 'string', run: words },
  { names: ['upper', 'UPPER'], takes: ['text'], gives: 'string', run: (text) => words(text).toUpperCase() },
  { names: ['lower', 'LOWER'], takes: ['text'], gives: 'string', run: (text) => words(text).toLowerCase() },
  { names: ['trim', 'TRIM'], takes: ['text'], gives: 'string', run: (text) => words(text).trim() },
  { names: ['shorten', 'LEFT'], takes: ['text', 'number'], gives: 'string', run: (text, length) => shorten(words(text), Number(length)) },
  { names: ['isBlank', 'ISBLANK'], takes: ['any'], gives: 'bool', run: isBlank },
  { names: ['number', 'VALUE'], takes: ['any'], gives: 'dyn<double>', run: toNumber },
  { names: ['round', 'ROUND'], takes: ['number', 'number'], gives: 'dyn<double>', run: round },
  { names: ['money'], takes: ['number', 'text'], gives: 'string', run: money },
  { names: ['date'], takes: ['text', 'text'], gives: 'string', run: (text, style) => (isBlank(text) ? '' : writeDate(words(text), words(style))) },
  { names: ['dateValue', 'DATEVALUE'], takes: ['text'], gives: 'string', run: (text) => (isBlank(text) ? '' : writeDate(words(text), 'iso')) },
  { names: ['addDays'], takes: ['text', 'number'], gives: 'string', run: (text, days) => (isBlank(text) ? '' : addDays(words(text), Number(days))) },
];

/** Functions over lists; `join` leaves blank texts out and `sum` blank numbers. */
const LIST_DEFINITIONS: { name: string; signature: string; run: (list: Value[], separator: string) => Value }[] = [
  {
    name: 'join',
    signature: 'join(list, string): string',
    run: (list, separator) =>
      bounded(
        list
          .filter((item) => !isBlank(item))
          .map(joinable)
          .join(separator),
      ),
  },
  { name: 'sum', signature: 'sum(list): double', run: (list) => list.reduce<number>((total, item) => total + addable(item), 0) },
];

/** Every function that may be called; whatever else the CEL library brings along is refused by the guard. */
export const FUNCTIONS: readonly string[] = [...DEFINITIONS.flatMap(({ names }) => names), ...LIST_DEFINITIONS.map(({ name }) => name), ...LAZY_FUNCTIONS, 'size'];
/** Functions whose first argument is a list. */
export const LIST_FUNCTIONS: readonly string[] = [...LIST_DEFINITIONS.map(({ name }) => name), 'size'];
/** Methods of texts that CEL itself has. */
export const TEXT_METHODS: readonly string[] = ['contains', 'startsWith', 'endsWith'];

export function registerFunctions(environment: Environment): void {
  for (const { names, takes, gives, run } of DEFINITIONS) {
    for (const name of names) {
      for (const types of combinations(takes)) {
        environment.registerFunction(`${name}(${types.join(', ')}): ${gives}`, (...args: unknown[]) => run(...args.map(argument)), { async: false });
      }
    }
  }
  for (const { signature, run } of LIST_DEFINITIONS) {
    environment.registerFunction(signature, (list: unknown[], separator?: string) => run(list.map(argument), separator ?? ''), { async: false });
  }
  for (const method of TEXT_METHODS) environment.registerFunction(`null.${method}(string): bool`, () => false, { async: false });
  for (const signature of ['size(null): int', 'null.size(): int']) environment.registerFunction(signature, () => 0n, { async: false });
  registerLazyFunctions(environment);
}

/** CEL knows no optional parameters and no unions: each combination of types is a function of its own. */
function combinations(takes: Kind[]): string[][] {
  const types: Record<Kind, string[]> = { text: ['string', 'null'], number: ['double', 'int', 'null'], any: ['dyn'], list: ['list'] };
  return takes.reduce<string[][]>((rows, kind) => rows.flatMap((row) => types[kind].map((type) => [...row, type])), [[]]);
}

/** The border out of CEL: its whole numbers are BigInt, which no CRM field and no JSON can hold. */
export function fromCel(value: unknown): Value {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new Error('a single value was expected, not a record or a list');
}

/** Bounded on the way in, so that no function works on a text that could not be a result either. */
function argument(value: unknown): Value {
  const plain = fromCel(value);
  return typeof plain === 'string' ? bounded(plain) : plain;
}

/** @throws Error where the text is longer than `LIMITS.textChars` */
export function bounded(text: string): string {
  if (text.length > LIMITS.textChars) throw new Error(`a text is longer than ${LIMITS.textChars} characters`);
  return text;
}

function joinable(value: Value): string {
  if (typeof value === 'string') return value;
  throw new Error('join takes texts; wrap numbers in text()');
}

function addable(value: Value): number {
  if (value === null) return 0;
  if (typeof value === 'number') return value;
  throw new Error('sum takes numbers');
}
