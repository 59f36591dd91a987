import type { PropertyDefinition, Stage } from './world.ts';

type Brief = [name: string, label: string, type?: string, more?: Partial<PropertyDefinition>];

/** A definition with HubSpot's defaults. */
export function define([name, label, type = 'string', more = {}]: Brief): PropertyDefinition {
  const fieldType = { number: 'number', bool: 'booleancheckbox', date: 'date', datetime: 'date', enumeration: 'select' }[type] ?? 'text';
  return {
    name,
    label,
    description: '',
    groupName: 'information',
    type,
    fieldType,
    options: [],
    readOnly: false,
    calculated: false,
    externalOptions: false,
    hidden: false,
    hubspotDefined: true,
    createdAt: 1_640_995_200_000,
    ...more,
  };
}

/** Currencies stay as they are. */
const labelOf = (value: string): string => (/^[A-Z]{3}$/.test(value) ? value : value.charAt(0) + value.slice(1).toLowerCase().replaceAll('_', ' '));
const choices = (...values: string[]): Partial<PropertyDefinition> => ({
  options: values.map((value, displayOrder) => ({ value, label: labelOf(value), displayOrder, hidden: false })),
});
const readOnly = { readOnly: true };
const SOURCES = choices('ORGANIC_SEARCH', 'PAID_SEARCH', 'EMAIL_MARKETING', 'SOCIAL_MEDIA', 'REFERRALS', 'DIRECT_TRAFFIC', 'OFFLINE');

const source: Brief[] = [
  ['hs_analytics_source', 'Original traffic source', 'enumeration', { ...SOURCES, ...readOnly }],
  ['hs_analytics_source_data_1', 'Original source drill-down 1', 'string', readOnly],
  ['hs_analytics_source_data_2', 'Original source drill-down 2', 'string', readOnly],
  ['hs_analytics_latest_source', 'Latest traffic source', 'enumeration', { ...SOURCES, ...readOnly }],
  ['hs_analytics_latest_source_data_1', 'Latest source drill-down 1', 'string', readOnly],
  ['hs_analytics_latest_source_data_2', 'Latest source drill-down 2', 'string', readOnly],
  ['hs_analytics_latest_source_timestamp', 'Latest traffic source date', 'datetime', readOnly],
  ['hs_analytics_first_timestamp', 'Time first seen', 'datetime', readOnly],
  ['utm_source', 'UTM source'],
  ['utm_medium', 'UTM medium'],
  ['utm_campaign', 'UTM campaign'],
];
const kept: Brief[] = [
  ['hs_object_id', 'Record ID', 'number', readOnly],
  ['createdate', 'Create date', 'datetime', readOnly],
  ['hubspot_owner_id', 'Owner', 'enumeration', { externalOptions: true }],
];
const changed: Brief = ['hs_lastmodifieddate', 'Last modified date', 'datetime', readOnly];

export function dealProperties(stages: Stage[]): PropertyDefinition[] {
  const briefs: Brief[] = [
    ['dealname', 'Deal name'],
    ['amount', 'Amount', 'number'],
    ['deal_currency_code', 'Currency', 'enumeration', choices('EUR', 'USD', 'GBP', 'CHF')],
    ['dealstage', 'Deal stage', 'enumeration', { externalOptions: true }],
    ['pipeline', 'Pipeline', 'enumeration', { externalOptions: true }],
    ['closedate', 'Close date', 'datetime'],
    ['dealtype', 'Deal type', 'enumeration', choices('newbusiness', 'existingbusiness')],
    ['description', 'Description', 'string', { fieldType: 'textarea' }],
    ['contract_term_months', 'Contract term (months)', 'number', { hubspotDefined: false }],
    ['billing_country', 'Billing country', 'string', { hubspotDefined: false }],
    ['hs_is_closed', 'Is closed', 'bool', { ...readOnly, calculated: true }],
    ['hs_forecast_internal', 'Forecast (internal)', 'number', { ...readOnly, hidden: true }],
    ...source,
    ...kept,
    changed,
    ...stages.map((stage): Brief => [`hs_v2_date_entered_${stage.id}`, `Date entered "${stage.label}"`, 'datetime', { ...readOnly, calculated: true, hidden: true }]),
  ];
  return briefs.map(define);
}

export const contactProperties = (): PropertyDefinition[] =>
  (
    [
      ['email', 'Email'],
      ['firstname', 'First name'],
      ['lastname', 'Last name'],
      ['jobtitle', 'Job title'],
      ['phone', 'Phone', 'phone_number'],
      ['company', 'Company name'],
      ['country', 'Country'],
      ['hs_language', 'Preferred language', 'enumeration', choices('en', 'de', 'fr', 'es')],
      ['lifecyclestage', 'Lifecycle stage', 'enumeration', choices('lead', 'opportunity', 'customer')],
      ['hs_email_optout', 'Unsubscribed from all email', 'bool', readOnly],
      ['lastmodifieddate', 'Last modified date', 'datetime', readOnly],
      ...source,
      ...kept,
    ] satisfies Brief[]
  ).map(define);

export const companyProperties = (): PropertyDefinition[] =>
  (
    [
      ['name', 'Company name'],
      ['domain', 'Domain'],
      ['city', 'City'],
      ['country', 'Country'],
      ['address', 'Street address'],
      ['zip', 'Postal code'],
      ['industry', 'Industry'],
      ['numberofemployees', 'Employees', 'number'],
      ...kept,
      changed,
    ] satisfies Brief[]
  ).map(define);

export const lineProperties = (): PropertyDefinition[] =>
  (
    [
      ['name', 'Name'],
      ['quantity', 'Quantity', 'number'],
      ['price', 'Unit price', 'number'],
      ['amount', 'Net price', 'number'],
      ['discount', 'Unit discount', 'number'],
      ['hs_sku', 'SKU'],
      ['recurringbillingfrequency', 'Billing frequency', 'enumeration', choices('monthly', 'annually')],
      ['hs_line_item_currency_code', 'Currency'],
      ...kept,
      changed,
    ] satisfies Brief[]
  ).map(define);

export const taskProperties = (): PropertyDefinition[] =>
  (
    [
      ['hs_task_subject', 'Task title'],
      ['hs_task_body', 'Notes'],
      ['hs_task_status', 'Status', 'enumeration', choices('NOT_STARTED', 'COMPLETED')],
      ['hs_task_type', 'Type', 'enumeration', choices('TODO', 'EMAIL', 'CALL')],
      ['hs_timestamp', 'Due date', 'datetime'],
      ...kept,
      changed,
    ] satisfies Brief[]
  ).map(define);
