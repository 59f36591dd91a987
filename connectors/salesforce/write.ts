import type { InstallId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { RecordWrite, WriteOutcome } from '#ports/crm';
import { OBJECTS } from './describe-objects.ts';
import { fieldsOf, freshOrg, orgOf, type Org } from './schema.ts';
import { missing } from './missing.ts';
import { RefusedProblem } from './problem.ts';
import { inputOf, targetOf, type Target } from './write-input.ts';
import { fitsTogether, land, sendTogether, type Landing, type Sent } from './write-land.ts';
import { keepFirst } from './write-once.ts';
import { recallPlaces } from './write-place.ts';
import { inTurn } from './write-turn.ts';

/** A describe this young is believed when it lacks a field; an older one is asked again, for an admin may have just put that right. */
const FRESH_MS = 30_000;

/** Collections that one request carries at most [D: composite]. */
const MOST_TOGETHER = 5;

/** Writes that wait for their org's turn. */
interface Job {
  call: Call;
  kind: Target['kind'];
  writes: readonly RecordWrite[];
  done: (outcomes: WriteOutcome[]) => void;
  failed: (error: unknown) => void;
}
const waiting = new Map<InstallId, Job[]>();

/** Up to five batches that wait share one call where all goes well; one more each where a field may be written once; see `land` for where it does not. */
export function write(call: Call, writes: readonly RecordWrite[]): Promise<WriteOutcome[]> {
  const [first] = writes;
  if (!first) return Promise.resolve([]);
  const { id } = call.install;
  return new Promise((done, failed) => {
    waiting.set(id, [...(waiting.get(id) ?? []), { call, kind: first.record.type, writes, done, failed }]);
    void inTurn(id, () => serve(id));
  });
}

/** One turn: whatever waits by now, up to five batches. A turn that finds nothing was served by one before it. */
async function serve(id: InstallId): Promise<void> {
  const queue = waiting.get(id) ?? [];
  const jobs = queue.splice(0, MOST_TOGETHER);
  if (queue.length === 0) waiting.delete(id);
  const prepared: Prepared[] = [];
  for (const job of jobs) {
    const one = await prepare(job).catch(job.failed);
    if (one) prepared.push(one);
  }
  const shared = prepared.length > 1 && prepared.every(fitsTogether);
  const [first] = prepared;
  const answers = shared && first ? await sendTogether(first.job.call, prepared).catch((error: unknown) => prepared.map(() => Problem.from(error))) : [];
  for (const [place, one] of prepared.entries()) await finish(one, answers[place]);
}

interface Prepared extends Landing {
  job: Job;
  outcomes: Map<RecordWrite, WriteOutcome>;
}

/** Undefined where it has come to its end already: the org has no such object. */
async function prepare(job: Job): Promise<Prepared | undefined> {
  const { call, kind, writes } = job;
  const org = await orgWith(call, kind, writes);
  if (!org.described[kind]) return void job.done(writes.map(() => ({ ok: false, problem: missing(OBJECTS[kind]) })));
  const target = targetOf(org, kind);
  const outcomes = new Map<RecordWrite, WriteOutcome>();
  const inputs = writes.flatMap((one) => {
    const input = inputOf(org, kind, one);
    if (!input) outcomes.set(one, { ok: false, problem: new Problem('vendor.not-found', { say: 'No record of Salesforce has that id.' }) });
    return input ?? [];
  });
  await keepFirst(call, target, inputs);
  const remember = await recallPlaces(call, org, inputs);
  const settle: Landing['settle'] = (input, outcome) => {
    outcomes.set(input.write, outcome);
    if (outcome.ok) remember(input);
  };
  return { job, outcomes, target, inputs: inTheirOrder(inputs), settle };
}

async function finish({ job, outcomes, ...landing }: Prepared, answer: Sent | Problem | undefined): Promise<void> {
  try {
    // What a smaller batch may get around is mended; anything else is of the whole.
    if (answer instanceof Problem && !(answer instanceof RefusedProblem && answer.remedy === 'reject')) throw answer;
    await land(job.call, landing, answer);
    job.done(job.writes.map((one) => outcomes.get(one) ?? { ok: false, problem: new Problem('vendor.odd-answer', { say: 'Salesforce did not say what became of this record.' }) }));
  } catch (error) {
    job.failed(error);
  }
}

async function orgWith(call: Call, kind: Target['kind'], writes: readonly RecordWrite[]): Promise<Org> {
  const org = await orgOf(call);
  const writable = new Set(fieldsOf(org, kind).flatMap(({ name, writable }) => (writable ? [name] : [])));
  if (Date.now() - org.readAt < FRESH_MS || writes.every(({ set }) => Object.keys(set).every((name) => writable.has(name)))) return org;
  return freshOrg(call);
}

/** The same order each time, recipients beside those of their envelope: two transactions that lock rows in one order wait for each other, and never both. */
const inTheirOrder = <Each extends { key: string }>(inputs: readonly Each[]): Each[] => [...inputs].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
