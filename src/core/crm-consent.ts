import type { ActStatus, ConsentTopic } from '#core/consent';
import type { Fact } from '#core/fact';
import type { FieldValue } from '#core/records';

/**
 * What a person's record in the CRM says of a consent, seen there: nobody here showed a wording, so it has none, and no basis is claimed. Which account it was seen in stands
 * in the act once it is decided on, for a connector knows no installs. `at`: when it was recorded there.
 */
export function consentSeenInCrm(contact: string, at: number, topic: ConsentTopic, status: ActStatus, evidence: Record<string, FieldValue>): Fact<'consent.acted'> {
  const unknown = { text: null, locale: null, jurisdiction: null, expiresAt: null, envelope: null, documentHash: null, evidenceUri: null };
  return { type: 'consent.acted', at, data: { person: null, contact, acts: [{ ...topic, ...unknown, status, basis: 'none', capturedAt: at, how: 'crm', source: '', evidence }] } };
}
