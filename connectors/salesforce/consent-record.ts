import { isObject } from '#lib/json';
import type { Call } from '#ports/call';
import type { ConsentChange, Told } from '#ports/consents';
import type { Part } from './composite.ts';
import type { Party } from './consent-party.ts';
import { madeId, RECORD, together, type Places } from './consent-places.ts';
import { stored } from './describe-objects.ts';

/** The act as a record of our package's, one for each act, found again by our id. `first` goes with it, both or neither. @throws Problem */
export async function recordAct(call: Call, record: NonNullable<Places['record']>, party: Party, change: ConsentChange, first: readonly Part[], why: string): Promise<Told> {
  const name = (own: string): string => stored(record.namespace, own);
  const path = `/sobjects/${name(RECORD)}/${name('Consent_Id__c')}/${encodeURIComponent(change.key)}`;
  const body = Object.fromEntries(Object.entries(fieldsOf(party, change)).map(([own, value]) => [name(own), value]));
  const answers = await together(call, [...first, { method: 'PATCH', path, body }]);
  const answer = answers.at(-1);
  const id = madeId(answer);
  // An upsert says whether it made the record: an earlier, lost reply had.
  const made = isObject(answer) && answer.created === true;
  return made ? { outcome: 'told', id, say: `Kept as a Consent Record. ${why}` } : { outcome: 'already', id, say: 'The Consent Record is there already.' };
}

/** Longest that our own fields hold. */
const SHORT = 20;
const LONG = 80;
const ADDRESS = 255;

function fieldsOf({ object, id }: Party, change: ConsentChange): Record<string, string | null> {
  const { topic, status, text, locale, jurisdiction, basis, capturedAt, how, evidenceUri } = change;
  const upTo = (value: string | null, length: number): string | null => value?.slice(0, length) ?? null;
  return {
    [`${object}__c`]: id,
    Type__c: topic.type,
    Purpose__c: upTo(topic.purpose, LONG),
    Channel__c: topic.channel,
    Status__c: status,
    Text_Version__c: text ? upTo(`${text.name} ${text.version}`, LONG) : null,
    Text_Hash__c: text?.hash ?? null,
    Locale__c: upTo(locale, SHORT),
    Region__c: upTo(jurisdiction, SHORT),
    Legal_Basis__c: basis,
    Captured_At__c: new Date(capturedAt).toISOString(),
    Source__c: how,
    // Half an address leads nowhere.
    Evidence_Uri__c: evidenceUri !== null && evidenceUri.length <= ADDRESS ? evidenceUri : null,
  };
}
