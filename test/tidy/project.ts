import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '#lib/root';

/** A text file of the project. Rules take these, so that a rule can be tried on a text that is not there. */
export interface Source {
  /** From the root, with `/`. */
  path: string;
  text: string;
}
/** What is wrong with a file; none when it is tidy. */
export type FileRule = (source: Source) => string[];

/** Folders that tools make and git ignores. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage', 'screenshots']);
const BINARY = /\.(png|jpg|gif|ico|pdf|woff2?|zip|p12)$/;

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(join(projectRoot, folder), { withFileTypes: true })) {
    if (entry.name === 'node_modules' || (folder === '' && NOT_OURS.has(entry.name))) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile() && !/\.tsbuildinfo$|^\.env/.test(entry.name)) yield path;
  }
}

/** Every file of the project by its path from the root, in order. */
export const files: readonly string[] = [...walk('')].sort();
export const texts: readonly Source[] = files.filter((path) => !BINARY.test(path)).map((path) => ({ path, text: readFileSync(join(projectRoot, path), 'utf8') }));

export const code = texts.filter(({ path }) => /^(src|connectors|migrations|test)\/.*\.tsx?$/.test(path));
export const product = code.filter(({ path }) => !path.startsWith('test/'));
export const pages = texts.filter(({ path }) => path.endsWith('.md'));

/** `path:line` of a position, as editors open it. */
export function place({ path, text }: Source, position: number): string {
  return `${path}:${text.slice(0, position).split('\n').length}`;
}

/** Every match of `pattern` (global), with its place as a person reads it. */
export function matchesOf(source: Source, pattern: RegExp): { index: number; at: string }[] {
  return [...source.text.matchAll(pattern)].map((match) => ({ index: match.index, at: `${place(source, match.index)} ${match[0].trim()}` }));
}

export const placesOf = (source: Source, pattern: RegExp): string[] => matchesOf(source, pattern).map(({ at }) => at);
