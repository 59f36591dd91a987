import type { RecordType } from '#core/records';

/** What is read or written here: the product's record types, and an opportunity's products. */
export type Kind = RecordType | 'line';
export type OwnKind = 'envelope' | 'recipient';

/** Salesforce's names of them. Those of our package may have its namespace in front. */
export const OBJECTS: Record<Kind, string> = {
  deal: 'Opportunity',
  contact: 'Contact',
  company: 'Account',
  line: 'OpportunityLineItem',
  lead: 'Lead',
  envelope: 'Envelope__c',
  recipient: 'Envelope_Recipient__c',
};
/** Unique external ids by which our own records are found and made. */
export const KEYS: Record<OwnKind, string> = { envelope: 'Envelope_Id__c', recipient: 'Recipient_Id__c' };
export const isOwn = (kind: Kind): kind is OwnKind => kind in KEYS;

/** A field that only our package has: the name before it is the package's namespace. */
const MARK = 'Esign_Envelope_Id__c';
const NAMESPACED = new RegExp(`^([A-Za-z]\\w{0,14})__${MARK}$`);
const CUSTOM = /__(c|r|e)$/;

/**
 * The namespace with which our package was installed: '' where its source was deployed, null where none of its fields can be seen. Told by a field's name and
 * not by `Envelope__c`, for other vendors' packages have an object of that name too.
 */
export function namespaceIn(fields: readonly string[]): string | null {
  if (fields.includes(MARK)) return '';
  for (const field of fields) {
    const [, namespace] = NAMESPACED.exec(field) ?? [];
    if (namespace !== undefined) return namespace;
  }
  return null;
}

/** One of our package's names as this org knows it. */
export const stored = (namespace: string, name: string): string => (namespace !== '' && CUSTOM.test(name) ? `${namespace}__${name}` : name);

/** As mappings know it: without our namespace, so that one mapping fits every org. Other packages keep theirs. */
export const shown = (namespace: string, name: string): string => (namespace !== '' && name.startsWith(`${namespace}__`) ? name.slice(namespace.length + 2) : name);
