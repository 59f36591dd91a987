import { ApiFault, fault, notFound } from '../org/faults.ts';
import { idOf } from '../org/ids.ts';
import { stamp } from '../org/moments.ts';
import type { SeenObject } from '../org/schema.ts';
import type { BulkJob } from '../org/state.ts';
import type { Outcome, Transaction } from '../org/transaction.ts';
import { parseCsv, writeCsv } from './csv.ts';
import { bodyOf, ok, type Answer, type Ask, type Caller, type Route } from './exchange.ts';

const OPERATIONS = ['insert', 'update', 'upsert', 'delete'];
const MOST_BYTES = 150_000_000;

/** Bulk API 2.0's way of writing many records. A job runs when it is closed; the first look after that still finds it under way. */
export const bulkRoutes: Route[] = [
  { method: 'POST', path: 'jobs/ingest', handler: create },
  { method: 'GET', path: 'jobs/ingest', handler: (caller) => ok({ done: true, nextRecordsUrl: null, records: Object.values(caller.org.state.jobs).map((job) => view(job)) }) },
  { method: 'GET', path: 'jobs/ingest/:job', handler: poll },
  { method: 'PATCH', path: 'jobs/ingest/:job', handler: setState },
  { method: 'DELETE', path: 'jobs/ingest/:job', handler: remove },
  { method: 'PUT', path: 'jobs/ingest/:job/batches', handler: upload },
  { method: 'GET', path: 'jobs/ingest/:job/successfulResults', handler: (caller, ask) => results(jobOf(caller, ask), true) },
  { method: 'GET', path: 'jobs/ingest/:job/failedResults', handler: (caller, ask) => results(jobOf(caller, ask), false) },
  { method: 'GET', path: 'jobs/ingest/:job/unprocessedrecords', handler: (caller, ask) => csv(jobOf(caller, ask), [jobOf(caller, ask).columns]) },
];

const refuse = (code: string, message: string) => new ApiFault(400, fault(code, message));

function jobOf({ org }: Caller, { params }: Ask): BulkJob {
  const job = org.state.jobs[params.job ?? ''];
  if (!job) throw notFound();
  return job;
}

function create(caller: Caller, ask: Ask): Answer {
  const { object, operation, externalIdFieldName, contentType = 'CSV', lineEnding = 'LF' } = bodyOf(ask);
  const seen = caller.actor.schema.object(String(object));
  if (!seen) throw refuse('INVALIDENTITY', `Unable to find object: ${String(object)}`);
  if (!OPERATIONS.includes(String(operation))) throw refuse('INVALIDJOB', `Unknown operation: ${String(operation)}`);
  if (contentType !== 'CSV') throw refuse('INVALIDJOB', 'ContentType must be CSV');
  const key = typeof externalIdFieldName === 'string' ? seen.field(externalIdFieldName) : undefined;
  if (operation === 'upsert' && !key?.def.externalId && key?.def.type !== 'id') throw refuse('INVALIDJOB', 'External ID was blank or is not a field that identifies a record');
  const { org, actor } = caller;
  const id = idOf('750', org.state.nextId++);
  const job: BulkJob = {
    id,
    object: seen.name,
    operation: String(operation),
    externalIdFieldName: key?.name ?? null,
    lineEnding: lineEnding === 'CRLF' ? 'CRLF' : 'LF',
    state: 'Open',
    createdDate: stamp(org.clock.now()),
    createdById: actor.userId,
    origin: actor.origin,
    csv: null,
    columns: [],
    results: [],
    errorMessage: null,
    polls: 0,
  };
  org.state.jobs[id] = job;
  return ok(view(job, ask));
}

function view(job: BulkJob, ask?: Ask): Record<string, unknown> {
  const failed = job.results.filter(({ error }) => error !== null).length;
  const half = job.state === 'InProgress' ? Math.floor(job.results.length / 2) : job.results.length;
  return {
    id: job.id,
    operation: job.operation,
    object: job.object,
    createdById: job.createdById,
    createdDate: job.createdDate,
    systemModstamp: job.createdDate,
    state: job.state,
    externalIdFieldName: job.externalIdFieldName,
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: Number(ask?.root.replace(/^.*v/, '') ?? 67),
    jobType: 'V2Ingest',
    contentUrl: `${(ask?.root ?? '').slice(1)}/jobs/ingest/${job.id}/batches`,
    lineEnding: job.lineEnding,
    columnDelimiter: 'COMMA',
    ...(['InProgress', 'JobComplete', 'Failed'].includes(job.state) && {
      numberRecordsProcessed: half,
      numberRecordsFailed: Math.min(failed, half),
      retries: 0,
      totalProcessingTime: 10,
      apiActiveProcessingTime: 5,
      apexProcessingTime: 0,
    }),
    ...(job.errorMessage !== null && { errorMessage: job.errorMessage }),
  };
}

function upload(caller: Caller, ask: Ask): Answer {
  const job = jobOf(caller, ask);
  if (job.state !== 'Open' || job.csv !== null) throw refuse('INVALIDJOBSTATE', 'The job takes one upload, while it is open');
  if (ask.text.length > MOST_BYTES) throw refuse('INVALIDBATCH', 'The upload is larger than 150 MB');
  job.csv = ask.text;
  return { status: 201 };
}

function setState(caller: Caller, ask: Ask): Answer {
  const job = jobOf(caller, ask);
  const { state } = bodyOf(ask);
  if (state === 'Aborted') job.state = 'Aborted';
  else if (state !== 'UploadComplete' || job.state !== 'Open') throw refuse('INVALIDJOBSTATE', `Job state ${job.state} does not lead to ${String(state)}`);
  else run(caller, job);
  return ok(view({ ...job, state: state === 'Aborted' ? 'Aborted' : 'UploadComplete', results: [] }, ask));
}

function poll(caller: Caller, ask: Ask): Answer {
  const job = jobOf(caller, ask);
  if (job.state !== 'InProgress') return ok(view(job, ask));
  const shown = view(job, ask);
  if (job.polls++ > 0) {
    job.state = 'JobComplete';
    return ok(view(job, ask));
  }
  return ok(shown);
}

function remove(caller: Caller, ask: Ask): Answer {
  delete caller.org.state.jobs[jobOf(caller, ask).id];
  return { status: 204 };
}

function run(caller: Caller, job: BulkJob): void {
  const object = caller.actor.schema.object(job.object);
  const [columns = [], ...lines] = parseCsv(job.csv ?? '');
  job.columns = columns;
  job.state = 'InProgress';
  const unknown = object && columns.find((column) => !object.field(column) && !object.relation(column.split('.')[0] ?? ''));
  if (!object || unknown !== undefined) {
    job.state = 'Failed';
    job.errorMessage = unknown === undefined ? `InvalidEntity : ${job.object}` : `InvalidBatch : Field name not found : ${unknown}`;
    return;
  }
  caller.write((tx) => {
    job.results = lines.map((line) => {
      const outcome = attempt(tx, object, job, Object.fromEntries(columns.map((column, at) => [column, line[at] ?? ''])));
      if (outcome.ok) return { id: outcome.id, created: outcome.created, error: null, line };
      const [first] = outcome.faults;
      return { id: '', created: false, error: first ? `${first.code}:${first.message}:${first.fields.join(',') || '--'}` : '', line };
    });
  });
}

function attempt(tx: Transaction, object: SeenObject, job: BulkJob, line: Record<string, string>): Outcome {
  const key = job.externalIdFieldName;
  const { [key ?? '']: keyValue = '', ...rest } = line;
  const { Id: id = '', ...others } = line;
  try {
    if (job.operation === 'insert') return tx.insert(object, inputOf(line));
    if (job.operation === 'delete') return tx.remove(object, id);
    if (job.operation === 'update') return tx.update(object, id, inputOf(others));
    const field = object.field(key ?? '');
    if (!field || keyValue === '') return { ok: false, faults: [fault('MISSING_ARGUMENT', `${key ?? ''} not specified`)] };
    const outcome = tx.upsert(object, field, keyValue, inputOf(rest));
    return 'several' in outcome
      ? { ok: false, faults: [fault('DUPLICATE_EXTERNAL_ID', `More than one record found for external id field: [${outcome.several.join(', ')}]`)] }
      : outcome;
  } catch (error) {
    // What a JSON request is refused for as a whole is one line's fault here.
    if (error instanceof ApiFault) return { ok: false, faults: error.faults.map((known) => ({ ...known, code: 'INVALID_TYPE_ON_FIELD_IN_RECORD' })) };
    throw error;
  }
}

/** An empty cell leaves the field alone, `#N/A` empties it; `Parent__r.Key__c` is the parent's external id. */
function inputOf(line: Record<string, string>): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [column, cell] of Object.entries(line)) {
    if (cell === '') continue;
    const [relation = '', key] = column.split('.');
    if (key === undefined) input[column] = cell === '#N/A' ? null : cell;
    else input[relation] = { [key]: cell };
  }
  return input;
}

function results(job: BulkJob, good: boolean): Answer {
  const columns = good ? ['sf__Id', 'sf__Created'] : ['sf__Id', 'sf__Error'];
  const rows = job.results.filter(({ error }) => (error === null) === good).map(({ id, created, error, line }) => [id, error ?? String(created), ...line]);
  return csv(job, [[...columns, ...job.columns], ...rows]);
}
const csv = (job: BulkJob, rows: string[][]): Answer => ({ status: 200, raw: { type: 'text/csv', content: writeCsv(rows, job.lineEnding === 'CRLF' ? '\r\n' : '\n') } });
