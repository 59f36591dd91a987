import { newId } from '#lib/ids';
import type { PersonState } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { actsOf, contactsOf, findPersonOfContact } from '#store/consents';
import type { Tx } from '#store/database';
import type { InboxNotice } from '#store/inbox';
import { listInstalls, type Install } from '#store/installs';
import { consentUrl, type Flow } from '#flow/flow';
import { accountsOf, type RuleBook } from '#flow/rule-book';

/** Whom a consent act is about, with everything that they said before and the accounts that know them. */
export async function personIn(flow: Flow, book: RuleBook, tx: Tx, { tenant, install }: InboxNotice, fact: Fact): Promise<PersonState | null> {
  if (fact.type !== 'consent.acted' && fact.type !== 'person.linked') return null;
  const { person, contact } = fact.data;
  const id = person ?? (contact === null ? null : await findPersonOfContact(tx, tenant, install, contact));
  if (id === null)
    return contact === null ? null : { ...NOBODY, id: newId('per', flow.clock.now()), stranger: { install, contact }, page: (consent) => consentUrl(flow, tenant, consent) };
  const acts = (await actsOf(tx, tenant, [id])).get(id) ?? [];
  const installs = new Map((await listInstalls(tx, tenant)).flatMap((one) => (one.state === 'left' ? [] : [[one.id, one] as const])));
  const contacts = (await contactsOf(tx, tenant, id)).flatMap((one) => {
    const account = installs.get(one.install);
    const connector = account && flow.vendors.get(account.vendor)?.connector;
    return account && connector ? [{ ...one, account, connector }] : [];
  });
  const known = contacts.flatMap(({ install, contact, connector }) => (connector.consents ? [{ install, contact }] : []));
  const records = await Promise.all(contacts.flatMap((one) => (one.connector.crm ? [recordIn(flow, book, tx, tenant, one)] : [])));
  return { id, acts, known, records: records.flatMap((one) => one ?? []), page: (consent) => consentUrl(flow, tenant, consent) };
}

/** Of whom nothing is known yet. */
const NOBODY = { acts: [], known: [], records: [] };

/** Each CRM goes by the mapping of its own. One that cannot be read writes nothing, and keeps no act from the ledger. */
async function recordIn(
  flow: Flow,
  book: RuleBook,
  tx: Tx,
  tenant: TenantId,
  { contact, account }: { contact: string; account: Install },
): Promise<PersonState['records'][number] | null> {
  try {
    const accounts = await accountsOf(flow, tx, tenant, { install: account.id });
    const { rules } = await book.active(tx, tenant, accounts);
    return { install: account.id, contact, writes: (view) => rules.consentWrites(view) };
  } catch (error) {
    if (error instanceof Problem && error.remedy === 'reject') return null;
    throw error;
  }
}
