import { newId } from '#lib/ids';
import type { ConsentAct } from '#core/consent';
import type { InstallId, PersonId, TenantId } from '#core/ids';
import { actsOf, linkPerson, listConsents, type KnownAct } from '#store/consents';
import type { Db, Tx } from '#store/database';
import { append } from '#store/ledger';

/** A contact of an account. */
export interface ContactLink {
  install: InstallId;
  contact: string;
}

/** Makes somebody known of whom nothing is known but a contact's id: an objection that a CRM tells of holds before we ever meet them. */
export async function introducePerson(tx: Tx, tenant: TenantId, link: ContactLink & { person: PersonId }, now: number): Promise<void> {
  await tx.insertInto('persons').values({ tenant, id: link.person, email_hash: null, key: null, erased_at: null }).execute();
  await linkPerson(tx, tenant, link, now);
}

/**
 * What decides on reaching contacts of a CRM: everything that the person said, and the objections of whoever else the contact is tied to. A grant
 * of another person never counts.
 */
export async function actsOfContacts(
  db: Db,
  tenant: TenantId,
  crm: InstallId,
  recipients: readonly { contact: string | null; person: PersonId | null }[],
): Promise<Map<string, ConsentAct[]>> {
  const contacts = [...new Set(recipients.flatMap(({ contact }) => contact ?? []))];
  if (contacts.length === 0) return new Map();
  const linked = await db
    .selectFrom('person_records')
    .select(['contact', 'person'])
    .where('tenant', '=', tenant)
    .where('install', '=', crm)
    .where('contact', 'in', contacts)
    .execute();
  const acts = await actsOf(db, tenant, [...new Set([...recipients, ...linked].flatMap(({ person }) => person ?? []))]);
  const ofPerson = (person: PersonId) => acts.get(person) ?? [];
  return new Map(
    contacts.map((contact) => {
      const persons = new Set(recipients.flatMap((one) => (one.contact === contact && one.person !== null ? [one.person] : [])));
      const others = linked.filter((one) => one.contact === contact && !persons.has(one.person));
      return [contact, [...[...persons].flatMap(ofPerson), ...others.flatMap(({ person }) => ofPerson(person).filter(isObjection))]];
    }),
  );
}

const isObjection = ({ status }: KnownAct): boolean => status !== 'granted';

/** Copies the objections of whom a contact was tied to, before it is tied to another: after a merge the person who is left has objected too. */
export async function carryObjections(tx: Tx, tenant: TenantId, from: PersonId, to: PersonId, now: number): Promise<void> {
  const [theirs, known] = [await listConsents(tx, tenant, from), await listConsents(tx, tenant, to)];
  const keyOf = (row: (typeof theirs)[number]) => JSON.stringify([row.type, row.purpose, row.channel, row.status, row.how, row.captured_at, row.source]);
  const held = new Set(known.map(keyOf));
  const rows = theirs.filter((row) => row.status !== 'granted' && !held.has(keyOf(row)));
  await append(
    tx,
    tenant,
    'consents',
    rows.map(({ tenant: _tenant, seq: _seq, prev: _prev, hash: _hash, ...row }) => ({
      ...row,
      id: newId('cns', now),
      person: to,
      recorded_at: now,
      evidence: JSON.stringify({ carriedFrom: row.id }),
      // Who it was is sealed beside the row that it comes from.
      personal_hash: null,
    })),
  );
}
