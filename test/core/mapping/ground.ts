import { ENVELOPE_STATUSES } from '#core/envelope';
import type { EnvelopeView } from '#core/plan';
import type { Contact, CrmSchema, FieldInfo, FieldType, Snapshot, Template } from '#core/records';

const field = (name: string, type: FieldType = 'text', more: Partial<FieldInfo> = {}): FieldInfo => ({ name, label: name, type, writable: true, ...more });
const read = (name: string, type: FieldType = 'text'): FieldInfo => field(name, type, { writable: false });
const texts = (...names: string[]): FieldInfo[] => names.map((name) => field(name));
const times = (...names: string[]): FieldInfo[] => names.map((name) => field(name, 'datetime'));

const statuses = [...ENVELOPE_STATUSES, 'blocked'];
const source: FieldInfo[] = [read('hs_analytics_source'), read('hs_analytics_source_data_2')];

/** An account as the shipped mappings expect it: standard fields and those that the product makes. */
export const schema: CrmSchema = {
  readAt: 0,
  contactLabels: ['Signer', 'Decision maker'],
  pipelines: [
    {
      id: 'default',
      label: 'Sales pipeline',
      stages: [
        { id: 'qualified', label: 'Qualified', order: 0, closed: false },
        { id: 'contractsent', label: 'Contract sent', order: 1, closed: false },
        { id: 'closedwon', label: 'Closed won', order: 2, closed: true },
      ],
    },
    { id: 'renewals', label: 'Renewals', stages: [{ id: 'renewal-sent', label: 'Contract sent', order: 0, closed: false }] },
  ],
  fields: {
    deal: [
      ...texts('dealname', 'description', 'billing_country'),
      field('amount', 'number'),
      field('deal_currency_code', 'choice', { options: ['EUR', 'USD'] }),
      field('dealstage', 'choice'),
      field('closedate', 'datetime'),
      field('is_renewal', 'bool'),
      ...source,
      read('hs_analytics_latest_source'),
      read('hs_analytics_latest_source_data_2'),
      read('hs_analytics_latest_source_timestamp', 'datetime'),
      field('esign_status', 'choice', { options: statuses }),
      ...texts('esign_envelope_id', 'esign_envelope_url', 'esign_template', 'esign_waiting_for', 'esign_reason'),
      field('esign_signed_count', 'number'),
      ...times('esign_sent_at', 'esign_viewed_at', 'esign_completed_at', 'esign_closed_at', 'esign_expires_at'),
      ...texts('esign_first_touch_source', 'esign_first_touch_campaign', 'esign_last_touch_source', 'esign_last_touch_campaign'),
      ...times('esign_first_touch_at', 'esign_last_touch_at'),
    ],
    contact: [
      ...texts('firstname', 'lastname', 'email', 'country'),
      ...source,
      read('hs_analytics_first_timestamp', 'datetime'),
      field('esign_journey', 'choice', { options: ['sent', 'viewed', 'signed', 'declined', 'expired', 'voided'] }),
      field('esign_last_status', 'choice', { options: statuses }),
      field('esign_last_envelope_id'),
      ...times('esign_last_change_at'),
      field('esign_consent_status', 'choice', { options: ['granted', 'declined', 'withdrawn'] }),
      ...texts('esign_consent_scope', 'esign_consent_region', 'esign_consent_version', 'esign_consent_evidence_uri'),
    ],
    company: texts('name', 'country'),
    line: [field('name'), field('quantity', 'number'), field('price', 'number')],
  },
};

const filled = (role: string, ...labels: string[]): Template['fields'] => labels.map((label) => ({ role, label }));
export const templates: Template[] = [
  {
    id: 'tpl-order',
    name: 'Order form',
    roles: [
      { name: 'Customer', order: 1 },
      { name: 'Countersigner', order: 2 },
    ],
    fields: [...filled('Customer', 'DealName', 'Company', 'ContactName', 'Amount', 'Currency', 'LineItems', 'StartDate'), ...filled('Countersigner', 'OwnerName')],
  },
  {
    id: 'tpl-msa',
    name: 'Master services agreement',
    roles: [
      { name: 'Customer', order: 1 },
      { name: 'Legal', order: 2 },
      { name: 'Countersigner', order: 3 },
    ],
    fields: [...filled('Customer', 'DealName', 'Company', 'ContactName', 'Amount', 'Currency', 'StartDate'), ...filled('Countersigner', 'OwnerName')],
  },
  { id: 'tpl-nda', name: 'NDA', roles: [{ name: 'Customer', order: 1 }], fields: filled('Customer', 'DealName', 'Company', 'ContactName', 'StartDate') },
];

const contact = (id: string, firstname: string, lastname: string, labels: string[], primary: boolean): Contact => ({
  id,
  labels,
  primary,
  fields: {
    firstname,
    lastname,
    email: `${firstname}.${lastname}@customer.example.com`.toLowerCase(),
    country: 'Norway',
    hs_analytics_source: 'REFERRALS',
    hs_analytics_first_timestamp: '2026-01-05T08:00:00Z',
  },
});

/** A deal that the shipped mapping sends without a question. */
export const snapshot: Snapshot = {
  deal: {
    id: '9001',
    name: 'Harbour Coffee: subscription',
    pipeline: 'default',
    stage: 'contractsent',
    enteredAt: 1_772_000_000_000,
    url: 'https://crm.example.com/deals/9001',
    fields: {
      dealname: 'Harbour Coffee: subscription',
      amount: 14400,
      deal_currency_code: 'EUR',
      closedate: '2026-04-01T00:00:00Z',
      hs_analytics_source: 'PAID_SEARCH',
      hs_analytics_source_data_2: 'spring-launch',
      hs_analytics_latest_source: 'EMAIL_MARKETING',
      hs_analytics_latest_source_timestamp: '2026-02-20T10:00:00Z',
    },
  },
  contacts: [contact('31', 'Jonas', 'Feld', ['Decision maker'], true), contact('32', 'Ada', 'Lovelace', ['Signer'], false)],
  company: { id: '51', fields: { name: 'Harbour Coffee', country: 'Norway' } },
  lines: [
    { id: '71', fields: { name: 'Team plan, yearly', quantity: 12, price: 900 } },
    { id: '72', fields: { name: 'Onboarding', quantity: 1, price: 3600 } },
  ],
  owner: { id: '70001', name: 'Sam Rivera', email: 'sam.rivera@example.com' },
  readAt: 1_772_000_100_000,
};

/** An envelope that everybody has signed. */
export const view: EnvelopeView = {
  id: 'env_1',
  deal: '9001',
  company: '51',
  status: 'completed',
  rule: 'contract-sent',
  template: 'Order form',
  provider: 'sign',
  url: 'https://countersign.example.com/envelopes/env_1',
  requestedAt: '2026-03-01T09:00:00.000Z',
  sentAt: '2026-03-01T09:00:01.000Z',
  viewedAt: '2026-03-01T10:00:00.000Z',
  completedAt: '2026-03-02T12:00:00.000Z',
  closedAt: '2026-03-02T12:00:00.000Z',
  expiresAt: '2026-03-31T09:00:01.000Z',
  recipients: [
    { role: 'Customer', order: 1, status: 'signed', contact: '32', lead: null, signedAt: '2026-03-01T10:05:00.000Z' },
    { role: 'Countersigner', order: 2, status: 'signed', contact: null, lead: null, signedAt: '2026-03-02T12:00:00.000Z' },
  ],
  waitingFor: [],
  reason: '',
  attribution: { first_source: 'PAID_SEARCH', first_campaign: 'spring-launch', first_at: '2026-01-05T08:00:00Z', last_source: 'EMAIL_MARKETING' },
};
