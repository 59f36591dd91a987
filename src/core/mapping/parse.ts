import { compile } from './expression.ts';
import { listExpressions } from './expressions.ts';
import { LIMITS } from './limits.ts';
import { placeOf, rememberPlaces, untold, writePath, type Fault, type Path } from './place.ts';
import { SCHEMAS, type AnyMapping, type MappingKind, type Mappings } from './schema.ts';
import { shapeFaults } from './shape-faults.ts';
import { readSource, type Found } from './source.ts';
import { withStandIns } from './stand-ins.ts';

/** `rest`: the mapping with stand-ins for what is wrong in it, as far as there is one, to be looked through for further faults and never to be used. */
export type Parsed<Kind extends MappingKind> = { ok: true; mapping: Mappings[Kind] } | { ok: false; faults: Fault[]; rest: Mappings[Kind] | null };

/**
 * Reads a mapping file: its YAML, its shape and each expression by itself. All faults at once, with their places; never throws.
 * Whether names exist in an account is `checkMapping`'s question.
 */
export function parseMapping<Kind extends MappingKind>(kind: Kind, text: string): Parsed<Kind> {
  const faults = (list: Omit<Fault, 'kind' | 'level'>[], rest: Mappings[Kind] | null = null): Parsed<Kind> => ({
    ok: false,
    rest,
    faults: inOrder(list)
      .slice(0, LIMITS.faults)
      .map((fault) => ({ kind, level: 'error', ...fault })),
  });
  if (Buffer.byteLength(text) > LIMITS.mappingBytes) return faults([{ path: '', line: 1, column: 1, say: `The file is larger than ${LIMITS.mappingBytes / 1024} KiB.` }]);
  const source = readSource(text);
  if (!source.ok) return faults(source.faults);
  const { value, locate } = source;
  const whole = SCHEMAS[kind].safeParse(value);
  const shape = whole.success ? [] : shapeFaults(kind, whole.error.issues, value);
  const sound = whole.success ? whole : SCHEMAS[kind].safeParse(withStandIns(value, shape));
  const misshapen = shape.map(({ path, at, ...fault }) => ({ ...fault, path: writePath(path), ...locate(path, at) }));
  if (!sound.success) return faults(misshapen);
  const mapping = sound.data as Mappings[Kind];
  rememberPlaces(mapping, locate);
  const found = [...misshapen, ...untold(misshapen, [...repeatedIds(mapping), ...faultyExpressions(mapping)])];
  return found.length > 0 ? faults(found, mapping) : { ok: true, mapping };
}

const inOrder = <Place extends { line: number; column: number }>(faults: Place[]): Place[] => faults.toSorted((a, b) => a.line - b.line || a.column - b.column);

function repeatedIds(mapping: AnyMapping): Found[] {
  const seen = new Set<string>();
  return mapping.rules.flatMap(({ id }, index) => {
    const path: Path = ['rules', index, 'id'];
    if (!seen.has(id)) return (seen.add(id), []);
    return [{ path: writePath(path), ...placeOf(mapping, path), say: `Another rule has the id "${id}" already.` }];
  });
}

function faultyExpressions(mapping: AnyMapping): Found[] {
  return listExpressions(mapping, { schema: null, attribution: null }).flatMap(({ path, text, language }) => {
    const compiled = compile(text, language);
    if (compiled.ok) return [];
    return compiled.issues.map(({ offset, ...issue }) => ({ path: writePath(path), ...placeOf(mapping, path, offset), ...issue }));
  });
}
