import type { RecordType } from '#core/records';
import { compile } from './expression.ts';
import { listExpressions } from './expressions.ts';
import type { SendMapping } from './schema.ts';

/** Which CRM fields a `send` mapping reads, by record type, so that a reader of records knows what to ask for. Sorted. */
export function fieldsRead(send: SendMapping): Record<RecordType | 'line', string[]> {
  const types: Record<string, RecordType | 'line'> = { deal: 'deal', contact: 'contact', primary: 'contact', company: 'company', lines: 'line' };
  const found: Record<RecordType | 'line', Set<string>> = { deal: new Set(), contact: new Set(), company: new Set(), line: new Set() };
  for (const { text, language } of listExpressions(send, { schema: null, attribution: null })) {
    const compiled = compile(text, language);
    if (!compiled.ok) continue;
    for (const name of compiled.expression.reads) {
      const dot = name.indexOf('.');
      const type = types[name.slice(0, dot)];
      const field = name.slice(dot + 1);
      // `id` and `url` come with every record without being asked for.
      if (type && field !== 'id' && field !== 'url') found[type].add(field);
    }
  }
  return { deal: [...found.deal].sort(), contact: [...found.contact].sort(), company: [...found.company].sort(), line: [...found.line].sort() };
}
