import { isMap, isNode, isScalar, Lexer, LineCounter, parseDocument, Parser, visit, type Document } from 'yaml';
import { LIMITS } from './limits.ts';
import type { Locate, Path, Place } from './place.ts';

export type Found = Place & { path: string; say: string; suggestion?: string };
export type Source = { ok: true; value: unknown; locate: Locate } | { ok: false; faults: Found[] };

const TOO_DEEP = 'The file is nested too deeply.';

/**
 * Aliases are refused altogether: a mapping needs none, and without them a small file cannot unfold into a large one. So are tags: without them every value is
 * one that JSON has, while `!!binary` or `!!set` would make bytes and sets that no schema here looks into.
 */
export function readSource(text: string): Source {
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (isTooDeep(text)) return { ok: false, faults: [{ path: '', line: 1, column: 1, say: TOO_DEEP }] };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const faults: Found[] = [...document.errors, ...document.warnings].map((error) => ({
      path: '',
      ...at(error.pos[0]),
      say: /call stack/.test(error.message) ? TOO_DEEP : `YAML: ${error.message}`,
    }));
    visit(document, {
      Alias: (_, node) => {
        faults.push({ path: '', ...at(node.range?.[0] ?? 0), say: 'Aliases (*name) are not used in mappings. Write the value out.' });
      },
      Value: (_, node) => {
        if (node.tag !== undefined) faults.push({ path: '', ...at(node.range?.[0] ?? 0), say: `Tags (${short(node.tag)}) are not used in mappings. Write the value without it.` });
      },
    });
    if (faults.length > 0) return { ok: false, faults };
    return { ok: true, value: document.toJS(), locate: (path, offset) => at(offsetOf(document, text, path, offset)) };
  } catch {
    return { ok: false, faults: [{ path: '', line: 1, column: 1, say: TOO_DEEP }] };
  }
}

/**
 * Whether values are nested beyond `LIMITS.yamlDepth`. Looked up before the document is made, for that is done by recursion: at some 10,000 levels it met the end of
 * the stack, which is an error that can be caught, unless a regular expression was to be compiled just there. That ends the process.
 */
function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _token of parser.next(lexeme));
    if (parser.stack.length > LIMITS.yamlDepth) return true;
  }
  return false;
}

/** Where the value at a path begins, or its key where the value is empty, or the deepest part of the path that exists. */
function offsetOf(document: Document, text: string, path: Path, within: number | 'key'): number {
  const node = document.getIn(path, true);
  const key = keyOffset(document, path);
  const empty = !isNode(node) || (isScalar(node) && node.value === null);
  if (key !== undefined && (empty || within === 'key')) return key;
  if (!isNode(node)) return path.length === 0 ? 0 : offsetOf(document, text, path.slice(0, -1), 0);
  const start = node.range?.[0] ?? 0;
  return isScalar(node) && typeof within === 'number' ? start + offsetWithin(text, start, String(node.value), within) : start;
}

function keyOffset(document: Document, path: Path): number | undefined {
  const parent = path.length > 0 ? document.getIn(path.slice(0, -1), true) : undefined;
  if (!isMap(parent)) return undefined;
  const key = parent.items.map((pair) => pair.key).find((candidate) => isScalar(candidate) && candidate.value === String(path.at(-1)));
  return isScalar(key) ? key.range?.[0] : undefined;
}

/** A tag as files write it. */
const short = (tag: string): string => tag.replace(/^tag:yaml\.org,2002:/, '!!').slice(0, 40);

/** An offset inside a scalar, where the file writes it as it reads; folded and escaped texts keep their beginning. */
function offsetWithin(text: string, start: number, value: string, within: number): number {
  for (const quote of [0, 1]) if (text.startsWith(value, start + quote)) return quote + within;
  return 0;
}
