import { Problem } from '#core/problem';
import type { Stored } from './write-values.ts';

/** What Bulk API 2.0 reads as "empty it"; an empty cell leaves the field alone [D: bulk, valid data]. */
const CLEAR = '#N/A';

/** One cell by RFC 4180: in quotes where its text would end it early. Spaces at its ends are kept by quotes too. */
function cell(value: Stored | undefined): string {
  if (value === undefined) return '';
  const text = value === null ? CLEAR : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table with its header; lines end in LF, as the job is told. */
export function csvOf(columns: readonly string[], rows: readonly ReadonlyMap<string, Stored>[]): string {
  const lines = rows.map((row) => columns.map((column) => cell(row.get(column))).join(','));
  return `${[columns.map(cell).join(','), ...lines].join('\n')}\n`;
}

/** A table as Salesforce writes it, by the names in its header. @throws Problem `vendor.odd-answer` */
export function rowsOf(csv: string): Record<string, string>[] {
  const [header, ...rows] = tableOf(csv);
  if (!header) return [];
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? ''])));
}

/** One pass over the text; a quote inside quotes stands twice. */
function tableOf(csv: string): string[][] {
  const rows: string[][] = [];
  const pattern = /("[^"]*(?:""[^"]*)*"|[^",\r\n]*)(,|\r?\n|$)/y;
  let row: string[] = [];
  while (pattern.lastIndex < csv.length) {
    const [, raw, end] = pattern.exec(csv) ?? [];
    if (raw === undefined) throw new Problem('vendor.odd-answer', { say: 'Salesforce answered with a table that cannot be read.' });
    row.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  // The last row may end in an empty cell, and without a line's end.
  if (row.length > 0) rows.push([...row, '']);
  return rows;
}
