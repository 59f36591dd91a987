import { field, object, owner, type FieldDef, type ObjectDef } from '../org/metadata.ts';

const STATUSES = ['requested', 'sent', 'viewed', 'partially_signed', 'completed', 'declined', 'voided', 'expired', 'failed'];
const packaged = (fields: FieldDef[]): FieldDef[] => fields.map((known) => ({ ...known, packaged: known.name.endsWith('__c') || known.packaged }));
const text = (name: string, length: number, more: Partial<FieldDef> = {}) => field(name, labelOf(name), `string:${length}`, 'cu', more);
const time = (name: string) => field(name, labelOf(name), 'datetime');
const long = (name: string) => field(name, labelOf(name), 'textarea:4000');
const url = (name: string) => field(name, labelOf(name), 'url');
const count = (name: string) => field(name, labelOf(name), 'double', 'cu', { precision: 3, scale: 0 });
const pick = (name: string, values: string[]) => field(name, labelOf(name), 'picklist', 'cu', { values, restricted: true });
const key = (name: string, length: number) => text(name, length, { externalId: true, unique: true, caseSensitive: true });
const number = (prefix: string) => field('Name', 'Name', 'string:80', '', { autoNumber: prefix });
const labelOf = (name: string): string =>
  name
    .replace(/__[ce]$/, '')
    .replaceAll('_', ' ')
    .replace(/^Esign/, 'E-sign');

/** The objects that the package brings, as its metadata declares them. */
export const packageObjects = (): ObjectDef[] => [
  object(
    'Envelope__c',
    'Envelope',
    'a01',
    'cud',
    packaged([
      number('ENV-'),
      owner(),
      key('Envelope_Id__c', 40),
      field('Opportunity__c', 'Opportunity', 'reference>Opportunity', 'cu', { children: 'Envelopes__r' }),
      field('Account__c', 'Account', 'reference>Account', 'cu', { children: 'Envelopes__r' }),
      pick('Status__c', STATUSES),
      text('Template__c', 255),
      text('Provider__c', 80),
      text('Rule__c', 80),
      url('Url__c'),
      ...['Requested_At__c', 'Sent_At__c', 'Viewed_At__c', 'Completed_At__c', 'Closed_At__c', 'Expires_At__c'].map(time),
      text('Waiting_For__c', 255),
      long('Reason__c'),
      count('Signed_Count__c'),
      count('Recipient_Count__c'),
      ...['First_Touch_Source__c', 'First_Touch_Campaign__c', 'Last_Touch_Source__c', 'Last_Touch_Campaign__c'].map((name) => text(name, 255)),
      ...['First_Touch_At__c', 'Last_Touch_At__c'].map(time),
    ]),
    { packaged: true },
  ),
  object(
    'Envelope_Recipient__c',
    'Envelope Recipient',
    'a02',
    'cud',
    packaged([
      number('REC-'),
      key('Recipient_Id__c', 255),
      field('Envelope__c', 'Envelope', 'reference>Envelope__c', 'cu!', { children: 'Recipients__r', masterDetail: true }),
      text('Role__c', 200),
      count('Order__c'),
      pick('Status__c', ['waiting', 'sent', 'bounced', 'viewed', 'signed', 'declined']),
      field('Contact__c', 'Contact', 'reference>Contact', 'cu', { children: 'Envelope_Recipients__r' }),
      field('Lead__c', 'Lead', 'reference>Lead', 'cu', { children: 'Envelope_Recipients__r' }),
      time('Signed_At__c'),
    ]),
    { packaged: true },
  ),
  object(
    'Consent_Record__c',
    'Consent Record',
    'a03',
    'cud',
    packaged([
      number('CON-'),
      owner(),
      key('Consent_Id__c', 60),
      field('Contact__c', 'Contact', 'reference>Contact', 'cu', { children: 'Consent_Records__r' }),
      field('Lead__c', 'Lead', 'reference>Lead', 'cu', { children: 'Consent_Records__r' }),
      field('Envelope__c', 'Envelope', 'reference>Envelope__c', 'cu', { children: 'Consent_Records__r' }),
      text('Type__c', 80),
      text('Purpose__c', 80),
      text('Channel__c', 80),
      pick('Status__c', ['granted', 'declined', 'withdrawn', 'expired']),
      text('Text_Version__c', 80),
      text('Text_Hash__c', 64),
      text('Locale__c', 20),
      text('Region__c', 20),
      text('Legal_Basis__c', 80),
      time('Captured_At__c'),
      text('Source__c', 80),
      url('Evidence_Uri__c'),
    ]),
    { packaged: true },
  ),
  object(
    'Envelope_Event__e',
    'Envelope Event',
    'e00',
    'c',
    packaged([
      field('ReplayId', 'Replay ID', 'string', ''),
      text('Event_Id__c', 80),
      text('Event__c', 80),
      text('Envelope_Id__c', 40),
      text('Opportunity_Id__c', 18),
      text('Contact_Id__c', 18),
      text('Status__c', 40),
      field('Data__c', 'Data', 'textarea:131072'),
    ]),
    { packaged: true, event: true },
  ),
];

/** What the package adds to the org's own objects. */
export const packageFields = (): Record<string, FieldDef[]> => ({
  Opportunity: packaged([
    pick('Esign_Status__c', [...STATUSES, 'blocked']),
    text('Esign_Envelope_Id__c', 40),
    url('Esign_Envelope_Url__c'),
    text('Esign_Template__c', 255),
    ...['Esign_Sent_At__c', 'Esign_Completed_At__c', 'Esign_Closed_At__c', 'Esign_Expires_At__c'].map(time),
    text('Esign_Waiting_For__c', 255),
    long('Esign_Reason__c'),
    ...['Esign_First_Touch_Source__c', 'Esign_First_Touch_Campaign__c', 'Esign_Last_Touch_Source__c', 'Esign_Last_Touch_Campaign__c'].map((name) => text(name, 255)),
    ...['Esign_First_Touch_At__c', 'Esign_Last_Touch_At__c'].map(time),
  ]),
  Contact: packaged([
    text('Esign_Last_Status__c', 40),
    text('Esign_Last_Envelope_Id__c', 40),
    time('Esign_Last_Change_At__c'),
    text('Esign_Journey__c', 40),
    text('Esign_Consent_Status__c', 40),
    text('Esign_Consent_Scope__c', 255),
    text('Esign_Consent_Region__c', 20),
    text('Esign_Consent_Version__c', 80),
    url('Esign_Consent_Evidence_Uri__c'),
  ]),
  Lead: packaged([text('Esign_Last_Status__c', 40), time('Esign_Last_Change_At__c')]),
  Account: packaged([text('Esign_Last_Status__c', 40), time('Esign_Last_Completed_At__c')]),
  ContentVersion: packaged([text('Envelope_Id__c', 80, { externalId: true })]),
});
