import { chunk } from '#lib/group';
import { isObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { restPath } from './client.ts';
import { listOf } from './describe-fields.ts';
import { problemOfRefusal } from './problem.ts';
import { refusalOf } from './refusal.ts';
import { getJson, sendJson } from './request.ts';

export interface Part {
  method: 'GET' | 'POST' | 'PATCH';
  /** Below the version root. */
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}
export interface Answer {
  status: number;
  body: unknown;
}

/** Parts of one composite request; of these at most five may be queries or collections [D: composite]. */
const MOST_PARTS = 25;
const MOST_READS = 5;
/** Records that one retrieve by POST takes [D: sObject collections]. */
const MOST_IDS = 2000;
/** Pages of a query that are read at once, as `query` does. */
const MOST_PAGES = 25;
/** Characters of a list in one query, encoded: with the rest of it well below the longest address. */
const LONGEST_LIST = 9000;

/**
 * Many requests as one: Salesforce counts one call, whatever is in it. Parts fail alone, or all together where `allOrNone` says so; a later part may use an earlier one's
 * answer, such as `@{part0.id}`.
 * @throws Problem where the whole failed
 */
export async function composite(call: Call, parts: readonly Part[], allOrNone = false): Promise<Answer[]> {
  if (parts.length > MOST_PARTS) throw new Problem('internal.bug', { say: 'A composite request has more parts than Salesforce takes.' });
  const compositeRequest = parts.map(({ method, path, body, headers }, index) => ({
    method,
    url: restPath(path),
    referenceId: `part${index}`,
    ...(body !== undefined && { body }),
    ...(headers && { httpHeaders: headers }),
  }));
  const reply = await sendJson(call, 'POST', '/composite', { allOrNone, compositeRequest });
  const answers = new Map(listOf(isObject(reply) ? reply.compositeResponse : null).map((answer) => [answer.referenceId, answer]));
  return parts.map((_part, index) => {
    const answer = answers.get(`part${index}`);
    if (typeof answer?.httpStatusCode !== 'number') throw new Problem('vendor.odd-answer');
    return { status: answer.httpStatusCode, body: answer.body };
  });
}

/** Queries and retrieves, five a call. @throws Problem of the first part that failed */
export async function readTogether(call: Call, parts: readonly Part[]): Promise<unknown[]> {
  const answers = await Promise.all(chunk(parts, MOST_READS).map((some) => composite(call, some)));
  return answers.flat().map(bodyOf);
}

/** @throws Problem where that part was refused */
export function bodyOf({ status, body }: Answer): unknown {
  if (status >= 300) throw problemOfRefusal(refusalOf(status, body));
  return body;
}

export const queryPart = (soql: string): Part => ({ method: 'GET', path: `/query?q=${encodeURIComponent(soql)}` });

/** Records by id, with as many fields as wanted: names in the address of a query would reach its limit with some 500 custom fields. Each 2,000 ids are one part. */
export function retrieveParts(object: string, ids: readonly string[], fields: readonly string[]): Part[] {
  return chunk([...new Set(ids)], MOST_IDS).map((some) => ({ method: 'POST', path: `/composite/sobjects/${object}`, body: { ids: some, fields } }));
}

/** Those of a retrieve that are there: the others are null in its answer. */
export function retrieved(body: unknown): Record<string, unknown>[] {
  if (!Array.isArray(body)) throw new Problem('vendor.odd-answer');
  return listOf(body);
}

/** All records of a query's answer, or of a relation inside one, which may have pages of its own: each further page is a call. */
export async function allRecords(call: Call, first: unknown): Promise<Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = [];
  let page = first;
  for (let read = 0; read < MOST_PAGES; read++) {
    // A relation without records is null.
    if (page === null || page === undefined) return records;
    if (!isObject(page) || !Array.isArray(page.records)) throw new Problem('vendor.odd-answer');
    records.push(...listOf(page.records));
    if (page.done !== false || typeof page.nextRecordsUrl !== 'string') return records;
    page = await getJson(call, page.nextRecordsUrl);
  }
  throw new Problem('vendor.odd-answer', { say: 'A query has more answers than are read at once.' });
}

/** Literals in runs, none longer than fits into an address beside the rest of its query. */
export function inRuns(literals: readonly string[]): string[][] {
  const runs: string[][] = [];
  let length = 0;
  for (const literal of literals) {
    const more = encodeURIComponent(`${literal},`).length;
    const run = runs.at(-1);
    if (run && length + more <= LONGEST_LIST) {
      run.push(literal);
      length += more;
    } else {
      runs.push([literal]);
      length = more;
    }
  }
  return runs;
}
