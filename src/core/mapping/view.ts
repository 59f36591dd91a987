import type { EnvelopeView } from '#core/plan';
import type { Language, Values } from './language.ts';
import { same } from './stages.ts';

export type ViewRecipient = EnvelopeView['recipients'][number];

/** An envelope as its expressions see it, and one recipient where a rule is about contacts. */
export function bindView(language: Language, view: EnvelopeView, recipient?: ViewRecipient): Readonly<Record<string, unknown>> {
  const { recipients, waitingFor, attribution, ...envelope } = view;
  const values: Values = { envelope, attribution, recipients, waitingFor, ...(recipient ? { recipient } : {}) };
  return language.bind(values);
}

/** Recipients who sign in one of the roles (any role where none are named). */
export function signersOf(view: EnvelopeView, roles: readonly string[] | undefined): ViewRecipient[] {
  return view.recipients.filter(({ role }) => !roles || roles.some((name) => same(name, role)));
}

/** Those of them who are contacts. */
export function contactsOf(view: EnvelopeView, roles: readonly string[] | undefined): (ViewRecipient & { contact: string })[] {
  return signersOf(view, roles).flatMap((recipient) => (recipient.contact === null ? [] : [{ ...recipient, contact: recipient.contact }]));
}

export function isOn(on: 'any' | readonly string[], status: string): boolean {
  return on === 'any' || on.includes(status);
}
