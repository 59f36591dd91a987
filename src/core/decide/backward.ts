import { PRIORITY, type Effect } from '#core/effect';
import type { Pipeline, Snapshot } from '#core/records';
import type { EnvelopeState } from '#core/state';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';
import { voiding } from '#core/decide/void';

/** The envelopes that started at a later stage of the same pipeline than the deal is at now, and what their rules say of that. */
export function goneBack(situation: Situation, snapshot: Snapshot): Decision | null {
  const back = situation.open.filter((envelope) => envelope.voidBy === null && isBefore(situation.schema?.pipelines ?? [], snapshot.deal, envelope));
  if (back.length === 0) return null;
  const policyOf = (envelope: EnvelopeState) => envelope.policies?.backward ?? 'keep';
  const asks = back.filter((envelope) => policyOf(envelope) === 'ask').map((envelope) => askEffect(situation, snapshot, envelope));
  const voids = back
    .filter((envelope) => policyOf(envelope) === 'void')
    .map((envelope) => voiding(situation, envelope, 'rule', 'The deal went back to an earlier stage.', PRIORITY.event));
  if (asks.length + voids.length === 0) return noted('The deal went back; the rule says to keep the envelope that is out.');
  const say = voids.length > 0 ? 'to void the envelope that is out' : 'to ask its owner';
  return {
    ...moved(`The deal went back; the rule says ${say}.`, [...asks, ...voids.flatMap((decision) => decision.effects)]),
    changes: voids.flatMap((decision) => decision.changes),
  };
}

function isBefore(pipelines: readonly Pipeline[], deal: { pipeline: string; stage: string }, envelope: EnvelopeState): boolean {
  if (deal.pipeline !== envelope.pipeline) return false;
  const stages = pipelines.find((pipeline) => pipeline.id === deal.pipeline)?.stages ?? [];
  const order = (id: string) => stages.find((stage) => stage.id === id)?.order;
  const now = order(deal.stage);
  const then = order(envelope.stage);
  return now !== undefined && then !== undefined && now < then;
}

function askEffect(situation: Situation, snapshot: Snapshot, envelope: EnvelopeState): Effect {
  return {
    kind: 'task.create',
    key: `ask|${envelope.id}|${snapshot.deal.stage}|${snapshot.deal.enteredAt ?? 'once'}`,
    install: situation.crm.id,
    data: {
      deal: envelope.deal,
      owner: snapshot.owner?.id ?? null,
      subject: 'The deal went back while its contract is out',
      body: `"${envelope.template.name}" is still out for signature. Void it, or leave it as it is: ${envelope.url}`,
    },
    priority: PRIORITY.event,
    notBefore: situation.now,
    envelope: envelope.id,
    why: 'The rule says to ask the owner when the deal goes back.',
  };
}
