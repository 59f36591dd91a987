import type { Fact } from '#core/fact';
import { onDealRead, onSendRequested, onStageChanged } from '#core/decide/deal';
import { onCreateFailed, onEnvelopeStatus, onRemindRequested, onVoidRequested } from '#core/decide/envelope';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';

/** From a fact and the situation to the next state and what should follow. Pure and total: every fact has an answer. */
export function decide(fact: Fact, situation: Situation): Decision {
  switch (fact.type) {
    case 'deal.stage-changed':
      return onStageChanged(fact, situation);
    case 'send.requested':
      return onSendRequested(fact, situation);
    case 'deal.read':
      return onDealRead(fact, situation);
    case 'deal.read-failed':
      return noted(`The deal could not be read (${fact.data.code}), so nothing was decided.`);
    case 'deal.deleted':
      return noted('The deal is gone. An envelope that is out stays out; void it in the console if it should not.');
    case 'envelope.status':
      return onEnvelopeStatus(fact, situation);
    case 'envelope.create-failed':
      return onCreateFailed(fact, situation);
    case 'envelope.void-requested':
      return onVoidRequested(fact, situation);
    case 'envelope.remind-requested':
      return onRemindRequested(fact, situation);
    case 'person.erased':
      return { ...moved('The CRM asks for erasure: the personal data kept here goes, the ledgers stay.', []), erase: fact.data.contact };
    case 'record.write-failed':
      return noted(`The CRM refused ${fact.data.fields.join(', ')}; everything else of the record was written.`);
  }
}
