import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { salesforceCall } from './client.ts';
import { id18 } from './ids.ts';

/** Named escapes of a quoted SOQL text [D: SOQL reference, quoted string escape sequences]. */
const ESCAPES: Record<string, string> = { '\\': '\\\\', "'": "\\'", '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f' };
/** No record has this id. `IN ()` is not SOQL, and an empty text is no id. */
const NOBODY = '000000000000000AAA';
/** A page holds up to 2,000 records. */
const MOST_PAGES = 25;
/** Salesforce takes 16,384 bytes of address and headers together [D]; the token alone may be 2,000 of them. */
const LONGEST_QUERY = 12_000;

/** A text as a SOQL literal, quotes included, whatever stands in it. */
export function quoted(text: string): string {
  return `'${escaped(text)}'`;
}

/** A pattern for `LIKE` that finds `text` anywhere, its own `%` and `_` standing for themselves. */
export function containing(text: string): string {
  return `'%${escaped(text).replace(/[%_]/g, '\\$&')}%'`;
}

/** Ids in parentheses, each once, for `IN`. @throws Problem `vendor.odd-answer` where one is no id */
export function idList(ids: readonly string[]): string {
  const each = [...new Set(ids.map(id18))];
  return `(${(each.length > 0 ? each : [NOBODY]).map((id) => `'${id}'`).join(',')})`;
}

/** A moment as a SOQL literal; these stand without quotes. */
export function datetime(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * All records of a query, page by page, each page one call. `deleted` asks for records in the recycle bin too, where `IsDeleted` tells which they are.
 * Each record has `attributes` beside its fields, and relations as objects or null.
 * @throws Problem `vendor.odd-answer` beyond 25 pages: page by key instead
 */
export async function query<T>(call: Call, soql: string, deleted = false): Promise<T[]> {
  const asked = encodeURIComponent(soql).replaceAll("'", '%27');
  if (asked.length > LONGEST_QUERY) throw new Problem('internal.bug', { say: 'A query is longer than Salesforce takes. Ask for fewer records or fields at once.' });
  const records: T[] = [];
  let url: string | null = `/${deleted ? 'queryAll' : 'query'}?q=${asked}`;
  for (let page = 0; url !== null; page++) {
    if (page === MOST_PAGES) throw new Problem('vendor.odd-answer', { say: 'A query has more answers than are read at once.' });
    const at: string = url;
    const answer = pageOf<T>(await salesforceCall(call, (org) => org.request<unknown>({ method: 'GET', url: at })));
    records.push(...answer.records);
    url = answer.next;
  }
  return records;
}

function pageOf<T>(answer: unknown): { records: T[]; next: string | null } {
  const { records, done, nextRecordsUrl: next } = (answer ?? {}) as { records?: unknown; done?: unknown; nextRecordsUrl?: unknown };
  if (!Array.isArray(records) || typeof done !== 'boolean') throw new Problem('vendor.odd-answer');
  if (done) return { records: records as T[], next: null };
  if (typeof next !== 'string' || !next.startsWith('/services/data/')) throw new Problem('vendor.odd-answer');
  return { records: records as T[], next };
}

/** Other control characters stand in no field; half a surrogate pair has no place in an address. */
function escaped(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[\\'"\n\r\t\b\f]/g, (char) => ESCAPES[char] ?? char)
    .replace(/\p{Cc}/gu, ' ');
}
