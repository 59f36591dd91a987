import type { SendRequest } from '#core/fact';
import type { PlannedRecipient } from '#core/plan';
import type { Contact, Snapshot, Template } from '#core/records';
import { evaluateCondition, evaluateText } from './expression.ts';
import type { SendLanguages } from './languages.ts';
import { writePath, type Path } from './place.ts';
import { Reasons } from './reasons.ts';
import type { RecipientRule, SendMapping, SendRule } from './schema.ts';
import { bindContact, primaryContact } from './snapshot-values.ts';
import { same } from './stages.ts';

type RequestedRecipient = NonNullable<SendRequest['recipients']>[number];
type From = RecipientRule['from'];
interface Person {
  name: string;
  email: string;
  contact: string | null;
}
export interface RecipientInput {
  send: SendMapping;
  rule: SendRule;
  /** Of the rule. */
  at: Path;
  template: Template;
  snapshot: Snapshot;
  requested: readonly RequestedRecipient[];
  languages: SendLanguages;
  /** What conditions see. */
  bound: Readonly<Record<string, unknown>>;
}

const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;
const EMAIL_CHARS = 254;

/** One person for each role of the template, in routing order. What stands in the way goes into `reasons`. */
export function planRecipients(input: RecipientInput, reasons: Reasons): PlannedRecipient[] {
  const { template, requested, rule, at } = input;
  requested.forEach(({ role }, index) => {
    if (!template.roles.some(({ name }) => same(name, role)))
      reasons.add('role-unknown', ['request', 'recipients', index], `The template "${template.name}" has no role "${role}". Choose another role or template.`);
  });
  const planned = template.roles.flatMap((role) => fillRole(input, role, reasons) ?? []);
  if (rule.policies.samePerson === 'block') reportRepeated(planned, at, reasons);
  return planned.sort((a, b) => a.order - b.order);
}

function fillRole(input: RecipientInput, role: Template['roles'][number], reasons: Reasons): PlannedRecipient | undefined {
  const { rule, requested, template, at, bound, languages } = input;
  const wanted = requested.findIndex((one) => same(one.role, role.name));
  const entries = rule.recipients.map((entry, index) => ({ entry, path: [...at, 'recipients', index] })).filter(({ entry }) => same(entry.role, role.name));
  const asked = requested[wanted];
  if (asked) {
    const order = entries[0]?.entry.order ?? role.order;
    const email = asked.email.trim();
    const person = { name: asked.name.trim(), email, contact: asked.contact ?? contactOf(input, email) };
    return checked(person, role.name, ['request', 'recipients', wanted], reasons) ? { role: role.name, order, ...person } : undefined;
  }
  for (const { entry, path } of entries) {
    const condition = entry.if;
    const holds = condition === undefined ? true : reasons.attempt(() => evaluateCondition(condition, languages.condition, bound, writePath([...path, 'if'])));
    if (holds === undefined) return undefined;
    if (!holds) continue;
    const person = findPerson(input, entry.from, role.name, [...path, 'from'], reasons);
    if (!person || !checked(person, role.name, [...path, 'from'], reasons)) return undefined;
    return { role: role.name, order: entry.order ?? role.order, ...person };
  }
  reasons.add(
    'role-unfilled',
    [...at, 'recipients'],
    `Nobody signs as ${role.name}, a role of the template "${template.name}". Choose a person for it, or add the role to the mapping.`,
  );
  return undefined;
}

/** The contact of the deal with that address, where a person typed one: what becomes of the envelope is told there, and forgotten with it. */
function contactOf({ snapshot, send, languages }: RecipientInput, email: string): string | null {
  const addressOf = (contact: Contact) => new Reasons().attempt(() => evaluateText(send.people.email, languages.people, bindContact(languages.people, contact), 'people.email'));
  return snapshot.contacts.find((contact) => same(addressOf(contact) ?? '', email))?.id ?? null;
}

function findPerson({ snapshot, send, languages }: RecipientInput, from: From, role: string, path: Path, reasons: Reasons): Person | undefined {
  if (from === 'owner') {
    if (snapshot.owner) return { name: snapshot.owner.name.trim(), email: snapshot.owner.email.trim(), contact: null };
    reasons.add('owner-missing', path, `The deal has no owner, who should sign as ${role}. Give the deal an owner.`);
    return undefined;
  }
  if (typeof from === 'object' && 'email' in from) return { ...from, contact: null };
  const contact = pickContact(from, snapshot);
  if (!contact) {
    const who = from === 'primary' ? 'The deal has no contact' : `No contact of the deal has the label "${from.contact}"`;
    const mend = from === 'primary' ? 'Add a contact to the deal.' : `Give the label "${from.contact}" to a contact of the deal.`;
    reasons.add('contact-missing', path, `${who} to sign as ${role}. ${mend}`);
    return undefined;
  }
  const bound = bindContact(languages.people, contact);
  const name = reasons.attempt(() => evaluateText(send.people.name, languages.people, bound, 'people.name').trim());
  const email = reasons.attempt(() => evaluateText(send.people.email, languages.people, bound, 'people.email').trim());
  return name === undefined || email === undefined ? undefined : { name, email, contact: contact.id };
}

/** Of several contacts with the label, the primary one, or else the first. */
function pickContact(from: Extract<From, 'primary' | { contact: string }>, snapshot: Snapshot): Contact | null {
  if (from === 'primary') return primaryContact(snapshot);
  const labelled = snapshot.contacts.filter(({ labels }) => labels.some((label) => same(label, from.contact)));
  const found = labelled.find(({ primary }) => primary) ?? labelled[0];
  if (found) return found;
  if (from.else === 'primary') return primaryContact(snapshot);
  return from.else === 'first' ? (snapshot.contacts[0] ?? null) : null;
}

/** The contact whom expressions call `contact`: the first signer who is one, and the primary contact where no signer is. */
export function firstSigner(rule: SendRule, snapshot: Snapshot, requested: readonly RequestedRecipient[]): Contact | null {
  for (const { contact } of requested) {
    const found = snapshot.contacts.find(({ id }) => id === contact);
    if (found) return found;
  }
  const inOrder = rule.recipients.toSorted((a, b) => (a.order ?? Infinity) - (b.order ?? Infinity) || 0);
  for (const { from } of inOrder) {
    if (from === 'owner' || (typeof from === 'object' && 'email' in from)) continue;
    const found = pickContact(from, snapshot);
    if (found) return found;
  }
  return primaryContact(snapshot);
}

function checked({ name, email, contact }: Person, role: string, path: Path, reasons: Reasons): boolean {
  const who = name === '' ? `The person who signs as ${role}` : `${name} (${role})`;
  const where = contact === null ? '' : ' to the contact';
  if (name === '') reasons.add('name-missing', path, `${who} has no name. Add one${where}.`);
  if (email === '') reasons.add('email-missing', path, `${who} has no e-mail address. Add one${where}.`);
  else if (email.length > EMAIL_CHARS || !EMAIL.test(email)) reasons.add('email-malformed', path, `The e-mail address of ${who} is not one: ${email.slice(0, 60)}. Correct it.`);
  else return name !== '';
  return false;
}

function reportRepeated(planned: readonly PlannedRecipient[], at: Path, reasons: Reasons): void {
  const first = new Map<string, PlannedRecipient>();
  for (const recipient of planned) {
    const key = recipient.email.toLowerCase();
    const other = first.get(key);
    if (!other) first.set(key, recipient);
    else
      reasons.add(
        'same-person',
        [...at, 'recipients'],
        `${recipient.name} would sign both as ${other.role} and as ${recipient.role}. Choose another person for one of them, or allow it with samePerson: allow.`,
      );
  }
}
