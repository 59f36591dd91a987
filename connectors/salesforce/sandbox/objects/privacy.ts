import { field, object, owner, type FieldDef, type ObjectDef } from '../org/metadata.ts';

const POINTS = ['Email', 'MailingAddress', 'Phone', 'Social', 'Web'];
const STATUSES = ['NotSeen', 'Seen', 'OptIn', 'OptInPending', 'OptOut', 'OptOutPending'];
const pick = (name: string, label: string, values: string[], more: Partial<FieldDef> = {}) => field(name, label, 'picklist', 'cu', { values, restricted: true, ...more });
const status = () => pick('PrivacyConsentStatus', 'Privacy Consent Status', STATUSES, { default: 'NotSeen' });
const enabled = (name: string, label: string, prefix: string, fields: FieldDef[]): ObjectDef => object(name, label, prefix, 'cud', [...fields, owner()], { privacy: true });
const name = (label: string) => field('Name', label, 'string', 'cu!');

/** What the org has once Data Protection and Privacy is enabled: people apart from their contacts, and what they agreed to. */
export const privacy = (): ObjectDef[] => [
  enabled('Individual', 'Individual', '0PK', [
    field('LastName', 'Last Name', 'string:80', 'cu!'),
    field('FirstName', 'First Name', 'string:40'),
    field('Name', 'Name', 'string:121', ''),
    ...['Processing', 'Profiling', 'Solicit', 'Tracking', 'GeoTracking'].map((what) => field(`HasOptedOut${what}`, `Don't ${what}`, 'boolean')),
    field('ShouldForget', 'Forget this Individual', 'boolean'),
    field('SendIndividualData', 'Export Individual Data', 'boolean'),
  ]),
  enabled('DataUsePurpose', 'Data Use Purpose', '0ZW', [
    name('Name'),
    field('Description', 'Description', 'string'),
    field('CanDataSubjectOptOut', 'Can Data Subject Opt Out', 'boolean'),
  ]),
  enabled('ContactPointTypeConsent', 'Contact Point Type Consent', '0Zh', [
    name('Name'),
    field('PartyId', 'Party ID', 'reference>Individual', 'cu!', { children: 'ContactPointTypeConsents' }),
    pick('ContactPointType', 'Contact Point Type', POINTS),
    field('DataUsePurposeId', 'Data Use Purpose ID', 'reference>DataUsePurpose'),
    status(),
    field('CaptureDate', 'Capture Date', 'datetime'),
    field('CaptureSource', 'Capture Source', 'string'),
    pick('CaptureContactPointType', 'Capture Contact Point Type', POINTS),
    field('EffectiveFrom', 'Effective From', 'datetime'),
    field('EffectiveTo', 'Effective To', 'datetime'),
    field('DoubleConsentCaptureDate', 'Double Consent Capture Date', 'datetime'),
  ]),
  enabled('ContactPointEmail', 'Contact Point Email', '9Vl', [
    field('ParentId', 'Parent ID', 'reference>Individual,Account', 'cu!', { relation: 'Parent' }),
    field('EmailAddress', 'Email Address', 'email:255', 'cu!'),
  ]),
  enabled('EngagementChannelType', 'Engagement Channel Type', '0eF', [name('Name'), pick('ContactPointType', 'Contact Point Type', POINTS)]),
  enabled('CommSubscription', 'Communication Subscription', '0Xl', [name('Name')]),
  enabled('CommSubscriptionChannelType', 'Communication Subscription Channel Type', '0eB', [
    name('Name'),
    field('CommunicationSubscriptionId', 'Communication Subscription ID', 'reference>CommSubscription', 'cu!'),
    field('EngagementChannelTypeId', 'Engagement Channel Type ID', 'reference>EngagementChannelType', 'cu!'),
  ]),
  enabled('CommSubscriptionConsent', 'Communication Subscription Consent', '0dY', [
    name('Name'),
    field('CommSubscriptionChannelTypeId', 'Communication Subscription Channel Type ID', 'reference>CommSubscriptionChannelType', 'cu!'),
    field('ContactPointId', 'Contact Point ID', 'reference>ContactPointEmail', 'cu!'),
    field('ConsentGiverId', 'Consent Giver ID', 'reference>Account,Contact,Individual,User'),
    field('ConsentCapturedDateTime', 'Consent Captured Date Time', 'datetime'),
    field('ConsentCapturedSource', 'Consent Captured Source', 'string'),
    field('EffectiveFromDate', 'Effective From Date', 'date', 'cu!'),
    status(),
  ]),
  enabled('AuthorizationFormText', 'Authorization Form Text', '0cM', [name('Name'), field('Locale', 'Locale', 'string:20')]),
  enabled('AuthorizationFormConsent', 'Authorization Form Consent', '0cN', [
    name('Name'),
    field('AuthorizationFormTextId', 'Authorization Form Text ID', 'reference>AuthorizationFormText'),
    field('ConsentGiverId', 'Consent Giver ID', 'reference>Account,Contact,Individual,Lead,User', 'cu!'),
    field('PartyId', 'Party ID', 'reference>Individual', 'c!'),
    field('ConsentCapturedDateTime', 'Consent Captured Date Time', 'datetime'),
    field('ConsentCapturedSource', 'Consent Captured Source', 'string'),
    pick('ConsentCapturedSourceType', 'Consent Captured Source Type', ['Email', 'InPerson', 'MailingAddress', 'Phone', 'Social', 'Video', 'Web']),
    pick('Status', 'Status', ['Rejected', 'Seen', 'Signed']),
  ]),
];
