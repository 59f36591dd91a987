import { consentSeenInCrm } from '#core/crm-consent';
import type { Fact, Source } from '#core/fact';
import type { JsonObject } from '#lib/json';

/** What `changes` calls a contact who left; `decode` reads it like the webhook of the property. */
export const RECONCILE_CONTACT = 'reconcile.contact';
/** HubSpot sets it where a person leaves all marketing e-mail, on its page of preferences or by a colleague's hand. */
export const LEFT = 'hs_email_optout';

/** A person who left all marketing e-mail. That the property is emptied again is no agreement to anything, so it means nothing here. */
export function decodeContact(contact: string, event: JsonObject, at: number, source: Source): Fact[] {
  if (event.propertyName !== LEFT || event.propertyValue !== 'true' || source === 'countersign') return [];
  const evidence = { property: LEFT, changeSource: typeof event.changeSource === 'string' ? event.changeSource.slice(0, 60) : null };
  return [consentSeenInCrm(contact, at, { type: 'marketing', purpose: null, channel: 'email' }, 'withdrawn', evidence)];
}
