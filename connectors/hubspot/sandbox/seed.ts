import type { Item, Kind, LinkType, Stage, World } from './world.ts';
import { DEAL_LINK } from './world.ts';
import { companyProperties, contactProperties, dealProperties, lineProperties, taskProperties } from './properties.ts';

const DAY_MS = 86_400_000;
const STAGES: Stage[] = [
  { id: 'qualified', label: 'Qualified', closed: false, probability: '0.2' },
  { id: 'proposal', label: 'Proposal', closed: false, probability: '0.5' },
  { id: 'contractsent', label: 'Contract sent', closed: false, probability: '0.9' },
  { id: 'closedwon', label: 'Closed won', closed: true, probability: '1.0' },
  { id: 'closedlost', label: 'Closed lost', closed: true, probability: '0.0' },
];
const LABELS: LinkType[] = [
  { category: 'USER_DEFINED', typeId: 101, label: 'Signer' },
  { category: 'USER_DEFINED', typeId: 103, label: 'Decision maker' },
];

type Person = [first: string, last: string, title: string, label?: 'Signer' | 'Decision maker', noEmail?: 'no e-mail'];
interface Story {
  deal: string;
  stage: string;
  amount: number;
  currency: string;
  company: [name: string, domain: string, city: string, country: string];
  people: Person[];
  lines: [name: string, quantity: number, price: number][];
  touch: [source: string, detail: string, campaign: string];
  term: number;
}

const STORIES: Story[] = [
  {
    deal: 'Harbour Coffee: subscription',
    stage: 'proposal',
    amount: 14400,
    currency: 'EUR',
    company: ['Harbour Coffee', 'harbour.example.com', 'Hamburg', 'Germany'],
    people: [
      ['Mara', 'Lindqvist', 'Managing director', 'Signer'],
      ['Jonas', 'Feld', 'Head of purchasing', 'Decision maker'],
    ],
    lines: [
      ['Team plan, yearly', 12, 900],
      ['Onboarding', 1, 3600],
    ],
    touch: ['PAID_SEARCH', 'google', 'spring-launch'],
    term: 12,
  },
  {
    deal: 'Brightwater Clinics: rollout',
    stage: 'proposal',
    amount: 86000,
    currency: 'EUR',
    company: ['Brightwater Clinics', 'brightwater.example.com', 'Zurich', 'Switzerland'],
    people: [
      ['Elena', 'Rossi', 'Chief operating officer', 'Signer'],
      ['David', 'Okafor', 'Head of IT', 'Decision maker'],
      ['Ines', 'Carvalho', 'Legal counsel'],
    ],
    lines: [
      ['Enterprise plan, yearly', 80, 950],
      ['Single sign-on', 1, 10000],
    ],
    touch: ['ORGANIC_SEARCH', 'electronic signature clinic', ''],
    term: 36,
  },
  {
    deal: 'Nordlys Studio: pilot',
    stage: 'qualified',
    amount: 2900,
    currency: 'EUR',
    company: ['Nordlys Studio', 'nordlys.example.com', 'Oslo', 'Norway'],
    people: [['Sigrid', 'Moen', 'Founder', 'Signer']],
    lines: [['Pilot, three months', 1, 2900]],
    touch: ['SOCIAL_MEDIA', 'linkedin', 'founders-series'],
    term: 3,
  },
  {
    deal: 'Paper Lantern: renewal',
    stage: 'proposal',
    amount: 21000,
    currency: 'USD',
    company: ['Paper Lantern', 'paperlantern.example.com', 'Portland', 'United States'],
    people: [['Amelia', 'Chen', 'VP operations', 'Signer', 'no e-mail']],
    lines: [['Team plan, yearly', 20, 1050]],
    touch: ['EMAIL_MARKETING', 'newsletter', 'renewals-q2'],
    term: 12,
  },
  {
    deal: 'Kestrel Logistics: fleet contracts',
    stage: 'qualified',
    amount: 54000,
    currency: 'GBP',
    company: ['Kestrel Logistics', 'kestrel.example.com', 'Leeds', 'United Kingdom'],
    people: [
      ['Tom', 'Ashworth', 'Finance director', 'Signer'],
      ['Priya', 'Nair', 'Fleet manager'],
    ],
    lines: [['Enterprise plan, yearly', 60, 900]],
    touch: ['REFERRALS', 'partner.example.com', 'partner-programme'],
    term: 24,
  },
  {
    deal: 'Olive & Thyme: franchise papers',
    stage: 'qualified',
    amount: 7800,
    currency: 'EUR',
    company: ['Olive & Thyme', 'olivethyme.example.com', 'Lyon', 'France'],
    people: [['Camille', 'Durand', 'Owner', 'Signer']],
    lines: [['Team plan, yearly', 6, 1300]],
    touch: ['DIRECT_TRAFFIC', '', ''],
    term: 12,
  },
  {
    deal: 'Sterling Robotics: framework',
    stage: 'proposal',
    amount: 132000,
    currency: 'EUR',
    company: ['Sterling Robotics', 'sterling.example.com', 'Eindhoven', 'Netherlands'],
    people: [
      ['Pieter', 'de Vries', 'Chief executive', 'Signer'],
      ['Lotte', 'Bakker', 'General counsel', 'Signer'],
    ],
    lines: [
      ['Enterprise plan, yearly', 110, 1000],
      ['Premium support', 1, 22000],
    ],
    touch: ['PAID_SEARCH', 'bing', 'enterprise-always-on'],
    term: 36,
  },
  {
    deal: 'Fjord Films: annual plan',
    stage: 'closedwon',
    amount: 5200,
    currency: 'EUR',
    company: ['Fjord Films', 'fjordfilms.example.com', 'Bergen', 'Norway'],
    people: [['Henrik', 'Sand', 'Producer', 'Signer']],
    lines: [['Team plan, yearly', 4, 1300]],
    touch: ['ORGANIC_SEARCH', 'sign contracts online', ''],
    term: 12,
  },
  {
    deal: 'Copper Kettle: trial',
    stage: 'closedlost',
    amount: 1900,
    currency: 'GBP',
    company: ['Copper Kettle', 'copperkettle.example.com', 'Bristol', 'United Kingdom'],
    people: [['Ruth', 'Graham', 'Manager']],
    lines: [['Pilot, three months', 1, 1900]],
    touch: ['OFFLINE', 'trade fair', 'spring-fair'],
    term: 3,
  },
  {
    deal: 'Meadow Energy: supplier onboarding',
    stage: 'qualified',
    amount: 33500,
    currency: 'EUR',
    company: ['Meadow Energy', 'meadow.example.com', 'Vienna', 'Austria'],
    people: [
      ['Anton', 'Gruber', 'Procurement lead', 'Decision maker'],
      ['Klara', 'Winter', 'Managing director', 'Signer'],
    ],
    lines: [
      ['Enterprise plan, yearly', 35, 900],
      ['Onboarding', 1, 2000],
    ],
    touch: ['EMAIL_MARKETING', 'webinar follow-up', 'energy-webinar'],
    term: 24,
  },
  {
    deal: 'Lumen Architects: team plan',
    stage: 'proposal',
    amount: 9100,
    currency: 'CHF',
    company: ['Lumen Architects', 'lumen.example.com', 'Basel', 'Switzerland'],
    people: [['Nora', 'Keller', 'Partner', 'Signer']],
    lines: [['Team plan, yearly', 7, 1300]],
    touch: ['SOCIAL_MEDIA', 'instagram', 'design-week'],
    term: 12,
  },
  {
    deal: 'Quayside Insurance: broker agreements',
    stage: 'qualified',
    amount: 47000,
    currency: 'GBP',
    company: ['Quayside Insurance', 'quayside.example.com', 'Newcastle', 'United Kingdom'],
    people: [],
    lines: [['Enterprise plan, yearly', 50, 940]],
    touch: ['REFERRALS', 'review site', ''],
    term: 24,
  },
];

/** An account as a small company would have it. `now` dates it; the same `now` and `portalId` make the same account. */
export function seedWorld(now: number, portalId: number, accountType: string): World {
  const world: World = {
    portalId,
    accountType,
    domain: 'northwind-software.example.com',
    timeZone: 'Europe/Berlin',
    currency: 'EUR',
    nextId: 9_000_001,
    objects: { deals: {}, contacts: {}, companies: {}, line_items: {}, tasks: {} },
    links: [],
    properties: {
      deals: byName(dealProperties(STAGES)),
      contacts: byName(contactProperties()),
      companies: byName(companyProperties()),
      line_items: byName(lineProperties()),
      tasks: byName(taskProperties()),
    },
    groups: {
      deals: { information: 'Information' },
      contacts: { information: 'Information' },
      companies: { information: 'Information' },
      line_items: { information: 'Information' },
      tasks: { information: 'Information' },
    },
    pipeline: { id: 'default', label: 'Sales pipeline', stages: STAGES },
    labels: LABELS,
    owners: [
      { id: '70001', userId: 501, firstName: 'Sam', lastName: 'Rivera', email: 'sam.rivera@example.com' },
      { id: '70002', userId: 502, firstName: 'Alex', lastName: 'Novak', email: 'alex.novak@example.com' },
    ],
    lists: {},
    grant: null,
    codes: {},
    tokens: {},
    eventId: 100_000,
  };
  STORIES.forEach((story, index) => plant(world, story, index, now));
  // A stage that is renamed in one account is not renamed in others.
  return structuredClone(world);
}

const byName = <T extends { name: string }>(items: T[]): Record<string, T> => Object.fromEntries(items.map((item) => [item.name, item]));

function plant(world: World, story: Story, index: number, now: number): void {
  const createdAt = now - (40 - index * 3) * DAY_MS;
  const enteredAt = createdAt + 2 * DAY_MS;
  const add = (kind: Kind, properties: Record<string, string | null>): string => {
    const id = String(world.nextId++);
    world.objects[kind][id] = item(id, createdAt, properties);
    return id;
  };
  const [source, detail, campaign] = story.touch;
  const touch = {
    hs_analytics_source: source,
    hs_analytics_source_data_1: detail,
    hs_analytics_source_data_2: campaign,
    hs_analytics_latest_source: 'EMAIL_MARKETING',
    hs_analytics_latest_source_data_1: 'newsletter',
    hs_analytics_latest_source_data_2: 'autumn-offers',
    hs_analytics_latest_source_timestamp: iso(enteredAt),
    hs_analytics_first_timestamp: iso(createdAt - 20 * DAY_MS),
    utm_source: detail,
    utm_medium: source === 'PAID_SEARCH' ? 'cpc' : source === 'EMAIL_MARKETING' ? 'email' : '',
    utm_campaign: campaign,
  };
  const owner = world.owners[index % world.owners.length]?.id ?? '';
  const deal = add('deals', {
    dealname: story.deal,
    amount: String(story.amount),
    deal_currency_code: story.currency,
    dealstage: story.stage,
    pipeline: 'default',
    closedate: iso(now + 20 * DAY_MS),
    dealtype: 'newbusiness',
    contract_term_months: String(story.term),
    billing_country: story.company[3],
    hubspot_owner_id: owner,
    [`hs_v2_date_entered_${story.stage}`]: iso(enteredAt),
    ...touch,
  });
  const [name, domain, city, country] = story.company;
  const company = add('companies', { name, domain, city, country, hubspot_owner_id: owner });
  world.links.push({ deal, kind: 'companies', id: company, types: [{ category: 'HUBSPOT_DEFINED', typeId: 5, label: 'Primary' }, plainLink('companies')] });
  for (const [firstname, lastname, jobtitle, label, noEmail] of story.people) {
    const email = noEmail ? null : `${firstname}.${lastname}@${domain}`.toLowerCase().replaceAll(' ', '-');
    const contact = add('contacts', { firstname, lastname, jobtitle, email, country, hs_language: 'en', lifecyclestage: 'opportunity', hubspot_owner_id: owner, ...touch });
    world.links.push({ deal, kind: 'contacts', id: contact, types: [plainLink('contacts'), ...world.labels.filter((known) => known.label === label)] });
  }
  for (const [line, quantity, price] of story.lines) {
    const id = add('line_items', { name: line, quantity: String(quantity), price: String(price), amount: String(quantity * price), hs_line_item_currency_code: story.currency });
    world.links.push({ deal, kind: 'line_items', id, types: [plainLink('line_items')] });
  }
}

export const plainLink = (kind: Exclude<Kind, 'deals'>): LinkType => ({ category: 'HUBSPOT_DEFINED', typeId: DEAL_LINK[kind], label: null });
const iso = (time: number): string => new Date(time).toISOString();
const item = (id: string, createdAt: number, properties: Item['properties']): Item => ({ id, createdAt, updatedAt: createdAt, properties, history: [], indexed: null });
