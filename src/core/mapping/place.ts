import type { MappingKind } from './schema.ts';

/** Lines and columns count from 1. */
export interface Place {
  line: number;
  column: number;
}
/** Something wrong in a mapping, for the person who wrote it. */
export interface Fault extends Place {
  kind: MappingKind;
  /** Such as `rules[0].when.stage`. */
  path: string;
  /** A `warning` does not keep the mapping from being used. */
  level: 'error' | 'warning';
  say: string;
  suggestion?: string;
}
export type Path = readonly (string | number)[];

/** `rules[0].when.stage`; a key with other letters is quoted: `fields["Start date"]`. */
export function writePath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** `offset` characters into the value; `key` for where its key stands. */
export type Locate = (path: Path, offset: number | 'key') => Place;
const locators = new WeakMap<object, Locate>();

/** Remembers where a parsed mapping's parts stand in its text, beside the mapping: the mapping itself stays plain data. */
export function rememberPlaces(mapping: object, locate: Locate): void {
  locators.set(mapping, locate);
}

/** Where a part of a mapping stands in the text that it was parsed from, `offset` characters in; the start of the file where it was not parsed from text. */
export function placeOf(mapping: object, path: Path, offset = 0): Place {
  return locators.get(mapping)?.(path, offset) ?? { line: 1, column: 1 };
}

/** Those faults that stand neither where another was told already nor below it: what is said of the parts of something misshapen would be said of its stand-in. */
export function untold<Faulty extends { path: string }>(told: readonly { path: string }[], faults: readonly Faulty[]): Faulty[] {
  const places = told.map(({ path }) => path);
  return faults.filter(({ path }) => !places.some((place) => path === place || (path.startsWith(place) && /^[.[]/.test(path.slice(place.length)))));
}
