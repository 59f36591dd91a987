import type { Effect } from '#core/effect';
import type { EnvelopeState } from '#core/state';
import { moved, type Decision, type Situation } from '#core/decide/situation';

/** Remembers that nobody wants it and asks the provider for a void; what is not out yet will not go out. */
export function voiding(situation: Situation, envelope: EnvelopeState, by: string, reason: string, priority: number): Decision {
  const changes = [{ envelope: envelope.id, set: { voidBy: by, reason }, recipients: new Map() }];
  return {
    ...moved(envelope.status === 'requested' ? 'It is not with the provider yet and will not be sent.' : 'The provider is asked to void it.', [
      voidEffect(situation, envelope, reason, priority),
    ]),
    changes,
  };
}

function voidEffect(situation: Situation, envelope: EnvelopeState, reason: string, priority: number): Effect {
  return {
    kind: 'envelope.void',
    key: `void|${envelope.id}`,
    install: envelope.sign,
    data: { envelope: envelope.id, reason },
    priority,
    notBefore: situation.now,
    envelope: envelope.id,
    why: 'It is no longer wanted.',
  };
}
