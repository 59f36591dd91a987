import { PRIORITY, type Effect, type SendOutcome } from '#core/effect';
import type { EnvelopeStatus } from '#core/envelope';
import type { Fact } from '#core/fact';
import type { EnvelopeId } from '#core/ids';
import type { Decision, Situation } from '#core/decide/situation';
import { intentOf } from '#core/decide/intent';

const ENDS: { [Status in EnvelopeStatus]?: SendOutcome } = { completed: 'completed', declined: 'declined', voided: 'voided', expired: 'expired', failed: 'failed' };

interface Ending {
  outcome: SendOutcome;
  envelope: EnvelopeId | null;
}

/** A workflow that waits for a send goes on as soon as it is known what became of it: the envelope's end, or that there will be none. Once. */
export function withCompletion(fact: Fact, situation: Situation, decision: Decision): Decision {
  const { callback, crm, now } = situation;
  const ending = callback === null ? null : endingOf(fact, situation, decision);
  if (callback === null || ending === null) return decision;
  const effect: Effect = {
    kind: 'journey.complete',
    key: `complete|${crm.id}|${callback}`,
    install: crm.id,
    // What a decision says of itself names no person, where the words of a reason might.
    data: { callback, outcome: ending.outcome, envelope: ending.envelope, reason: decision.why },
    priority: PRIORITY.event,
    notBefore: now,
    envelope: ending.envelope,
    why: 'A workflow waits for what becomes of the send.',
  };
  return { ...decision, effects: [...decision.effects, effect] };
}

function endingOf(fact: Fact, situation: Situation, decision: Decision): Ending | null {
  const { envelope } = situation;
  if (envelope) {
    const status = decision.changes.find((change) => change.envelope === envelope.id)?.set.status;
    const outcome = status && ENDS[status];
    return outcome ? { outcome, envelope: envelope.id } : null;
  }
  if (fact.type === 'deal.read-failed') return { outcome: 'blocked', envelope: null };
  if (fact.type === 'send.requested') return decision.outcome === 'noted' ? { outcome: 'blocked', envelope: null } : null;
  if (fact.type !== 'deal.read' || fact.data.purpose.kind !== 'request' || decision.create) return null;
  const isReadAgain = decision.effects.some(({ kind }) => kind === 'deal.read');
  const { snapshot } = fact.personal ?? {};
  const isMade = snapshot !== undefined && situation.intentKnown(intentOf(fact.data.purpose, snapshot, null));
  return isReadAgain || isMade ? null : { outcome: 'blocked', envelope: null };
}
