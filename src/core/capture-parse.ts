import { CAPTURE_LIMITS, capturePageSchema, type CapturePage } from '#core/capture';
import { writePath, type Place } from '#core/mapping/place';
import { readSource } from '#core/mapping/source';

/** Something wrong in a page's text, with its place. */
export type CaptureFault = Place & { level: 'error' | 'warning'; path: string; say: string };
export type ParsedPage = { ok: true; page: CapturePage; at: (path: (string | number)[]) => Place } | { ok: false; faults: CaptureFault[] };

/** Reads a page from its YAML: all faults at once, with their places; never throws. Whether its texts exist is asked of the store. */
export function parseCapturePage(text: string): ParsedPage {
  if (Buffer.byteLength(text) > CAPTURE_LIMITS.pageBytes)
    return { ok: false, faults: [{ level: 'error', path: '', line: 1, column: 1, say: `The text is larger than ${CAPTURE_LIMITS.pageBytes / 1024} KiB.` }] };
  const source = readSource(text);
  if (!source.ok) return { ok: false, faults: source.faults.map((fault) => ({ level: 'error', ...fault })) };
  const parsed = capturePageSchema.safeParse(source.value);
  if (parsed.success) return { ok: true, page: parsed.data, at: (path) => source.locate(path, 0) };
  const faults = parsed.error.issues.flatMap((issue): CaptureFault[] => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    const fault = (at: (string | number)[], say: string, where: 0 | 'key' = 0): CaptureFault => ({ level: 'error', path: writePath(at), say, ...source.locate(at, where) });
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => fault([...path, key], `There is no "${key}" here.`, 'key'));
    if (issue.code === 'invalid_type' && issue.input === undefined && !isThere(source.value, path)) return [fault(path, `"${String(path.at(-1) ?? 'page')}" is missing.`)];
    return [fault(path, issue.message)];
  });
  return { ok: false, faults: faults.sort((a, b) => a.line - b.line || a.column - b.column) };
}

function isThere(value: unknown, path: readonly (string | number)[]): boolean {
  let at: unknown = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return false;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at !== undefined;
}
