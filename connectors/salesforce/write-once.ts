import type { Call } from '#ports/call';
import { inRuns, readTogether, queryPart, retrieved, retrieveParts, allRecords } from './composite.ts';
import { id18, isId } from './ids.ts';
import { quoted } from './soql.ts';
import type { Input, Target } from './write-input.ts';
import { textFrom } from './values.ts';

/** Takes out the write-once fields that have a value already. Salesforce has no conditional write, so they are read first: one call for all. */
export async function keepFirst(call: Call, target: Target, inputs: readonly Input[]): Promise<void> {
  const careful = inputs.map((input) => ({ input, fields: onceOf(target, input) })).filter(({ fields }) => fields.length > 0);
  if (careful.length === 0) return;
  const now = await readNow(
    call,
    target,
    careful.map(({ input }) => input.key),
    [...new Set(careful.flatMap(({ fields }) => fields))],
  );
  for (const { input, fields } of careful) {
    const record = now.get(input.key);
    for (const field of fields) if (isSet(record?.[field])) input.set.delete(field);
  }
}

/** The org's names of those that may be written once. */
const onceOf = (target: Target, { write, set }: Input): string[] => [...set.keys()].filter((api) => write.once.includes(target.shown.get(api) ?? api));
const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

async function readNow(call: Call, { object, key }: Target, keys: readonly string[], fields: readonly string[]): Promise<Map<string, Record<string, unknown>>> {
  if (key === null) {
    const bodies = await readTogether(call, retrieveParts(object, keys, ['Id', ...fields]));
    return new Map(bodies.flatMap(retrieved).flatMap((row) => (isId(row.Id) ? [[id18(row.Id), row]] : [])));
  }
  const parts = inRuns(keys.map(quoted)).map((run) => queryPart(`SELECT ${[key, ...fields].join(', ')} FROM ${object} WHERE ${key} IN (${run.join(',')})`));
  const pages = await Promise.all((await readTogether(call, parts)).map((body) => allRecords(call, body)));
  return new Map(pages.flat().map((row) => [textFrom(row[key]), row]));
}
