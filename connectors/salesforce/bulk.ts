import { chunk } from '#lib/group';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm, RecordWrite, WriteOutcome } from '#ports/crm';
import { csvOf } from './bulk-csv.ts';
import { runJob, type JobResults } from './bulk-job.ts';
import { isId, id18 } from './ids.ts';
import { manifest } from './manifest.ts';
import { KEYS, stored } from './describe-objects.ts';
import { recordProblem } from './problem.ts';
import { orgOf } from './schema.ts';
import { inputOf, targetOf, written, type Input, type Target } from './write-input.ts';
import { keepFirst } from './write-once.ts';
import type { Stored } from './write-values.ts';
import { write } from './write.ts';

/** Up to here collections are cheaper: five calls, where a job takes seven and its turn in a queue. */
const MOST_SMALL = 1000;
/** Records of one job: Salesforce works in batches of so many, and a file of them stays far below its 150 MB. */
const JOB_RECORDS = 10_000;
/** Characters of one job's table; three bytes each at worst are below 100 MB. */
const JOB_CHARACTERS = 30_000_000;
/** Refused rows that are tried once more field by field, so that one bad value does not keep a record from landing: ten calls. */
const MOST_MENDED = 2000;

type Told = Parameters<NonNullable<Crm['bulkWrite']>>[2];
type Outcomes = Map<RecordWrite, WriteOutcome>;

/**
 * Writes many records of one type, such as a history of years: by ingest jobs of 10,000 records. The absolute values make it repeatable: what a job that
 * broke off had done is done again to the same end. Does not take its turn among the live writes, which would wait an hour for it.
 * @throws Problem where nothing was done
 */
export async function bulkWrite(call: Call, writes: readonly RecordWrite[], told: Told): Promise<WriteOutcome[]> {
  const [first] = writes;
  if (!first) return [];
  const outcomes: Outcomes = new Map();
  const progress = { done: 0, failed: 0, total: writes.length };
  if (writes.length <= MOST_SMALL) await collect(call, writes, outcomes, () => told(tally(outcomes, progress.total)));
  else await byJobs(call, first.record.type, writes, outcomes, told);
  told(tally(outcomes, progress.total));
  return writes.map((one) => outcomes.get(one) ?? { ok: false, problem: new Problem('vendor.odd-answer', { say: 'Salesforce did not say what became of this record.' }) });
}

async function collect(call: Call, writes: readonly RecordWrite[], outcomes: Outcomes, told: () => void): Promise<void> {
  for (const some of chunk(writes, manifest.limits.batch)) {
    const answers = await write(call, some);
    some.forEach((one, index) => outcomes.set(one, answers[index] ?? { ok: false, problem: new Problem('vendor.odd-answer') }));
    told();
  }
}

async function byJobs(call: Call, kind: Target['kind'], writes: readonly RecordWrite[], outcomes: Outcomes, told: Told): Promise<void> {
  const org = await orgOf(call);
  // The object is missing: the words for that are in `write`.
  if (!org.described[kind]) return collect(call, writes, outcomes, () => undefined);
  const target = targetOf(org, kind);
  const inputs = writes.flatMap((one) => {
    const input = inputOf(org, kind, one);
    if (!input) outcomes.set(one, { ok: false, problem: new Problem('vendor.not-found', { say: 'No record of Salesforce has that id.' }) });
    return input ?? [];
  });
  await keepFirst(call, target, inputs);
  for (const { write: one, left } of inputs.filter(({ set }) => set.size === 0)) outcomes.set(one, { ok: true, written: [], left });
  const open = inputs.filter(({ set }) => set.size > 0);
  let landed = false;
  for (const job of jobsOf(target, open)) {
    try {
      await runOne(call, target, job, outcomes, (done, failed) => told(plus(tally(outcomes, writes.length), done, failed)));
      landed = true;
    } catch (thrown) {
      const problem = Problem.from(thrown);
      if (!landed) throw problem;
      for (const { write: one } of open) if (!outcomes.has(one)) outcomes.set(one, { ok: false, problem });
      return;
    }
  }
}

interface Job {
  inputs: Input[];
  csv: string;
}

/** One after another: jobs of one object side by side lock each other's rows. */
function* jobsOf(target: Target, inputs: readonly Input[]): Generator<Job> {
  for (const some of chunk(inputs, JOB_RECORDS)) yield* halved(target, some);
}
function* halved(target: Target, inputs: Input[]): Generator<Job> {
  const csv = tableOf(target, inputs);
  const half = Math.ceil(inputs.length / 2);
  if (csv.length <= JOB_CHARACTERS || inputs.length === 1) yield { inputs, csv };
  else for (const part of [inputs.slice(0, half), inputs.slice(half)]) yield* halved(target, part);
}

const keyColumn = ({ key }: Target): string => key ?? 'Id';

function tableOf(target: Target, inputs: readonly Input[]): string {
  const { namespace } = target;
  const place = `${stored(namespace, 'Envelope__r')}.${stored(namespace, KEYS.envelope)}`;
  const rows = inputs.map(({ key, parent, placed, set }) => new Map<string, Stored>([[keyColumn(target), key], ...(placed ? [[place, parent] as const] : []), ...set]));
  return csvOf([...new Set(rows.flatMap((row) => [...row.keys()]))], rows);
}

async function runOne(call: Call, target: Target, { inputs, csv }: Job, outcomes: Outcomes, told: (done: number, failed: number) => void): Promise<void> {
  const results = await runJob(call, { object: target.object, key: target.key, csv }, told);
  const problems = problemsIn(target, results);
  const done = new Set(results.done.map((row) => keyOf(target, row)));
  const again: RecordWrite[] = [];
  for (const input of inputs) {
    const problem = problems.get(input.key);
    if (done.has(input.key)) outcomes.set(input.write, { ok: true, written: written(target, input), left: input.left });
    else if (again.length < MOST_MENDED) again.push(input.write);
    else outcomes.set(input.write, { ok: false, problem: problem ?? new Problem('vendor.unavailable', { say: 'The bulk job ended before it came to this record.' }) });
  }
  await collect(call, again, outcomes, () => undefined);
}

const problemsIn = (target: Target, { failed }: JobResults): Map<string, Problem> => new Map(failed.map((row) => [keyOf(target, row), errorFrom(row['sf__Error'] ?? '')]));

function keyOf(target: Target, row: Record<string, string>): string {
  const key = row[keyColumn(target)] ?? '';
  return target.key === null && isId(key) ? id18(key) : key;
}

/** `CODE:message:Field__c,Other__c --`, as Bulk writes what collections answer in parts [mem]. */
function errorFrom(error: string): Problem {
  const [, statusCode = '', message = error, fields = ''] = /^([A-Z_]+):([^]*?)(?::\s*((?:\w+(?:,\s*\w+)*)?)\s*(?:--)?)?\s*$/.exec(error) ?? [];
  return recordProblem([{ statusCode, message, fields: fields.split(/,\s*/).filter(Boolean) }]);
}

function tally(outcomes: Outcomes, total: number): { done: number; failed: number; total: number } {
  const done = [...outcomes.values()].filter(({ ok }) => ok).length;
  return { done, failed: outcomes.size - done, total };
}
const plus = (to: ReturnType<typeof tally>, done: number, failed: number): ReturnType<typeof tally> => ({ ...to, done: to.done + done, failed: to.failed + failed });
