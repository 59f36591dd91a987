import type { RecordType } from '#core/records';

const TOUCHES = ['First_Touch_Source__c', 'First_Touch_Campaign__c', 'First_Touch_At__c', 'Last_Touch_Source__c', 'Last_Touch_Campaign__c', 'Last_Touch_At__c'];

/** Fields that our package brings and mappings write: what a connected user must be able to see and edit. Keys and the parent of a recipient are not in it; those are set by themselves. */
export const PACKAGE_FIELDS: Record<RecordType, readonly string[]> = {
  envelope: [
    'Opportunity__c',
    'Account__c',
    'Status__c',
    'Template__c',
    'Provider__c',
    'Rule__c',
    'Url__c',
    'Requested_At__c',
    'Sent_At__c',
    'Viewed_At__c',
    'Completed_At__c',
    'Closed_At__c',
    'Expires_At__c',
    'Waiting_For__c',
    'Reason__c',
    'Signed_Count__c',
    'Recipient_Count__c',
    ...TOUCHES,
  ],
  recipient: ['Role__c', 'Order__c', 'Status__c', 'Contact__c', 'Lead__c', 'Signed_At__c'],
  deal: [
    'Esign_Status__c',
    'Esign_Envelope_Id__c',
    'Esign_Envelope_Url__c',
    'Esign_Template__c',
    'Esign_Sent_At__c',
    'Esign_Completed_At__c',
    'Esign_Closed_At__c',
    'Esign_Expires_At__c',
    'Esign_Waiting_For__c',
    'Esign_Reason__c',
    ...TOUCHES.map((name) => `Esign_${name}`),
  ],
  contact: [
    'Esign_Last_Status__c',
    'Esign_Last_Envelope_Id__c',
    'Esign_Last_Change_At__c',
    'Esign_Journey__c',
    'Esign_Consent_Status__c',
    'Esign_Consent_Scope__c',
    'Esign_Consent_Region__c',
    'Esign_Consent_Version__c',
    'Esign_Consent_Evidence_Uri__c',
  ],
  lead: ['Esign_Last_Status__c', 'Esign_Last_Change_At__c'],
  company: ['Esign_Last_Status__c', 'Esign_Last_Completed_At__c'],
};
