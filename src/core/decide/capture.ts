import { PRIORITY } from '#core/effect';
import type { Fact } from '#core/fact';
import type { CaptureId } from '#core/ids';
import { TOLD_WITHIN_MS, tellStanding } from '#core/decide/consent';
import { readEffect } from '#core/decide/brakes';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';

/** The key of the request that a post makes where its page has something signed. */
export const captureKey = (post: CaptureId): string => `capture-${post}`;

/** Somebody filled in a form: the CRM finds or makes them. Their consent is a fact of its own, and in the ledger already. */
export function onLeadCaptured(fact: Fact<'lead.captured'>, situation: Situation): Decision {
  const { post, person, page } = fact.data;
  return moved('The CRM shall know whoever filled it in.', [
    {
      kind: 'contact.intake',
      key: `intake|${post}`,
      install: situation.crm.id,
      data: { post, person, page },
      priority: PRIORITY.click,
      notBefore: situation.now,
      envelope: null,
      why: 'Somebody filled in a form and may wait for an answer.',
    },
  ]);
}

/** The CRM knows the person now: it is told what they agreed to until then, and what the page promised to send is on its way. */
export function onPersonLinked(fact: Fact<'person.linked'>, situation: Situation): Decision {
  const { install, deal, post, page, sign } = fact.data;
  if (!situation.person) return noted('The person is no longer known: they were erased.');
  const tells = tellStanding(situation, situation.person, install);
  const request = fact.personal?.request ?? { key: captureKey(post), rule: sign ?? '', by: `capture page ${page}` };
  const reads = sign === null || deal === null ? [] : [readEffect(situation, deal, `capture|${post}`, { kind: 'request', request }, PRIORITY.click)];
  if (tells.length + reads.length === 0) return noted('The contact is known now; there is nothing to tell of them.');
  const told = tells.length === 0 ? '' : ` The account is told what they agreed to, by ${new Date(situation.now + TOLD_WITHIN_MS).toISOString().slice(0, 16)}Z.`;
  return moved(`The contact is known now.${told}${reads.length > 0 ? ' The page promised something to sign, so the deal is read.' : ''}`, [...tells, ...reads]);
}
