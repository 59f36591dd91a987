import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import { PRIORITY, type Effect } from '#core/effect';
import type { ConsentId, EnvelopeId } from '#core/ids';
import { viewConsent, type ViewedAct } from '#core/mapping/consent-language';
import type { PersonState, Situation } from '#core/decide/situation';

/** An act as it counts, with the envelope that it was given in. */
export interface CountedAct {
  id: ConsentId;
  act: ViewedAct & { envelope: EnvelopeId | null };
}

/** The fields that an act sets on the person's contacts, in each CRM by its own mapping. @throws Problem `mapping.failed` */
export function fieldEffects(situation: Situation, { records, page }: Pick<PersonState, 'records' | 'page'>, { id, act }: CountedAct): Effect[] {
  const view = viewConsent(act, page(id));
  const urgent = act.status === 'withdrawn';
  return records.flatMap(({ install, contact, writes }): Effect[] => {
    const set = writes(view);
    if (Object.keys(set).length === 0) return [];
    const digest = sha256(canonicalJson(set)).slice(0, 16);
    return [
      {
        kind: 'record.write',
        key: `write|consent|${id}|${install}|${contact}|${digest}`,
        install,
        data: { record: { type: 'contact', id: contact }, set },
        priority: urgent ? PRIORITY.click : PRIORITY.event,
        notBefore: situation.now + (urgent ? 0 : situation.coalesceMs),
        envelope: act.envelope,
        why: `The write-back mapping says so for consent "${act.status}".`,
      },
    ];
  });
}
