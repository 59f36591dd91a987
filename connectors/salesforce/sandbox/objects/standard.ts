import { currency, field, object, owner, type ObjectDef } from '../org/metadata.ts';

/** The org itself, its people, and who may do what. */
export const people = (): ObjectDef[] => [
  object('Organization', 'Organization', '00D', '', [
    field('Name', 'Name', 'string:80', ''),
    field('IsSandbox', 'Is Sandbox', 'boolean', ''),
    field('InstanceName', 'Instance Name', 'string:5', ''),
    field('NamespacePrefix', 'Namespace Prefix', 'string:15', ''),
    field('OrganizationType', 'Edition', 'picklist', ''),
    field('TrialExpirationDate', 'Trial Expiration Date', 'datetime', ''),
    field('LanguageLocaleKey', 'Language', 'picklist', ''),
    field('TimeZoneSidKey', 'Time Zone', 'picklist', ''),
    field('Country', 'Country', 'string:80', ''),
  ]),
  object('User', 'User', '005', '', [
    field('Username', 'Username', 'string:80', ''),
    field('LastName', 'Last Name', 'string:80', ''),
    field('FirstName', 'First Name', 'string:40', ''),
    field('Name', 'Full Name', 'string:121', ''),
    field('Email', 'Email', 'email:128', ''),
    field('Title', 'Title', 'string:80', ''),
    field('IsActive', 'Active', 'boolean', ''),
    field('ManagerId', 'Manager ID', 'reference>User', ''),
    field('TimeZoneSidKey', 'Time Zone', 'picklist', ''),
    field('LanguageLocaleKey', 'Language', 'picklist', ''),
  ]),
  object('PermissionSet', 'Permission Set', '0PS', '', [
    field('Name', 'Permission Set Name', 'string:80', ''),
    field('Label', 'Permission Set Label', 'string:80', ''),
    field('NamespacePrefix', 'Namespace Prefix', 'string:15', ''),
    field('IsOwnedByProfile', 'Is Owned By Profile', 'boolean', ''),
  ]),
  object('PermissionSetAssignment', 'Permission Set Assignment', '0Pa', '', [
    field('PermissionSetId', 'Permission Set ID', 'reference>PermissionSet', '', { children: 'Assignments', masterDetail: true }),
    field('AssigneeId', 'Assignee ID', 'reference>User', '', { children: 'PermissionSetAssignments' }),
    field('IsActive', 'Is Active', 'boolean', ''),
  ]),
];

const MEMBERS = { children: 'CampaignMembers', masterDetail: true } as const;
const STATUS = ['Planned', 'In Progress', 'Completed', 'Aborted'];

export const marketing = (): ObjectDef[] => [
  object('Campaign', 'Campaign', '701', 'cud', [
    field('Name', 'Name', 'string:80', 'cu!'),
    field('Type', 'Type', 'picklist', 'cu', { values: ['Conference', 'Webinar', 'Email', 'Advertisement', 'Other'] }),
    field('Status', 'Status', 'picklist', 'cu', { values: STATUS, default: 'Planned' }),
    field('IsActive', 'Active', 'boolean'),
    field('StartDate', 'Start Date', 'date'),
    field('EndDate', 'End Date', 'date'),
    field('Description', 'Description', 'textarea'),
    field('NumberOfContacts', 'Contacts in Campaign', 'int', ''),
    field('NumberOfLeads', 'Leads in Campaign', 'int', ''),
    field('NumberOfResponses', 'Responses in Campaign', 'int', ''),
    owner(),
    currency(),
  ]),
  object('CampaignMember', 'Campaign Member', '00v', 'cud', [
    field('CampaignId', 'Campaign ID', 'reference>Campaign', 'c!', MEMBERS),
    field('LeadId', 'Lead ID', 'reference>Lead', 'c', MEMBERS),
    field('ContactId', 'Contact ID', 'reference>Contact', 'c', MEMBERS),
    field('Status', 'Status', 'picklist:40'),
    field('HasResponded', 'Responded', 'boolean', ''),
    field('FirstRespondedDate', 'First Responded Date', 'date', ''),
    field('Name', 'Name', 'string:121', ''),
    field('Email', 'Email', 'email', ''),
    field('Type', 'Type', 'string', ''),
    currency(),
  ]),
  object('CampaignMemberStatus', 'Campaign Member Status', '01Y', 'cud', [
    field('CampaignId', 'Campaign ID', 'reference>Campaign', 'c!', { children: 'CampaignMemberStatuses', masterDetail: true }),
    field('Label', 'Label', 'string:765', 'cu!'),
    field('SortOrder', 'Sort Order', 'int'),
    field('IsDefault', 'Is Default', 'boolean'),
    field('HasResponded', 'Responded', 'boolean'),
  ]),
];

export const activity = (): ObjectDef[] => [
  object('Task', 'Task', '00T', 'cud', [
    field('WhoId', 'Name ID', 'reference>Contact,Lead', 'cu', { children: 'Tasks' }),
    field('WhatId', 'Related To ID', 'reference>Opportunity,Account,Campaign,Product2', 'cu', { children: 'Tasks' }),
    field('Subject', 'Subject', 'combobox:255'),
    field('ActivityDate', 'Due Date Only', 'date'),
    field('Status', 'Status', 'picklist', 'cu!', { values: ['Not Started', 'In Progress', 'Completed', 'Waiting on someone else', 'Deferred'], default: 'Not Started' }),
    field('Priority', 'Priority', 'picklist', 'cu!', { values: ['High', 'Normal', 'Low'], default: 'Normal' }),
    field('IsHighPriority', 'High Priority', 'boolean', ''),
    owner(),
    field('Description', 'Description', 'textarea'),
    field('Type', 'Type', 'picklist', 'cu', { values: ['Call', 'Email', 'Other'] }),
    field('IsClosed', 'Closed', 'boolean', ''),
    field('AccountId', 'Account ID', 'reference>Account', ''),
    field('TaskSubtype', 'Task Subtype', 'picklist', 'c', { restricted: true, values: ['Task', 'Email', 'Call'], default: 'Task' }),
    field('IsReminderSet', 'Reminder Set', 'boolean'),
    field('ReminderDateTime', 'Reminder Date/Time', 'datetime'),
  ]),
];

export const files = (): ObjectDef[] => [
  object('ContentDocument', 'Content Document', '069', 'ud', [
    field('Title', 'Title', 'string', 'u'),
    field('FileExtension', 'File Extension', 'string:40', ''),
    field('FileType', 'File Type', 'string:20', ''),
    field('ContentSize', 'Size', 'int', ''),
    field('LatestPublishedVersionId', 'Latest Published Version ID', 'reference>ContentVersion', ''),
  ]),
  object('ContentVersion', 'Content Version', '068', 'cu', [
    field('ContentDocumentId', 'ContentDocument ID', 'reference>ContentDocument', 'c', { children: 'ContentVersions', masterDetail: true }),
    field('IsLatest', 'Is Latest', 'boolean', ''),
    field('VersionNumber', 'Version Number', 'string:20', ''),
    field('Title', 'Title', 'string', 'cu'),
    field('Description', 'Description', 'textarea:1000'),
    field('ReasonForChange', 'Reason For Change', 'string:1000'),
    field('PathOnClient', 'Path On Client', 'string:500', 'c'),
    field('VersionData', 'Version Data', 'base64', 'cu'),
    field('ContentSize', 'Size', 'int', ''),
    field('FileType', 'File Type', 'string:20', ''),
    field('FileExtension', 'File Extension', 'string:40', ''),
    field('Checksum', 'Checksum', 'string:50', ''),
    field('FirstPublishLocationId', 'First Publish Location ID', 'reference>Opportunity,Account,Contact,Lead,Campaign,User,Envelope__c', 'c'),
    field('SharingPrivacy', 'File Privacy on Records', 'picklist', 'cu', { restricted: true, values: ['N', 'P'], default: 'N' }),
    owner(),
  ]),
  object('ContentDocumentLink', 'Content Document Link', '06A', 'cud', [
    field('ContentDocumentId', 'ContentDocument ID', 'reference>ContentDocument', 'c!', { children: 'ContentDocumentLinks', masterDetail: true }),
    field('LinkedEntityId', 'Linked Entity ID', 'reference>Opportunity,Account,Contact,Lead,Campaign,User,Envelope__c', 'c!', {
      children: 'ContentDocumentLinks',
      masterDetail: true,
    }),
    field('ShareType', 'Share Type', 'picklist', 'cu', { restricted: true, values: ['V', 'C', 'I'] }),
    field('Visibility', 'Visibility', 'picklist', 'cu', { restricted: true, values: ['AllUsers', 'InternalUsers', 'SharedUsers'] }),
  ]),
];
