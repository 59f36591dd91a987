import type { ReasonCode } from '#core/mapping/reasons';

/** Why nothing was sent, in words that name no person: these enter the ledger, while the full ones go to the deal. */
const WORDS: Record<ReasonCode | AccountReason, string> = {
  'no-rule': 'no rule speaks of this',
  'stage-renamed': 'the stage is called differently in the rule',
  condition: 'the condition of the rule is not met',
  'template-none': 'no template of the rule fits the deal',
  'template-missing': 'the signing account lacks the template',
  'role-unfilled': 'nobody signs in a role of the template',
  'role-unknown': 'the template lacks a role that was asked for',
  'contact-missing': 'no contact of the deal fits what the rule asks for',
  'owner-missing': 'the deal has no owner',
  'name-missing': 'a signer has no name',
  'email-missing': 'a signer has no e-mail address',
  'email-malformed': 'the e-mail address of a signer is malformed',
  'same-person': 'one address would sign in two roles',
  'subject-empty': 'the subject is empty',
  'subject-long': 'the subject is too long',
  'consent-field': 'the template lacks a field that a consent needs',
  'consent-text': 'no version of a consent text is valid now',
  'mapping.failed': 'the mapping cannot be worked out for this deal',
  writeback: 'the result could not be written back',
  'no-provider': 'no e-signature account is connected',
  'provider-unauthorized': 'the e-signature account has to be authorised again',
  'test-account': 'a test account does not send to live people',
  'answers-unread': 'the provider does not tell what signers tick',
  'already-out': 'an envelope for this is already out',
  stopped: 'sending is stopped',
};
export type AccountReason = 'no-provider' | 'provider-unauthorized' | 'test-account' | 'answers-unread' | 'already-out' | 'stopped';

export const reasonWords = (code: string): string => (Object.hasOwn(WORDS, code) ? WORDS[code as keyof typeof WORDS] : code);
