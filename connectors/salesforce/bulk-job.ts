import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from '#lib/json';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { rowsOf } from './bulk-csv.ts';
import { CALL_OPTIONS, restPath, salesforceCall } from './client.ts';
import { recordProblem, replyProblem } from './problem.ts';
import { getJson, sendJson } from './request.ts';
import { textFrom } from './values.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** Salesforce gives a job up after ten minutes of work on one of its batches and tries it again; this long is none that will end. */
const LONGEST_JOB_MS = 60 * 60_000;
const OVER = new Set(['JobComplete', 'Failed', 'Aborted']);

export interface JobPlan {
  object: string;
  /** Null for an update by Salesforce's own id. */
  key: string | null;
  csv: string;
}
/** Rows of a finished job, by what became of them. */
export interface JobResults {
  done: Record<string, string>[];
  failed: Record<string, string>[];
}

/**
 * Runs one ingest job of Bulk API 2.0 to its end: make, upload, close, ask until it is over, fetch what became of each row. Six calls and one for each look, the
 * looks ever further apart. A job that fails as a whole is thrown, and one whose data could not be sent is aborted, lest it stay open for a week.
 * @throws Problem
 */
export async function runJob(call: Call, plan: JobPlan, told: (done: number, failed: number) => void): Promise<JobResults> {
  const job = await makeJob(call, plan);
  try {
    await salesforceCall(call, (org) => org.request<unknown>({ method: 'PUT', url: `${job}/batches`, body: plan.csv, headers: { 'content-type': 'text/csv' } }));
    await sendJson(call, 'PATCH', job, { state: 'UploadComplete' });
  } catch (thrown) {
    await sendJson(call, 'PATCH', job, { state: 'Aborted' }).catch(() => undefined);
    throw thrown;
  }
  await finish(call, job, told);
  const [done, failed] = await Promise.all([rowsAt(call, `${job}/successfulResults/`), rowsAt(call, `${job}/failedResults/`)]);
  return { done, failed };
}

async function makeJob(call: Call, { object, key }: JobPlan): Promise<string> {
  const form = { object, contentType: 'CSV', lineEnding: 'LF', columnDelimiter: 'COMMA' };
  const made = await sendJson(call, 'POST', '/jobs/ingest', key === null ? { ...form, operation: 'update' } : { ...form, operation: 'upsert', externalIdFieldName: key });
  const id = isObject(made) ? textFrom(made.id) : '';
  if (!/^\w{15,18}$/.test(id)) throw new Problem('vendor.odd-answer');
  return `/jobs/ingest/${id}`;
}

async function finish(call: Call, job: string, told: (done: number, failed: number) => void): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  for (let waited = 0; waited < LONGEST_JOB_MS; waited += pause, pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5)) {
    await rest(call, pause);
    const info = await getJson(call, job);
    if (!isObject(info)) throw new Problem('vendor.odd-answer');
    const [processed, failed] = [countFrom(info.numberRecordsProcessed), countFrom(info.numberRecordsFailed)];
    told(Math.max(0, processed - failed), failed);
    const state = textFrom(info.state);
    if (state === 'JobComplete') return;
    if (OVER.has(state)) throw failure(state, textFrom(info.errorMessage));
  }
  throw new Problem('vendor.unavailable', { say: 'A bulk job of Salesforce has not ended within an hour.' });
}

function failure(state: string, message: string): Problem {
  const [, code = '', words = message] = /^([A-Za-z_]+)\s*:\s*([^]*)$/.exec(message) ?? [];
  if (message === '')
    return new Problem('vendor.rejected', {
      say: `The bulk job ended as ${state}: somebody in the org stopped it, or it failed. Look at Setup, Bulk Data Load Jobs, then replay.`,
    });
  return recordProblem([{ statusCode: code.toUpperCase(), message: words, fields: [] }]);
}

async function rest(call: Call, ms: number): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: call.signal });
  } catch (cause) {
    throw new Problem('vendor.lost-reply', { say: 'The server stopped while a bulk job ran. Writing its records again does no harm.', cause });
  }
}

/** Not by jsforce, which takes `|`, `;` and tabs for commas too and so breaks our recipients' ids. */
async function rowsAt(call: Call, path: string): Promise<Record<string, string>[]> {
  const reply = await call.request({ method: 'GET', path: restPath(path), headers: { ...CALL_OPTIONS, accept: 'text/csv' } });
  if (reply.status >= 300) throw replyProblem(reply);
  if (reply.body === null) return [];
  if (typeof reply.body !== 'string') throw new Problem('vendor.odd-answer');
  return rowsOf(reply.body);
}

const countFrom = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
