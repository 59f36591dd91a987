import { chunk, groupBy } from '#lib/group';
import type { EffectData } from '#core/effect';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Crm, Journey, Member } from '#ports/crm';
import type { Manifest } from '#ports/manifest';
import type { Workflow } from '#ports/workflow';
import { findEnvelope } from '#store/envelopes';
import { isMovedSince } from '#store/memberships';
import type { OutboxEffect } from '#store/outbox';
import { openPersonal } from '#store/people';
import type { Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

type Join = EffectData['journey.join'];
type Leave = EffectData['journey.leave'];
type Emit = EffectData['journey.emit'];
/** A task is due this long after it is made. */
const DUE_MS = 86_400_000;
/** List calls carry ids alone, so many more than a batch of records fit into one. */
const MEMBERS_A_CALL = 500;

/** A journey's side of a vendor, and what its manifest says of it. */
interface Target {
  journey: Journey;
  manifest: Manifest;
}

/** Puts people on lists and takes them off. Of moves of one person on and off one list, all of them in order, the last one counts. */
export async function moveMembers(flow: Flow, target: Target, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const overtaken = await Promise.all(effects.map((effect) => isOvertaken(flow, effect, effects)));
  const due = effects.filter((_, place) => !overtaken[place]);
  const [joins, leaves] = [due.filter(({ kind }) => kind === 'journey.join'), due.filter(({ kind }) => kind === 'journey.leave')];
  const moved = await Promise.all([joinLists(flow, target, call, joins), leaveLists(flow, target, call, leaves)]);
  return [...moved.flat(), ...effects.filter((_, place) => overtaken[place]).map(skipped)];
}

/** What is tried again, or replayed by a person, may be older than what was done meanwhile. */
async function isOvertaken(flow: Flow, { tenant, install, record, ordinal, kind, attempts }: OutboxEffect, others: OutboxEffect[]): Promise<boolean> {
  if (record === null) return false;
  if (others.some((other) => other.record === record && other.kind !== kind && other.ordinal > ordinal)) return true;
  return attempts > 1 && (await isMovedSince(flow.db, tenant, { install, record, ordinal, kind }));
}

const skipped = (effect: OutboxEffect): Outcome => ({
  effect,
  result: { done: true, remote: null, cancelled: true },
  asked: null,
  detail: { note: 'A later step of the same list counts.' },
});

/** Adds people to lists, all of one list and status in one call. */
async function joinLists(flow: Flow, target: Target, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const groups = groupBy(effects, (effect) => JSON.stringify([dataOf<Join>(effect).list, dataOf<Join>(effect).status ?? null]));
  const chunks = [...groups.values()].flatMap((some) => chunk(some, MEMBERS_A_CALL));
  return (await Promise.all(chunks.map((some) => joinList(flow, target, call, some)))).flat();
}

async function leaveLists(flow: Flow, target: Target, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const groups = groupBy(effects, (effect) => dataOf<Leave>(effect).list);
  const chunks = [...groups.values()].flatMap((some) => chunk(some, MEMBERS_A_CALL));
  return (await Promise.all(chunks.map((some) => leaveList(flow, target, call, some)))).flat();
}

async function leaveList(flow: Flow, { journey, manifest }: Target, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const askedOf = (effect: OutboxEffect) => dataOf<Leave>(effect);
  const [first] = effects;
  if (!first) return [];
  try {
    if (!journey.leave) throw new Problem('feature.unsupported', { say: `${manifest.name} takes nobody off a list. Correct the mapping.` });
    const members = new Map(await Promise.all(effects.map(async (effect) => [askedOf(effect).contact, await memberOf(flow, manifest, effect)] as const)));
    await journey.leave(call, askedOf(first).list, [...members.values()]);
    return effects.map((effect) => ({ effect, result: { done: true, remote: askedOf(effect).contact }, asked: askedOf(effect) }));
  } catch (error) {
    return effects.map((effect) => failed(effect, error, askedOf(effect)));
  }
}

async function joinList(flow: Flow, { journey, manifest }: Target, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const contactOf = (effect: OutboxEffect) => dataOf<Join>(effect).contact;
  const [first] = effects;
  if (!first) return [];
  const { list, status = null } = dataOf<Join>(first);
  try {
    if (!journey.join) throw new Problem('feature.unsupported', { say: `${manifest.name} has no lists. Correct the mapping.` });
    const members = new Map(await Promise.all(effects.map(async (effect) => [contactOf(effect), await memberOf(flow, manifest, effect)] as const)));
    const { absent } = await journey.join(call, list, [...members.values()], status);
    const gone = new Set(absent);
    return effects.map((effect): Outcome => {
      if (gone.has(contactOf(effect))) return failed(effect, new Problem('vendor.not-found', { say: 'That contact does not exist any more.' }), { list });
      return { effect, result: { done: true, remote: contactOf(effect) }, asked: { list, contact: contactOf(effect), status } };
    });
  } catch (error) {
    return effects.map((effect) => failed(effect, error, { list }));
  }
}

/** Tells a journey of an event. Where telling it twice would begin it twice, an outcome that is not known is asked of a person. */
export async function emitEvent(flow: Flow, { journey, manifest }: Target, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { contact, event, data } = dataOf<Emit>(effect);
  const asked = { event, contact, data };
  if (!journey.emit) return failed(effect, new Problem('feature.unsupported', { say: `${manifest.name} takes no events. Correct the mapping.` }), asked);
  const once = !manifest.journey.repeatable;
  // Taken up before and never settled: a process ended in between.
  if (once && effect.attempts > 1 && effect.error === null) return failed(effect, new Problem('journey.ambiguous'), asked);
  try {
    const { id } = await journey.emit(call, { name: event, member: await memberOf(flow, manifest, effect), data, key: effect.id });
    return { effect, result: { done: true, remote: id }, asked };
  } catch (error) {
    const problem = Problem.from(error);
    return failed(effect, once && problem.code === 'vendor.lost-reply' ? new Problem('journey.ambiguous', { cause: problem }) : problem, asked);
  }
}

/** Events of a vendor who takes many in one call and for whom the same event twice is one. */
export async function emitEvents(flow: Flow, target: Target, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const { journey, manifest } = target;
  const { emitAll } = journey;
  if (!emitAll || !manifest.journey.repeatable) return Promise.all(effects.map((effect) => emitEvent(flow, target, call, effect)));
  return (await Promise.all(chunk(effects, manifest.limits.batch).map((some) => emitChunk(flow, manifest, emitAll, call, some)))).flat();
}

async function emitChunk(flow: Flow, manifest: Manifest, emitAll: NonNullable<Journey['emitAll']>, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const askedOf = (effect: OutboxEffect) => dataOf<Emit>(effect);
  try {
    const events = await Promise.all(
      effects.map(async (effect) => ({ name: askedOf(effect).event, member: await memberOf(flow, manifest, effect), data: askedOf(effect).data, key: effect.id })),
    );
    const outcomes = await emitAll(call, events);
    return effects.map((effect, index): Outcome => {
      const outcome = outcomes[index];
      if (outcome?.ok) return { effect, result: { done: true, remote: outcome.id }, asked: askedOf(effect) };
      return failed(effect, outcome?.problem ?? new Problem('vendor.odd-answer'), askedOf(effect));
    });
  } catch (error) {
    return effects.map((effect) => failed(effect, error, askedOf(effect)));
  }
}

/** An address is looked up where the vendor knows people by it, and never stands in the outbox. */
async function memberOf(flow: Flow, manifest: Manifest, effect: OutboxEffect): Promise<Member> {
  const { contact } = dataOf<{ contact: string }>(effect);
  if (manifest.journey.person === 'contact' || effect.envelope === null) return { contact, email: null };
  const known = await findEnvelope(flow.db, effect.tenant, effect.envelope);
  const recipients = known?.recipients.filter((recipient) => recipient.contact === contact) ?? [];
  const [person] = await openPersonal(flow.db, flow.sealer, effect.tenant, recipients);
  return { contact, email: person?.email ?? null };
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

/** Nobody is asked anything: that the time is over is what is known now. */
export async function endWait(flow: Flow, effect: OutboxEffect): Promise<Outcome> {
  const data = dataOf<EffectData['envelope.wait']>(effect);
  return { effect, result: { done: true, remote: null }, asked: data, facts: [{ type: 'envelope.waited', at: flow.clock.now(), data }] };
}

/** Lets a workflow go on. One that waits no longer is told nothing, and the receipt says so. */
export async function completeWorkflow(workflow: Workflow, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const data = dataOf<EffectData['journey.complete']>(effect);
  try {
    const waited = await workflow.complete(call, data);
    const note = waited ? {} : { detail: { note: 'The workflow waited no longer.' } };
    return { effect, result: { done: true, remote: data.callback, cancelled: !waited }, asked: data, ...note };
  } catch (error) {
    return failed(effect, error, data);
  }
}
