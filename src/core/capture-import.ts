import * as z from 'zod';
import { actInput, readAct, type KnownText } from '#core/capture-act';
import { readCsv } from '#core/capture-csv';
import { hashWording } from '#core/consent-text';
import type { ConsentGiven } from '#core/fact';
import { readTime } from '#core/touch';

/** More than this is imported in several files. */
export const MOST_ROWS = 100_000;

/** One row of a file, by the names of its columns. */
export interface ImportRow {
  line: number;
  values: Readonly<Record<string, string>>;
}
export interface ImportAct {
  line: number;
  email: string;
  name: string | null;
  act: ConsentGiven;
}
export interface RowFault {
  line: number;
  say: string;
}
export type ImportFile = { ok: true; rows: ImportRow[] } | { ok: false; say: string };

/** `captured_at`, `Captured at` and `capturedAt` are one column. */
const columnOf = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');
const COLUMNS = ['email', 'name', 'text', 'version', 'locale', 'wordingfile', 'type', 'purpose', 'channel', 'status', 'capturedat', 'timezone', 'expiresat'];
const MORE_COLUMNS = ['jurisdiction', 'basis', 'source', 'evidence', 'evidenceuri'];
const KNOWN = new Set([...COLUMNS, ...MORE_COLUMNS]);

/** The rows of a CSV or JSON file. A column that nobody knows is refused, for it may be a misspelt one that matters. */
export function readImportFile(text: string, kind: 'csv' | 'json'): ImportFile {
  const read = kind === 'csv' ? csvRows(text) : jsonRows(text);
  if (typeof read === 'string') return { ok: false, say: read };
  if (read.length > MOST_ROWS) return { ok: false, say: `The file has ${read.length} rows; at most ${MOST_ROWS} are taken at once. Split it.` };
  const strange = [...new Set(read.flatMap(({ values }) => Object.keys(values)))].filter((name) => !KNOWN.has(name));
  if (strange.length > 0) return { ok: false, say: `There is no column ${strange.map((name) => `"${name}"`).join(', ')}. docs/api.md lists the columns.` };
  return { ok: true, rows: read };
}

function csvRows(text: string): ImportRow[] | string {
  const [head, ...rows] = readCsv(text);
  if (!head) return 'The file is empty.';
  const names = head.cells.map(columnOf);
  if (!names.includes('email')) return 'The first line has to name the columns, and one of them has to be "email".';
  const ragged = rows.find(({ cells }) => cells.length !== names.length);
  if (ragged) return `Line ${ragged.line} has ${ragged.cells.length} cells, the first line has ${names.length}.`;
  return rows.map(({ line, cells }) => ({ line, values: Object.fromEntries(names.map((name, place) => [name, (cells[place] ?? '').trim()])) }));
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const jsonFile = z.array(z.record(z.string(), scalar.nullable()));

/** A JSON file has no lines worth naming: its rows are counted from 1. */
function jsonRows(text: string): ImportRow[] | string {
  try {
    const parsed = jsonFile.safeParse(JSON.parse(text));
    if (!parsed.success) return 'The file has to be a list of objects whose members are texts, numbers or true and false.';
    return parsed.data.map((row, place) => ({ line: place + 1, values: Object.fromEntries(Object.entries(row).map(([name, value]) => [columnOf(name), (value ?? '').trim()])) }));
  } catch {
    return 'The file is no JSON.';
  }
}

export interface ImportContext {
  texts: readonly KnownText[];
  now: number;
  /** The file's name, for the evidence. */
  file: string;
  /** What a wording file holds; null where there is none of that name. */
  wording: (name: string) => string | null;
}

/** What a row is worth to the ledger, or everything that is wrong with it. An import without evidence is somebody's word, and no consent. */
export function readImportRow({ line, values }: ImportRow, context: ImportContext): { ok: true; act: ImportAct } | { ok: false; faults: RowFault[] } {
  const faults = missingEvidence(values);
  const text = textOf(values, context, faults);
  if (!zoneFits(values)) faults.push(`The time zone ${values.timezone ?? ''} has another offset at ${values.capturedat ?? ''}. One of the two is wrong.`);
  if (!z.email().safeParse(values.email).success) faults.push('"email" is no e-mail address.');
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  const parsed = actInput.safeParse({
    ...text,
    type: given.type,
    purpose: given.purpose,
    channel: given.channel,
    status: given.status,
    capturedAt: given.capturedat ?? '',
    expiresAt: given.expiresat,
    jurisdiction: given.jurisdiction,
    basis: given.basis,
    evidence: { source: values.source ?? '', file: context.file, line, ...(given.evidence === undefined ? {} : { note: given.evidence }) },
    evidenceUri: given.evidenceuri,
  });
  if (!parsed.success) faults.push(...parsed.error.issues.map(({ path, message }) => `"${path.join('.')}": ${message}`));
  if (!parsed.success || faults.length > 0) return { ok: false, faults: faults.map((say) => ({ line, say })) };
  const read = readAct(parsed.data, context.texts, { how: 'import', source: `import ${values.source ?? ''}`, now: context.now });
  if (!read.ok) return { ok: false, faults: [{ line, say: `"${read.path}": ${read.say}` }] };
  return { ok: true, act: { line, email: values.email ?? '', name: given.name ?? null, act: read.act } };
}

function missingEvidence(values: ImportRow['values']): string[] {
  const faults: string[] = [];
  if (!values.source) faults.push('"source" is missing: say where this consent was kept until now.');
  if (!values.capturedat) faults.push('"captured_at" is missing: say when the person acted.');
  else if (readTime(values.capturedat) === null) faults.push('"captured_at" has to be a time with its offset, such as 2026-03-01T09:30:00+01:00.');
  if (values.status !== 'withdrawn' && !(values.text && values.version) && !values.wordingfile)
    faults.push('Name the wording that was shown, by "text" and "version" or by "wording_file".');
  return faults;
}

/** The text by name and version, or the one whose words a file holds. */
function textOf(values: ImportRow['values'], { texts, wording }: ImportContext, faults: string[]): { text?: string; version?: number; locale?: string } {
  const locale = values.locale ? { locale: values.locale } : {};
  if (values.wordingfile) {
    const words = wording(values.wordingfile);
    if (words === null) return (faults.push(`There is no file "${values.wordingfile}".`), {});
    const hash = hashWording(words);
    const found = texts.find((text) => text.hash === hash && (!values.text || text.name === values.text) && (!values.locale || text.locale === values.locale));
    if (!found) return (faults.push(`The words of "${values.wordingfile}" are no version of a published text. Publish them first.`), {});
    return { text: found.name, version: found.version, locale: found.locale };
  }
  if (!values.text) return locale;
  return { text: values.text, ...(values.version ? { version: Number(values.version) } : {}), ...locale };
}

/** Whether a named time zone has, at that moment, the offset that the time was written with. */
function zoneFits({ timezone, capturedat }: ImportRow['values']): boolean {
  if (!timezone || !capturedat) return true;
  const at = readTime(capturedat);
  const written = /(Z|[+-]\d{2}:?\d{2})$/i.exec(capturedat)?.[1];
  if (at === null || written === undefined) return true;
  try {
    const parts = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'longOffset' }).formatToParts(at);
    const offset = parts.find(({ type }) => type === 'timeZoneName')?.value.replace('GMT', '') ?? '';
    return minutesOf(offset) === minutesOf(written);
  } catch {
    return false;
  }
}

function minutesOf(offset: string): number {
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})$/.exec(offset) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
