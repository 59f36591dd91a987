import type { PlannedRecipient } from '#core/plan';
import type { Contact, Snapshot } from '#core/records';
import type { Language, Values } from './language.ts';

/** A deal's surroundings as expressions see them. `contact` is the contact of the first signer. */
export function bindSnapshot(language: Language, snapshot: Snapshot, contact: Contact | null, recipients: readonly PlannedRecipient[] = []): Readonly<Record<string, unknown>> {
  const { deal, company, owner, lines } = snapshot;
  const values: Values = {
    deal: { id: deal.id, url: deal.url, ...deal.fields },
    contact: contactValues(contact),
    primary: contactValues(primaryContact(snapshot)),
    company: company ? { id: company.id, ...company.fields } : {},
    owner: owner ? { id: owner.id, name: owner.name, email: owner.email } : {},
    lines: lines.map((line) => ({ id: line.id, ...line.fields })),
    recipients: recipients.map(({ role, name, email, order, contact: id }) => ({ role, name, email, order, contact: id })),
  };
  return language.bind(values);
}

export function bindContact(language: Language, contact: Contact): Readonly<Record<string, unknown>> {
  return language.bind({ contact: contactValues(contact) });
}

/** The contact that the CRM calls primary, or else the first. */
export function primaryContact({ contacts }: Snapshot): Contact | null {
  return contacts.find(({ primary }) => primary) ?? contacts[0] ?? null;
}

function contactValues(contact: Contact | null): Contact['fields'] {
  return contact ? { id: contact.id, ...contact.fields } : {};
}
