import { salesforce } from '#connectors/salesforce/index';
import { createSalesforceSandbox, type SalesforceHandles } from '#connectors/salesforce/sandbox';
import type { RawDelivery } from '#ports/inbound';
import type { Sandbox } from '#ports/sandbox';
import { openPlace, type Opening, type Place } from './place.ts';
import type { TriedVendor } from './tried.ts';

const at = (place: Place) => place.sandbox as Sandbox & SalesforceHandles;
/** Of both record types of the seeded org. */
const STAGES = ['Needs Analysis', 'Negotiation/Review', 'Contract Sent', 'Closed Won'];
/** Those that are in one of these stages from the beginning come first. */
const DEALS = ['Harbour', 'Fjord', 'Paper', 'Brightwater', 'Nordlys', 'Sterling'];
const ORG = '00D5g000000ABCDEA4';
const USER = '0055g0000000001AAA';
/** As long as the product's own addresses are. */
const SECRET_PATH = '/hook/Zk3vXqJm9wT2bLr8nYc5dHf1gPs7uAe4';

async function open(more: Partial<Opening> = {}): Promise<Place> {
  const place = await openPlace({
    connector: salesforce,
    create: createSalesforceSandbox,
    signsWith: 'keys',
    hook: SECRET_PATH,
    consentForm: { action: '/services/oauth2/authorize', allow: { answer: 'allow' }, refuse: { answer: 'deny' } },
    ...more,
  });
  // Where messages go is part of what the org holds: an admin has written it there, and it outlives a restart.
  if (more.state === undefined) at(place).setOutbound(place.hookUrl);
  return place;
}

const ids = (place: Place, type: string): string[] =>
  at(place)
    .records(type)
    .map(({ id }) => id);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const stageOf = (place: Place, deal: string): string => text(at(place).field('Opportunity', deal, 'StageName'));

/** On its way round the stages, always to another one. */
function moveOn(place: Place, name: string): void {
  const { id } = at(place).opportunityNamed(name);
  at(place).move(id, STAGES[(STAGES.indexOf(stageOf(place, id)) + 1) % STAGES.length] ?? '');
}

const purposeOf = (place: Place, id: unknown): string => (typeof id === 'string' ? text(at(place).field('DataUsePurpose', id, 'Name')) : '');
/** What the org keeps of a contact's Individual. */
const statements = (place: Place, contact: string) => {
  const individual = at(place).field('Contact', contact, 'IndividualId');
  return individual === null
    ? []
    : at(place)
        .records('ContactPointTypeConsent')
        .filter(({ values }) => values.PartyId === individual);
};

/** A person of the org records it by hand. */
function add(place: Place, contact: string, fields: Record<string, string>): void {
  let individual = at(place).field('Contact', contact, 'IndividualId');
  if (individual === null) {
    individual = at(place).add('Individual', { LastName: 'By hand' });
    at(place).set('Contact', contact, { IndividualId: individual });
  }
  const DataUsePurposeId =
    at(place)
      .records('DataUsePurpose')
      .find(({ values }) => values.Name === 'Newsletter')?.id ?? null;
  const captured = { CaptureSource: 'A call', CaptureContactPointType: 'Phone', CaptureDate: new Date(place.clock.now() - 86_400_000).toISOString() };
  at(place).add('ContactPointTypeConsent', { Name: 'By hand', PartyId: individual, ContactPointType: 'Email', DataUsePurposeId, ...captured, ...fields });
}

export const triedSalesforce: TriedVendor = {
  connector: salesforce,
  open,
  revoke: (place) => at(place).revokeGrants(),
  guarded: { method: 'GET', path: '/services/data/v67.0/limits' },
  pages: ['/', '/opportunities', '/setup', '/campaigns'],
  // By method and path alone, as the port wants it.
  counts: /^[A-Z]+ \/\S+$/,
  // What it sends is XML; its messages and answers stand in its own tests, held against the vendor's descriptions.
  samples: true,
  webhooks: {
    body: 'xml',
    protection: {
      by: 'address',
      another: ORG,
      from(delivery, to) {
        const body = new TextDecoder().decode(delivery.body).replace(/(<OrganizationId>)[^<]*/, `$1${to}`);
        return { ...delivery, body: new TextEncoder().encode(body) };
      },
    },
    async happen(place) {
      // Two deals: what is told of one within a moment is told with what it holds at the end of it.
      moveOn(place, 'Harbour');
      moveOn(place, 'Fjord');
    },
    people: (place) =>
      ['Contact', 'User'].flatMap((type) =>
        at(place)
          .records(type)
          .flatMap(({ values }) => [text(values.LastName), text(values.Email)].filter(Boolean)),
      ),
  },
  crm: {
    prepares: false,
    deals: (place) => DEALS.map((name) => at(place).opportunityNamed(name).id),
    nobody: '0065g00000ZZZZZAAA',
    stages: STAGES,
    stage: stageOf,
    move: (place, deal, stage) => at(place).move(deal, stage),
    text: 'Esign_Reason__c',
    other: 'Esign_Template__c',
    once: 'Esign_First_Touch_Source__c',
    unknown: 'No_Such_Field__c',
    value: (place, deal, field) => text(at(place).field('Opportunity', deal, field)) || null,
    tasks: (place, deal) =>
      at(place)
        .records('Task')
        .filter(({ values }) => values.WhatId === deal).length,
  },
  lists: {
    contacts: (place) => ids(place, 'Contact'),
    memberOf: (contact) => ({ contact, email: null }),
    nobody: { contact: '0035g00000ZZZZZAAA', email: null },
    members(place, list) {
      const campaigns = at(place)
        .records('Campaign')
        .flatMap(({ id, values }) => (values.Name === list ? [id] : []));
      return at(place)
        .records('CampaignMember')
        .flatMap(({ values }) => (campaigns.includes(text(values.CampaignId)) ? [text(values.ContactId)] : []));
    },
  },
  events: {
    name: 'envelope.completed',
    refused: [],
    member: { contact: '0035g00000ABCDEAA4', email: null },
    data: { envelope: 'env_1', status: 'completed' },
    once: false,
    told: (place) => ids(place, 'Envelope_Event__e').length,
  },
  consents: {
    people(place) {
      const seeded = at(place)
        .records('Contact')
        .filter(({ values }) => text(values.Email) !== '');
      // A dozen more, for the org's own are few.
      const more = Array.from({ length: 12 }, (_, index) => {
        const email = `consent-${index}@example.com`;
        return { contact: at(place).add('Contact', { FirstName: 'Consent', LastName: `@{Number ${index}}`, Email: email }), email };
      });
      return [...seeded.map(({ id, values }) => ({ contact: id, email: text(values.Email) })), ...more];
    },
    nobody: '0035g00000ZZZZZAAA',
    topic: { type: 'marketing', purpose: 'newsletter', channel: 'email' },
    // The package's own object keeps what Salesforce has no place for.
    placeless: [],
    stands(place, { contact }) {
      const [said] = statements(place, contact).filter(({ values }) => purposeOf(place, values.DataUsePurposeId) === 'Newsletter');
      return said === undefined ? 'unsaid' : said.values.PrivacyConsentStatus === 'OptOut' ? 'out' : 'in';
    },
    object(place, { contact }, { purpose }) {
      if (purpose === null) {
        at(place).set('Contact', contact, { HasOptedOutOfEmail: true });
        add(place, contact, { PrivacyConsentStatus: 'OptOut' });
        return;
      }
      const [known] = statements(place, contact);
      // As a person does it in the org, who leaves the rest of the record as it was.
      if (known) at(place).set('ContactPointTypeConsent', known.id, { PrivacyConsentStatus: 'OptOut' });
      else add(place, contact, { PrivacyConsentStatus: 'OptOut' });
    },
    records: (place) => ['Individual', 'ContactPointTypeConsent', 'CommSubscriptionConsent', 'Consent_Record__c'].reduce((sum, type) => sum + ids(place, type).length, 0),
    recordsOf: (place, { contact }) => statements(place, contact).length,
  },
  card: {
    request: (place, who): RawDelivery => ({
      method: 'GET',
      url: 'https://connector.example.com/cards/salesforce/deals/1',
      headers: { 'x-countersign-key': place.secrets[0]?.reveal() ?? '', ...(who && { 'x-countersign-org': who.account, 'x-countersign-user': who.user }) },
      body: new Uint8Array(),
    }),
    who: { account: ORG, user: USER },
    another: '00D5g000000ABCEEA4',
    names: ['x-countersign-org', 'x-countersign-user'],
    // The key of an install stands for its org until the admin changes it.
    expires: false,
    twice: (delivery) => ({ ...delivery, headers: Object.fromEntries(Object.entries(delivery.headers).map(([name, value]) => [name, `${value}, ${value}`])) }),
    withAddress: (delivery, address) => ({ ...delivery, headers: { ...delivery.headers, 'x-countersign-email': address, 'x-user-email': address } }),
  },
};
