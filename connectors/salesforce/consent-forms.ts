import type { Call } from '#ports/call';
import type { ConsentChange, Told } from '#ports/consents';
import { allRecords, queryPart, readTogether, type Part } from './composite.ts';
import { markOf } from './consent-mark.ts';
import { individualParts, type Party } from './consent-party.ts';
import { madeId, together } from './consent-places.ts';
import { quoted } from './soql.ts';

/** What the person did with the form. A notice is seen and not agreed to. */
const statusOf = ({ status, topic }: ConsentChange): string => (status !== 'granted' ? 'Rejected' : topic.type === 'privacy-notice' ? 'Seen' : 'Signed');

/** The acceptance of a form whose text the org has by the name or the title of ours; null where it has none. Each act is a record of its own, found again by our id. @throws Problem */
export async function acceptForm(call: Call, party: Party, change: ConsentChange): Promise<Told | null> {
  const { text } = change;
  if (!text) return null;
  const names = [...new Set([text.name, text.title])].map(quoted).join(',');
  const answers = await readTogether(call, [
    queryPart(`SELECT Id, Locale FROM AuthorizationFormText WHERE Name IN (${names}) ORDER BY CreatedDate DESC LIMIT 50`),
    queryPart(`SELECT Id FROM AuthorizationFormConsent WHERE ConsentGiverId = '${party.id}' AND Name = ${quoted(change.key)} LIMIT 1`),
  ]);
  const [texts = [], known = []] = await Promise.all(answers.map((answer) => allRecords(call, answer)));
  if (typeof known[0]?.Id === 'string') return { outcome: 'already', id: known[0].Id, say: 'Its Authorization Form Consent is there already.' };
  const form = texts.find(({ Locale }) => sameLanguage(Locale, change.locale)) ?? texts[0];
  if (typeof form?.Id !== 'string') return null;
  const { parts, id } = individualParts(party);
  const made = await together(call, [...parts, partOf(form.Id, party, id, change)]);
  return { outcome: 'told', id: madeId(made.at(-1)), say: 'Kept as an Authorization Form Consent.' };
}

/** `en_US` is `en-GB` as far as it goes. */
const sameLanguage = (theirs: unknown, ours: string | null): boolean =>
  typeof theirs === 'string' && ours !== null && theirs.slice(0, 2).toLowerCase() === ours.slice(0, 2).toLowerCase();

function partOf(form: string, party: Party, individual: string, change: ConsentChange): Part {
  const captured = { ConsentCapturedDateTime: new Date(change.capturedAt).toISOString(), ConsentCapturedSource: markOf(change), ConsentCapturedSourceType: 'Web' };
  const body = { Name: change.key, AuthorizationFormTextId: form, ConsentGiverId: party.id, PartyId: individual, Status: statusOf(change), ...captured };
  return { method: 'POST', path: '/sobjects/AuthorizationFormConsent', body };
}
