import type { CrmSchema, Template } from '#core/records';
import { checkJourney, type JourneyGround } from './check-journey.ts';
import { checkSend } from './check-send.ts';
import { checkWrites } from './check-writes.ts';
import { compile } from './expression.ts';
import { listExpressions } from './expressions.ts';
import type { Parsed } from './parse.ts';
import { placeOf, untold, writePath, type Fault, type Path } from './place.ts';
import type { AnyMapping, JourneyMapping, MappingKind, SendMapping, WritebackMapping } from './schema.ts';

/** Mappings that work together; what is absent is not checked. */
export interface MappingSet {
  send?: SendMapping | undefined;
  writeback?: WritebackMapping | undefined;
  journey?: JourneyMapping | undefined;
}
/** What the connected accounts have; null where that is not known (yet), and then nothing is said of it. */
export interface Ground extends JourneyGround {
  schema: CrmSchema | null;
  templates: readonly Template[] | null;
  /** Names of the consent texts that are published. */
  texts?: readonly string[];
}

/** Where a check puts what it finds. */
export type Report = (mapping: AnyMapping, path: Path, say: string, more?: { suggestion?: string | undefined; level?: Fault['level']; offset?: number | undefined }) => void;

/** Whether mappings fit the accounts: every fault at once, each with its place. An empty answer, or warnings alone, means that they may be used. */
export function checkMapping(set: MappingSet, ground: Ground): Fault[] {
  const faults: Fault[] = [];
  const report: Report = (mapping, path, say, { suggestion, level = 'error', offset } = {}) => {
    faults.push({ kind: mapping.kind, path: writePath(path), ...placeOf(mapping, path, offset), level, say, ...(suggestion === undefined ? {} : { suggestion }) });
  };
  checkExpressions(set, ground, report);
  if (set.send) checkSend(set.send, ground, report);
  checkWrites(set, ground.schema, report);
  if (set.journey) checkJourney(set.journey, ground, report);
  return inFileOrder(faults);
}

/** Every fault of files that were read, those of what could not be read in them and those against the accounts, each once. */
export function checkParsed(files: readonly Parsed<MappingKind>[], ground: Ground): Fault[] {
  const readable = files.flatMap((file) => (file.ok ? file.mapping : (file.rest ?? [])));
  const told = files.flatMap((file) => (file.ok ? [] : file.faults));
  const found = checkMapping(Object.fromEntries(readable.map((mapping) => [mapping.kind, mapping])), ground);
  const more = ORDER.flatMap((kind) => untold(ofKind(told, kind), ofKind(found, kind)));
  return inFileOrder([...told, ...more]);
}

const ofKind = (faults: readonly Fault[], kind: MappingKind): Fault[] => faults.filter((fault) => fault.kind === kind);

const ORDER: readonly MappingKind[] = ['send', 'writeback', 'journey'];
const inFileOrder = (faults: Fault[]): Fault[] => faults.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.line - b.line || a.column - b.column);

function checkExpressions(set: MappingSet, { schema }: Ground, report: Report): void {
  const attribution = set.send ? Object.keys(set.send.attribution) : null;
  for (const mapping of [set.send, set.writeback, set.journey]) {
    if (!mapping) continue;
    for (const { path, text, language, condition, optional } of listExpressions(mapping, { schema, attribution })) {
      const level = optional ? 'warning' : 'error';
      const compiled = compile(text, language);
      if (!compiled.ok) for (const { say, suggestion, offset } of compiled.issues) report(mapping, path, say, { suggestion, offset, level });
      else if (condition && !['bool', 'unknown', 'empty'].includes(compiled.expression.kind))
        report(mapping, path, `A condition gives yes or no; this gives ${compiled.expression.kind === 'text' ? 'a text' : 'a number'}.`);
    }
  }
}
