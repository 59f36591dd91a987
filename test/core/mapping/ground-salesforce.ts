import { ENVELOPE_STATUSES, RECIPIENT_STATUSES } from '#core/envelope';
import type { CrmSchema, FieldInfo, FieldType } from '#core/records';

const field = (name: string, type: FieldType = 'text', more: Partial<FieldInfo> = {}): FieldInfo => ({ name, label: name, type, writable: true, ...more });
const read = (name: string, type: FieldType = 'text'): FieldInfo => field(name, type, { writable: false });
const of = (type: FieldType, ...names: string[]): FieldInfo[] => names.map((name) => field(name, type));
const texts = (...names: string[]): FieldInfo[] => of('text', ...names);
const times = (...names: string[]): FieldInfo[] => of('datetime', ...names);
const choice = (name: string, options: readonly string[]): FieldInfo => field(name, 'choice', { options: [...options] });

const source = choice('LeadSource', ['Web', 'Phone Inquiry', 'Partner Referral', 'Paid Search', 'Email', 'Other']);
const touches = (prefix = ''): FieldInfo[] => [
  ...texts(...['First_Touch_Source__c', 'First_Touch_Campaign__c', 'Last_Touch_Source__c', 'Last_Touch_Campaign__c'].map((name) => `${prefix}${name}`)),
  ...times(...['First_Touch_At__c', 'Last_Touch_At__c'].map((name) => `${prefix}${name}`)),
];

const STAGES = [
  'Prospecting',
  'Qualification',
  'Needs Analysis',
  'Value Proposition',
  'Id. Decision Makers',
  'Perception Analysis',
  'Proposal/Price Quote',
  'Negotiation/Review',
  'Contract Sent',
  'Closed Won',
  'Closed Lost',
];

/** An org as the shipped mappings expect it: no record types, the stages of a new org and the one to add, standard fields and those of the package. */
export const schema: CrmSchema = {
  readAt: 0,
  stageField: 'StageName',
  contactLabels: ['Signer', 'Business User', 'Decision Maker', 'Economic Buyer', 'Executive Sponsor', 'Other'],
  pipelines: [{ id: '012000000000000AAA', label: 'Master', stages: STAGES.map((name, order) => ({ id: name, label: name, order, closed: name.startsWith('Closed') })) }],
  fields: {
    deal: [
      ...texts('Name', 'Description', 'AccountId', 'CampaignId', 'OwnerId'),
      choice('StageName', STAGES),
      field('Amount', 'number'),
      field('CloseDate', 'date'),
      source,
      read('CreatedDate', 'datetime'),
      choice('Esign_Status__c', [...ENVELOPE_STATUSES, 'blocked']),
      ...texts('Esign_Envelope_Id__c', 'Esign_Envelope_Url__c', 'Esign_Template__c', 'Esign_Waiting_For__c', 'Esign_Reason__c'),
      ...times('Esign_Sent_At__c', 'Esign_Completed_At__c', 'Esign_Closed_At__c', 'Esign_Expires_At__c'),
      ...touches('Esign_'),
    ],
    contact: [
      ...texts('FirstName', 'LastName', 'Email'),
      read('Name'),
      source,
      field('HasOptedOutOfEmail', 'bool'),
      read('CreatedDate', 'datetime'),
      ...texts('Esign_Last_Status__c', 'Esign_Last_Envelope_Id__c', 'Esign_Journey__c'),
      ...texts('Esign_Consent_Status__c', 'Esign_Consent_Scope__c', 'Esign_Consent_Region__c', 'Esign_Consent_Version__c', 'Esign_Consent_Evidence_Uri__c'),
      ...times('Esign_Last_Change_At__c'),
    ],
    company: [...texts('Name', 'BillingCountry', 'Esign_Last_Status__c'), ...times('Esign_Last_Completed_At__c')],
    line: [read('Name'), read('ProductName'), ...of('number', 'Quantity', 'UnitPrice')],
    lead: [...texts('FirstName', 'LastName', 'Company', 'Email'), source, ...texts('Esign_Last_Status__c'), ...times('Esign_Last_Change_At__c')],
    envelope: [
      read('Name'),
      ...texts('Envelope_Id__c', 'Opportunity__c', 'Account__c', 'Template__c', 'Provider__c', 'Rule__c', 'Url__c', 'Waiting_For__c', 'Reason__c'),
      choice('Status__c', ENVELOPE_STATUSES),
      ...times('Requested_At__c', 'Sent_At__c', 'Viewed_At__c', 'Completed_At__c', 'Closed_At__c', 'Expires_At__c'),
      ...of('number', 'Signed_Count__c', 'Recipient_Count__c'),
      ...touches(),
    ],
    recipient: [
      read('Name'),
      read('Envelope__c'),
      ...texts('Recipient_Id__c', 'Role__c', 'Contact__c', 'Lead__c'),
      field('Order__c', 'number'),
      choice('Status__c', RECIPIENT_STATUSES),
      ...times('Signed_At__c'),
    ],
  },
};
