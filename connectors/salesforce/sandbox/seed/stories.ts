export type Person = [first: string, last: string, title: string, role?: 'Signer' | 'Decision Maker' | 'Business User', noEmail?: 'no e-mail'];
export interface Story {
  name: string;
  stage: string;
  amount: number;
  currency: string;
  recordType: 'New_Business' | 'Renewal';
  account: [name: string, domain: string, city: string, country: string, industry: string];
  people: Person[];
  lines: [name: string, quantity: number, price: number][];
  source: string;
  utm: [source: string, medium: string, campaign: string];
  months: number;
}

/** The same small company's customers as elsewhere in the world, as far as they buy through this org. */
export const STORIES: Story[] = [
  {
    name: 'Harbour Coffee: subscription',
    stage: 'Negotiation/Review',
    amount: 14_400,
    currency: 'EUR',
    recordType: 'New_Business',
    account: ['Harbour Coffee', 'harbour.example.com', 'Hamburg', 'Germany', 'Food & Beverage'],
    people: [
      ['Mara', 'Lindqvist', 'Managing director', 'Signer'],
      ['Jonas', 'Feld', 'Head of purchasing', 'Decision Maker'],
    ],
    lines: [
      ['Team plan, yearly', 12, 900],
      ['Onboarding', 1, 3600],
    ],
    source: 'Paid Search',
    utm: ['google', 'cpc', 'spring-launch'],
    months: 12,
  },
  {
    name: 'Brightwater Clinics: rollout',
    stage: 'Proposal/Price Quote',
    amount: 86_000,
    currency: 'EUR',
    recordType: 'New_Business',
    account: ['Brightwater Clinics', 'brightwater.example.com', 'Zurich', 'Switzerland', 'Healthcare'],
    people: [
      ['Elena', 'Rossi', 'Chief operating officer', 'Signer'],
      ['David', 'Okafor', 'Head of IT', 'Decision Maker'],
      ['Ines', 'Carvalho', 'Legal counsel', 'Business User'],
    ],
    lines: [
      ['Enterprise plan, yearly', 80, 950],
      ['Single sign-on', 1, 10_000],
    ],
    source: 'Web',
    utm: ['search', 'organic', ''],
    months: 36,
  },
  {
    name: 'Nordlys Studio: pilot',
    stage: 'Qualification',
    amount: 2900,
    currency: 'EUR',
    recordType: 'New_Business',
    account: ['Nordlys Studio', 'nordlys.example.com', 'Oslo', 'Norway', 'Media'],
    people: [['Sigrid', 'Moen', 'Founder', 'Signer']],
    lines: [['Pilot, three months', 1, 2900]],
    source: 'Social',
    utm: ['linkedin', 'social', 'founders-series'],
    months: 3,
  },
  {
    name: 'Paper Lantern: renewal',
    stage: 'Negotiation/Review',
    amount: 21_000,
    currency: 'USD',
    recordType: 'Renewal',
    account: ['Paper Lantern', 'paperlantern.example.com', 'Portland', 'United States', 'Media'],
    people: [['Amelia', 'Chen', 'VP operations', 'Signer', 'no e-mail']],
    lines: [['Team plan, yearly', 20, 1050]],
    source: 'Email',
    utm: ['newsletter', 'email', 'renewals-q2'],
    months: 12,
  },
  {
    name: 'Sterling Robotics: framework',
    stage: 'Proposal/Price Quote',
    amount: 132_000,
    currency: 'EUR',
    recordType: 'New_Business',
    account: ['Sterling Robotics', 'sterling.example.com', 'Eindhoven', 'Netherlands', 'Consulting'],
    people: [
      ['Pieter', 'de Vries', 'Chief executive', 'Signer'],
      ['Lotte', 'Bakker', 'General counsel', 'Signer'],
    ],
    lines: [
      ['Enterprise plan, yearly', 110, 1000],
      ['Premium support', 1, 22_000],
    ],
    source: 'Paid Search',
    utm: ['bing', 'cpc', 'enterprise-always-on'],
    months: 36,
  },
  {
    name: 'Fjord Films: annual plan',
    stage: 'Closed Won',
    amount: 5200,
    currency: 'EUR',
    recordType: 'New_Business',
    account: ['Fjord Films', 'fjordfilms.example.com', 'Bergen', 'Norway', 'Media'],
    people: [['Henrik', 'Sand', 'Producer', 'Signer']],
    lines: [['Team plan, yearly', 4, 1300]],
    source: 'Web',
    utm: ['search', 'organic', ''],
    months: 12,
  },
];

/** A standard org's stages, and `Contract Sent`, which this org's admin put between. */
export const STAGES: [name: string, probability: number, forecast: string, kind?: 'won' | 'lost'][] = [
  ['Prospecting', 10, 'Pipeline'],
  ['Qualification', 10, 'Pipeline'],
  ['Needs Analysis', 20, 'Pipeline'],
  ['Value Proposition', 50, 'Pipeline'],
  ['Id. Decision Makers', 60, 'Pipeline'],
  ['Perception Analysis', 70, 'Pipeline'],
  ['Proposal/Price Quote', 75, 'Pipeline'],
  ['Negotiation/Review', 90, 'Best Case'],
  ['Contract Sent', 95, 'Commit'],
  ['Closed Won', 100, 'Closed', 'won'],
  ['Closed Lost', 0, 'Omitted', 'lost'],
];
/** Renewals need no long courtship. */
export const RENEWAL_STAGES = ['Needs Analysis', 'Negotiation/Review', 'Contract Sent', 'Closed Won', 'Closed Lost'];

export const USERS: [first: string, last: string, title: string][] = [
  ['Sam', 'Rivera', 'Sales operations'],
  ['Alex', 'Novak', 'Account executive'],
  ['Countersign', 'Integration', 'Integration user'],
];
/** Who holds which of the package's permission sets, in the order of the users. */
export const PERMISSION_SETS = ['Countersign_Admin', 'Countersign_Sender', 'Countersign_Integration'];
