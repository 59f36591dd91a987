import { chunk, groupBy } from '#lib/group';
import type { EffectData } from '#core/effect';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm, Journey } from '#ports/crm';
import type { OutboxEffect } from '#store/outbox';
import type { Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

type Join = EffectData['journey.emit'];
/** A task is due this long after it is made. */
const DUE_MS = 86_400_000;
/** List calls carry ids alone, so many more than a batch of records fit into one. */
const MEMBERS_A_CALL = 500;

/** Adds people to lists, all of one list in one call. */
export async function joinLists(journey: Journey, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const lists = groupBy(effects, (effect) => dataOf<Join>(effect).list);
  const chunks = [...lists].flatMap(([list, some]) => chunk(some, MEMBERS_A_CALL).map((part) => ({ list, part })));
  return (await Promise.all(chunks.map(({ list, part }) => joinList(journey, call, list, part)))).flat();
}

async function joinList(journey: Journey, call: Call, list: string, effects: OutboxEffect[]): Promise<Outcome[]> {
  const contactOf = (effect: OutboxEffect) => dataOf<Join>(effect).contact;
  try {
    const { absent } = await journey.join(call, list, [...new Set(effects.map(contactOf))]);
    const gone = new Set(absent);
    return effects.map((effect): Outcome => {
      if (gone.has(contactOf(effect))) return failed(effect, new Problem('vendor.not-found', { say: 'That contact does not exist any more.' }), { list });
      return { effect, result: { done: true, remote: contactOf(effect) }, asked: { list, contact: contactOf(effect) } };
    });
  } catch (error) {
    return effects.map((effect) => failed(effect, error, { list }));
  }
}

export async function createTask(flow: Flow, crm: Crm, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const task = dataOf<EffectData['task.create']>(effect);
  try {
    const { id } = await crm.task(call, { ...task, key: effect.id, dueAt: flow.clock.now() + DUE_MS });
    return { effect, result: { done: true, remote: id }, asked: task };
  } catch (error) {
    return failed(effect, error, task);
  }
}
