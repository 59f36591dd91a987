import type { Fact, FactType } from '#core/fact';
import { sayCode } from '#core/problem';
import { onLeadCaptured, onPersonLinked } from '#core/decide/capture';
import { onAnswered, onConsentRefused } from '#core/decide/answers';
import { withCompletion } from '#core/decide/callback';
import { onConsentActed } from '#core/decide/consent';
import { onDealRead, onSendRequested, onStageChanged } from '#core/decide/deal';
import { onCreateFailed, onEnvelopeStatus, onRemindRequested, onVoidRequested } from '#core/decide/envelope';
import { onWaited } from '#core/decide/journey';
import { onOverwritten } from '#core/decide/overwritten';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';

/** What each type of fact leads to; the type makes a forgotten one a compile error. */
const ANSWERS: { [Type in FactType]: (fact: Fact<Type>, situation: Situation) => Decision } = {
  'deal.stage-changed': onStageChanged,
  'send.requested': onSendRequested,
  'deal.read': onDealRead,
  'deal.read-failed': ({ data }) => noted(`The deal could not be read, so nothing was decided. ${sayCode(data.code)}`),
  'deal.deleted': () => noted('The deal is gone. An envelope that is out stays out; void it in the console if it should not.'),
  'envelope.status': onEnvelopeStatus,
  'envelope.create-failed': onCreateFailed,
  'envelope.void-requested': onVoidRequested,
  'envelope.waited': onWaited,
  'envelope.remind-requested': onRemindRequested,
  'envelope.answered': onAnswered,
  'person.erased': ({ data }) => ({ ...moved('The CRM asks for erasure: the personal data kept here goes, the ledgers stay.', []), erase: data.contact }),
  'consent.acted': onConsentActed,
  'consent.refused': onConsentRefused,
  'lead.captured': onLeadCaptured,
  'person.linked': onPersonLinked,
  'record.write-failed': ({ data }) => noted(`The CRM refused ${data.fields.join(', ')}; everything else of the record was written.`),
  'attribution.overwritten': onOverwritten,
};

/** From a fact and the situation to the next state and what should follow. Pure and total: every fact has an answer. */
export function decide(fact: Fact, situation: Situation): Decision {
  const answer = ANSWERS[fact.type] as (fact: Fact, situation: Situation) => Decision;
  return withCompletion(fact, situation, answer(fact, situation));
}
