import { chunk, groupBy } from '#lib/group';
import type { EffectData } from '#core/effect';
import type { Fact } from '#core/fact';
import { RECORD_TYPES, type RecordRef, type RecordType } from '#core/records';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm, RecordWrite, WriteOutcome } from '#ports/crm';
import type { OutboxEffect } from '#store/outbox';
import { fieldsWrittenLater, fieldsWrittenOnce } from '#store/written';
import { withoutValues } from '#store/traces';
import type { Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

const OF_THE_ACCOUNT = RECORD_TYPES.filter((type) => type !== 'envelope' && type !== 'recipient');

interface Merged {
  write: RecordWrite;
  effects: OutboxEffect[];
}

/** Writes to one record merge into one, later values win, and as many records as the vendor takes share a call. */
export async function writeRecords(flow: Flow, crm: Crm, call: Call, effects: OutboxEffect[], batch: number): Promise<Outcome[]> {
  const merged = await Promise.all([...groupBy(effects, (effect) => effect.record).values()].map((group) => merge(flow, group)));
  await dropWrittenOnce(flow, merged);
  const byType = groupBy(merged, ({ write }) => write.record.type);
  const writeAll = async (types: readonly RecordType[]): Promise<Outcome[]> => {
    const chunks = types.flatMap((type) => chunk(byType.get(type) ?? [], batch));
    return (await Promise.all(chunks.map((some) => writeChunk(flow, crm, call, some)))).flat();
  };
  // An envelope's own record is there before those that belong to it.
  const outcomes: Outcome[] = [];
  for (const types of [['envelope'], ['recipient'], OF_THE_ACCOUNT] as const) outcomes.push(...(await writeAll(types)));
  return outcomes;
}

async function merge(flow: Flow, effects: OutboxEffect[]): Promise<Merged> {
  const set: RecordWrite['set'] = {};
  const once = new Set<string>();
  let record: RecordRef | undefined;
  for (const effect of effects) {
    const data = dataOf<EffectData['record.write']>(effect);
    record = data.record;
    // Something tried again, or replayed by a person, may be older than what was written meanwhile.
    const overtaken = effect.attempts > 1 ? await fieldsWrittenLater(flow.db, effect.tenant, effect.record ?? '', effect.ordinal) : new Set<string>();
    for (const [field, value] of Object.entries(data.set)) {
      const isOnce = data.once?.includes(field) ?? false;
      // Of values to be written once the first one counts, of others the last.
      if (overtaken.has(field) || (isOnce && field in set)) continue;
      set[field] = value;
      if (isOnce) once.add(field);
      else once.delete(field);
    }
  }
  if (!record) throw new Problem('internal.bug', { cause: 'a record write without a record' });
  return { write: { record, set, once: [...once] }, effects };
}

/** What was written once is not asked for again: with a look at it before each write an envelope took 0.032 calls, so it takes 0.022. */
async function dropWrittenOnce(flow: Flow, merged: Merged[]): Promise<void> {
  const careful = merged.filter(({ write }) => write.once.length > 0);
  const [tenant] = careful.flatMap(({ effects }) => effects.map((effect) => effect.tenant));
  if (tenant === undefined) return;
  const written = await fieldsWrittenOnce(
    flow.db,
    tenant,
    careful.flatMap(({ effects }) => effects[0]?.record ?? []),
  );
  for (const { write, effects } of careful) {
    const before = written.get(effects[0]?.record ?? '');
    if (!before) continue;
    for (const field of write.once) if (before.has(field)) delete write.set[field];
    write.once = write.once.filter((field) => !before.has(field));
  }
}

async function writeChunk(flow: Flow, crm: Crm, call: Call, merged: Merged[]): Promise<Outcome[]> {
  const some = merged.filter(({ write }) => Object.keys(write.set).length > 0);
  const overtaken = merged.filter(({ write }) => Object.keys(write.set).length === 0);
  const skipped = overtaken.flatMap(({ effects }) =>
    effects.map((effect): Outcome => ({ effect, result: { done: true, remote: null, cancelled: true }, asked: null, detail: { note: 'Later values are written already.' } })),
  );
  if (some.length === 0) return skipped;
  try {
    const outcomes = await crm.write(
      call,
      some.map(({ write }) => write),
    );
    return [...skipped, ...some.flatMap((one, index) => settle(flow, one, outcomes[index]))];
  } catch (error) {
    return [...skipped, ...some.flatMap(({ write, effects }) => effects.map((effect) => failed(effect, error, write)))];
  }
}

function settle(flow: Flow, { write, effects }: Merged, outcome: WriteOutcome | undefined): Outcome[] {
  if (!outcome) return effects.map((effect) => failed(effect, new Problem('vendor.odd-answer'), write));
  if (!outcome.ok) return effects.map((effect) => failed(effect, outcome.problem, write));
  const detail = { fields: outcome.written, merged: effects.length };
  return effects.map((effect, index): Outcome => {
    const last = index === effects.length - 1;
    const left = last ? outcome.left.map(({ field, problem }) => ({ field, value: write.set[field] ?? null, problem })) : [];
    const facts = left.length > 0 ? [writeFailed(flow, write.record, left)] : [];
    // A blocked send has no envelope, and nothing but its words would lead from a person to it.
    const scrubbed = effect.envelope === null ? { scrubbed: withoutValues(effect.data) } : {};
    return { effect, result: { done: true, remote: write.record.id }, asked: write, detail, left, facts, ...scrubbed };
  });
}

function writeFailed(flow: Flow, record: RecordRef, left: { field: string; problem: Problem }[]): Fact {
  const [first] = left;
  return {
    type: 'record.write-failed',
    at: flow.clock.now(),
    data: { record, fields: left.map(({ field }) => field), code: first?.problem.code ?? '', say: first?.problem.message ?? '' },
  };
}
