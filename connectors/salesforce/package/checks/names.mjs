import { textOf } from './xml.mjs';
import { valuesOf } from './model.mjs';

/**
 * What the connector, its sandbox and the mappings take for granted: objects and fields by name, with their kind. `*` marks an external id that is unique
 * and case sensitive, `#` an external id. Whoever changes a name here changes it there too.
 */
export const AGREED = {
  Envelope__c:
    'Envelope_Id__c:Text(40)* Opportunity__c:Lookup(Opportunity) Account__c:Lookup(Account) Status__c:Picklist Template__c:Text(255) Provider__c:Text(80) Rule__c:Text(80) Url__c:Url Requested_At__c:DateTime Sent_At__c:DateTime Viewed_At__c:DateTime Completed_At__c:DateTime Closed_At__c:DateTime Expires_At__c:DateTime Waiting_For__c:Text(255) Reason__c:LongTextArea(4000) Signed_Count__c:Number(3,0) Recipient_Count__c:Number(3,0) First_Touch_Source__c:Text(255) First_Touch_Campaign__c:Text(255) Last_Touch_Source__c:Text(255) Last_Touch_Campaign__c:Text(255) First_Touch_At__c:DateTime Last_Touch_At__c:DateTime',
  Envelope_Recipient__c:
    'Recipient_Id__c:Text(255)* Envelope__c:MasterDetail(Envelope__c) Role__c:Text(200) Order__c:Number(3,0) Status__c:Picklist Contact__c:Lookup(Contact) Lead__c:Lookup(Lead) Signed_At__c:DateTime',
  Consent_Record__c:
    'Consent_Id__c:Text(60)* Contact__c:Lookup(Contact) Lead__c:Lookup(Lead) Envelope__c:Lookup(Envelope__c) Type__c:Text(80) Purpose__c:Text(80) Channel__c:Text(80) Status__c:Picklist Text_Version__c:Text(80) Text_Hash__c:Text(64) Locale__c:Text(20) Region__c:Text(20) Legal_Basis__c:Text(80) Captured_At__c:DateTime Source__c:Text(80) Evidence_Uri__c:Url',
  Opportunity:
    'Esign_Status__c:Picklist Esign_Envelope_Id__c:Text(40) Esign_Envelope_Url__c:Url Esign_Template__c:Text(255) Esign_Sent_At__c:DateTime Esign_Completed_At__c:DateTime Esign_Closed_At__c:DateTime Esign_Expires_At__c:DateTime Esign_Waiting_For__c:Text(255) Esign_Reason__c:LongTextArea(4000) Esign_First_Touch_Source__c:Text(255) Esign_First_Touch_Campaign__c:Text(255) Esign_Last_Touch_Source__c:Text(255) Esign_Last_Touch_Campaign__c:Text(255) Esign_First_Touch_At__c:DateTime Esign_Last_Touch_At__c:DateTime',
  Contact: 'Esign_Last_Status__c:Text(40) Esign_Last_Envelope_Id__c:Text(40) Esign_Last_Change_At__c:DateTime Esign_Journey__c:Text(40) Esign_Consent_Status__c:Text(40) Esign_Consent_Scope__c:Text(255) Esign_Consent_Region__c:Text(20) Esign_Consent_Version__c:Text(80) Esign_Consent_Evidence_Uri__c:Url',
  Lead: 'Esign_Last_Status__c:Text(40) Esign_Last_Change_At__c:DateTime',
  Account: 'Esign_Last_Status__c:Text(40) Esign_Last_Completed_At__c:DateTime',
  ContentVersion: 'Envelope_Id__c:Text(80)#',
  Envelope_Event__e:
    'Event_Id__c:Text(80) Event__c:Text(80) Envelope_Id__c:Text(40) Opportunity_Id__c:Text(18) Contact_Id__c:Text(18) Status__c:Text(40) Data__c:LongTextArea(131072)',
};
const ENVELOPE = 'requested sent viewed partially_signed completed declined voided expired failed';
export const AGREED_VALUES = {
  'Envelope__c.Status__c': ENVELOPE,
  'Opportunity.Esign_Status__c': `${ENVELOPE} blocked`,
  'Envelope_Recipient__c.Status__c': 'waiting sent bounced viewed signed declined',
  'Consent_Record__c.Status__c': 'granted declined withdrawn expired',
};
const AGREED_PARTS = {
  PermissionSet: ['Countersign_Admin', 'Countersign_Sender', 'Countersign_Integration'],
  PlatformEventChannel: ['Countersign_Changes__chn'],
  NamedCredential: ['Countersign'],
  ExternalCredential: ['Countersign'],
  QuickAction: ['Opportunity.Send_for_signature'],
};

/** Where the package and the agreement part, either way. */
export function nameFaults(model) {
  const names = (type) => model.ofType(type).map(({ name }) => name);
  return [
    ...Object.entries(AGREED).flatMap(([object, line]) => objectFaults(model, object, line.split(' '))),
    ...[...model.fields.keys()].filter((object) => !(object in AGREED)).map((object) => `${object} is not agreed`),
    ...Object.entries(AGREED_VALUES).flatMap(([place, line]) => valueFaults(model, place, line)),
    ...Object.entries(AGREED_PARTS).flatMap(([type, wanted]) => wanted.filter((name) => !names(type).includes(name)).map((name) => `there is no ${type} ${name}`)),
  ];
}

function objectFaults(model, object, agreed) {
  const fields = model.fields.get(object) ?? new Map();
  const wanted = new Map(agreed.map((entry) => entry.split(':')));
  const spelled = [...fields.values()].map((field) => [field.name, spell(field.root)]);
  return [
    ...[...wanted.keys()].filter((name) => !fields.has(name)).map((name) => `${object} lacks ${name}`),
    ...spelled.filter(([name, kind]) => wanted.get(name) !== kind).map(([name, kind]) => `${object}.${name} is ${kind}, and ${wanted.get(name) ?? 'nothing'} is agreed`),
  ];
}

function spell(root) {
  const part = (name) => textOf(root, name);
  const type = part('type');
  const size = {
    Text: part('length'),
    LongTextArea: part('length'),
    Number: `${part('precision')},${part('scale')}`,
    Lookup: part('referenceTo'),
    MasterDetail: part('referenceTo'),
  }[type];
  const mark = part('externalId') !== 'true' ? '' : part('unique') === 'true' && part('caseSensitive') === 'true' ? '*' : '#';
  return `${type}${size ? `(${size})` : ''}${mark}`;
}

function valueFaults(model, place, line) {
  const [object, field] = place.split('.');
  const values = [...(valuesOf(model, object, field) ?? [])].join(' ');
  return values === line ? [] : [`${place} takes "${values}", and "${line}" is agreed`];
}
