import { Problem } from '#core/problem';
import { chunk } from '#lib/group';
import { isObject } from '#lib/json';
import type { Call } from '#ports/call';
import { composite } from './composite.ts';
import { KEYS, OBJECTS, stored } from './describe-objects.ts';
import { manifest } from './manifest.ts';
import { problemOfRefusal, recordProblem, RefusedProblem } from './problem.ts';
import { refusalOf } from './refusal.ts';
import { sendJson } from './request.ts';
import { forgetOrg } from './schema.ts';
import { bodyOf, written, type Input, type Settle, type Target } from './write-input.ts';
import { dropNamed, mend, orphaned } from './write-mend.ts';

/** Calls that one batch may take when it is mended. Beyond them what is left is refused as it stands: an org's quota is not ours to burn. */
const MOST_CALLS = 24;
const HEADERS = {
  // A duplicate rule is there to warn a person; a status that is not written warns nobody.
  'sforce-duplicate-rule-header': 'allowSave=true',
  // Our write shall not hand a lead to somebody else.
  'sforce-auto-assign': 'FALSE',
};

interface Batch {
  call: Call;
  target: Target;
  settle: Settle;
  callsLeft: number;
}

/**
 * Brings the inputs home, 200 a call. Salesforce answers for each record; a field that it names is taken out and the record sent once more, so that the others
 * land. Each further call has a field or half of the records less, so it ends.
 */
export async function land(call: Call, { target, inputs, settle }: Landing, first?: Sent): Promise<void> {
  for (const [place, some] of chunk(inputs, manifest.limits.batch).entries()) {
    await landSome({ call, target, settle, callsLeft: MOST_CALLS }, some, place === 0 ? first : undefined);
  }
}

/** Records of one type on their way. */
export interface Landing {
  target: Target;
  inputs: readonly Input[];
  settle: Settle;
}
/** What became of a batch: an answer for each record, or the refusal of the whole. */
export type Sent = unknown[] | RefusedProblem;
/** A composite request would take `@{…}` in somebody's text for a reference. */
const REFERENCE = '@{';

/** Whether a batch may share a request with others. */
export const fitsTogether = ({ target, inputs }: Landing): boolean =>
  inputs.length <= manifest.limits.batch && openOf(inputs).length > 0 && !JSON.stringify(openOf(inputs).map((input) => bodyOf(target, input))).includes(REFERENCE);

/**
 * First tries of up to five batches in one request, which counts as one call; they run in the order given, and fail alone.
 * @throws Problem where the whole failed
 */
export async function sendTogether(call: Call, landings: readonly Landing[]): Promise<(Sent | Problem)[]> {
  const parts = landings.map(({ target, inputs }) => ({
    method: 'PATCH' as const,
    path: pathOf(target),
    body: { allOrNone: false, records: openOf(inputs).map((input) => bodyOf(target, input)) },
    headers: HEADERS,
  }));
  return (await composite(call, parts)).map(({ status, body }) => {
    if (status < 300) return Array.isArray(body) ? (body as unknown[]) : new Problem('vendor.odd-answer');
    return problemOfRefusal(refusalOf(status, body));
  });
}

const openOf = (inputs: readonly Input[]): Input[] => inputs.filter(({ set }) => set.size > 0);
const pathOf = (target: Target): string => `/composite/sobjects${target.key === null ? '' : `/${target.object}/${target.key}`}`;

async function landSome(batch: Batch, inputs: readonly Input[], given?: Sent): Promise<void> {
  const open = openOf(inputs);
  for (const input of inputs) if (input.set.size === 0) batch.settle(input, { ok: true, written: [], left: input.left });
  if (open.length === 0) return;
  const answer = given ?? (await send(batch, open));
  if (answer instanceof RefusedProblem) return mendAll(batch, open, answer);

  const again: Input[] = [];
  const parents = new Set<string>();
  open.forEach((input, index) => {
    const result = answer[index];
    if (!isObject(result)) return;
    if (result.success === true) return batch.settle(input, { ok: true, written: written(batch.target, input), left: input.left });
    const problem = recordProblem(result.errors);
    if (batch.callsLeft > 0 && mend(batch.target, input, problem, parents)) again.push(input);
    else batch.settle(input, { ok: false, problem: orphaned(input, problem) ?? problem });
  });
  if (parents.size > 0) await makeParents(batch, [...parents]);
  if (again.length > 0) await landSome(batch, again);
}

/** The whole batch was refused: for a field that is not there any more, or for one record that the answer does not name, which is found by halving. */
async function mendAll(batch: Batch, open: readonly Input[], problem: RefusedProblem): Promise<void> {
  const { errors } = problem.refusal;
  if (errors.some(({ code }) => code === 'INVALID_FIELD')) forgetOrg(batch.call);
  const dropped = open.filter((input) => dropNamed(batch.target, input, errors)).length > 0;
  if (dropped && batch.callsLeft > 0) return landSome(batch, open);
  // What is not there or not allowed is so for each half too.
  const divisible = open.length > 1 && problem.refusal.status === 400;
  const half = Math.ceil(open.length / 2);
  for (const part of divisible ? [open.slice(0, half), open.slice(half)] : [open]) {
    if (divisible && batch.callsLeft > 0) await landSome(batch, part);
    else for (const input of part) batch.settle(input, { ok: false, problem });
  }
}

/** Envelopes that their recipients came before: made with nothing but their id, and filled when their own write comes. */
async function makeParents(batch: Batch, ids: readonly string[]): Promise<void> {
  const { namespace } = batch.target;
  const [object, key] = [stored(namespace, OBJECTS.envelope), stored(namespace, KEYS.envelope)];
  const records = ids.map((id) => ({ attributes: { type: object }, [key]: id }));
  batch.callsLeft--;
  // Where one could not be made, its recipients are refused once more and wait for the envelope's own write.
  await collection(batch.call, `/composite/sobjects/${object}/${key}`, records);
}

/** Sends one batch. Refusals that a smaller or corrected batch may get around are returned; every other Problem is thrown, for the whole. */
async function send(batch: Batch, open: readonly Input[]): Promise<Sent> {
  const { call, target } = batch;
  batch.callsLeft--;
  try {
    return await collection(
      call,
      pathOf(target),
      open.map((input) => bodyOf(target, input)),
    );
  } catch (thrown) {
    if (thrown instanceof RefusedProblem && thrown.remedy === 'reject') return thrown;
    throw thrown;
  }
}

async function collection(call: Call, path: string, records: readonly unknown[]): Promise<unknown[]> {
  const answer: unknown = await sendJson(call, 'PATCH', path, { allOrNone: false, records }, HEADERS);
  if (!Array.isArray(answer)) throw new Problem('vendor.odd-answer');
  return answer as unknown[];
}
