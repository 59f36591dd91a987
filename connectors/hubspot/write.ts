import type { Call } from '#ports/call';
import type { RecordWrite, WriteOutcome } from '#ports/crm';
import { Problem } from '#core/problem';
import type { RecordType } from '#core/records';
import { isObject } from '#lib/json';
import { hubspotCall } from './client.ts';
import { readObjects } from './objects.ts';
import { problemOfRefusal, RefusedProblem } from './problem.ts';
import { isForAll, refusalOf, type FieldFault, type Refusal } from './refusal.ts';
import { textOf } from './values.ts';

/** HubSpot has no place for records of ours below its Enterprise tier, and its leads are contacts. */
const OBJECTS: Partial<Record<RecordType, string>> = { deal: 'deals', contact: 'contacts', company: 'companies' };

/** A record on its way: what is still to be set, and what was refused so far. */
interface Input {
  id: string;
  set: Record<string, string>;
  left: { field: string; problem: Problem }[];
}
interface Answer {
  landed: Set<string>;
  refused: Map<string, Refusal>;
}
type Settle = (id: string, outcome: WriteOutcome) => void;

/** One batch update where all goes well; see `land` for where it does not. */
export async function write(call: Call, writes: readonly RecordWrite[]): Promise<WriteOutcome[]> {
  const [first] = writes;
  if (!first) return [];
  const object = OBJECTS[first.record.type];
  if (object === undefined) throw new Problem('feature.unsupported', { say: `HubSpot has no records of the kind "${first.record.type}".` });
  const outcomes = new Map<string, WriteOutcome>();
  await land(call, object, await inputsOf(call, object, writes), (id, outcome) => void outcomes.set(id, outcome));
  return writes.map(
    ({ record }) => outcomes.get(record.id) ?? { ok: false, problem: new Problem('vendor.odd-answer', { say: 'HubSpot did not say what became of this record.' }) },
  );
}

/** Values as HubSpot takes them, without the write-once fields that have one already. HubSpot has no conditional write, so they are read first. */
async function inputsOf(call: Call, object: string, writes: readonly RecordWrite[]): Promise<Input[]> {
  const careful = writes.filter((write) => write.once.length > 0);
  const properties = [...new Set(careful.flatMap((write) => write.once))];
  const now = new Map(
    (careful.length > 0
      ? await readObjects(
          call,
          object,
          careful.map((write) => write.record.id),
          properties,
        )
      : []
    ).map((record) => [record.id, record.properties]),
  );
  return writes.map(({ record, set, once }) => {
    const kept = (field: string) => once.includes(field) && Boolean(now.get(record.id)?.[field]);
    return { id: record.id, set: Object.fromEntries(Object.entries(set).flatMap(([field, value]) => (kept(field) ? [] : [[field, textOf(value)]]))), left: [] };
  });
}

/**
 * Brings the inputs home. HubSpot refuses a whole batch for one bad property and often does not say whose it was. A property that does not exist is
 * dropped for all and the batch sent once more; a bad value is dropped where all share it, and found by halving where they do not
 * (for one bad record among 100 about 14 calls instead of 100). Each further call has a field or half of the records less, so it ends.
 */
async function land(call: Call, object: string, inputs: Input[], settle: Settle): Promise<void> {
  const open = inputs.filter((input) => Object.keys(input.set).length > 0);
  for (const input of inputs) if (!open.includes(input)) settle(input.id, { ok: true, written: [], left: input.left });
  if (open.length === 0) return;

  const answer = await update(call, object, open);
  if (answer instanceof RefusedProblem) return mend(call, object, open, answer.refusal, settle);
  const again: Input[] = [];
  for (const input of open) {
    const refusal = answer.refused.get(input.id);
    if (answer.landed.has(input.id)) settle(input.id, { ok: true, written: Object.keys(input.set), left: input.left });
    else if (refusal && drop([input], refusal.faults)) again.push(input);
    else if (refusal) settle(input.id, { ok: false, problem: problemOfRefusal(refusal) });
  }
  if (again.length > 0) await land(call, object, again, settle);
}

/** The whole batch was refused. */
async function mend(call: Call, object: string, open: Input[], refusal: Refusal, settle: Settle): Promise<void> {
  const common = refusal.faults.filter((fault) => isForAll(fault) || new Set(open.flatMap((input) => input.set[fault.field] ?? [])).size === 1);
  if (drop(open, common)) return land(call, object, open, settle);
  const [only] = open;
  if (only && open.length === 1) return settle(only.id, { ok: false, problem: problemOfRefusal(refusal) });
  const half = Math.ceil(open.length / 2);
  await land(call, object, open.slice(0, half), settle);
  await land(call, object, open.slice(half), settle);
}

/** Takes the faulty fields out, remembering why. Whether there were any. */
function drop(inputs: Input[], faults: FieldFault[]): boolean {
  let dropped = false;
  for (const input of inputs) {
    for (const fault of faults) {
      if (!(fault.field in input.set)) continue;
      delete input.set[fault.field];
      const say = `HubSpot does not take the property ${fault.field} (${fault.code || 'not valid'}). Correct the mapping or the property, then replay.`;
      input.left.push({ field: fault.field, problem: new Problem('vendor.rejected', { say, facts: { field: fault.field, code: fault.code } }) });
      dropped = true;
    }
  }
  return dropped;
}

/** Sends one batch. Refusals that a smaller or corrected batch may get around are returned; every other Problem is thrown, for the whole. */
async function update(call: Call, object: string, open: Input[]): Promise<Answer | RefusedProblem> {
  const inputs = open.map(({ id, set }) => ({ id, properties: set }));
  try {
    const body = await hubspotCall(call, (crm, bound) => crm.objects.batchApi.update(object, { inputs }, bound));
    const refused = new Map<string, Refusal>();
    for (const error of 'errors' in body && Array.isArray(body.errors) ? body.errors : []) {
      const refusal = refusalOf(isObject(error) && error.category === 'OBJECT_NOT_FOUND' ? 404 : 400, error);
      for (const id of refusal.ids) refused.set(id, refusal);
    }
    return { landed: new Set(body.results.map((result) => result.id)), refused };
  } catch (thrown) {
    if (thrown instanceof RefusedProblem && thrown.remedy === 'reject') return thrown;
    throw thrown;
  }
}
