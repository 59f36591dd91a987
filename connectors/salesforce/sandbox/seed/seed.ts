import { seededRandom } from '#lib/random';
import type { Clock } from '#lib/clock';
import { createChangeEvents } from '../change-events.ts';
import { idOf } from '../org/ids.ts';
import type { Values } from '../org/metadata.ts';
import { dateOf, stamp } from '../org/moments.ts';
import { createOrg, type Org } from '../org/org.ts';
import type { OrgState } from '../org/state.ts';
import { PERMISSION_SETS, RENEWAL_STAGES, STAGES, STORIES, USERS, type Story } from './stories.ts';

const DAY_MS = 86_400_000;
export type Edition = 'developer' | 'professional' | 'enterprise' | 'unlimited';
/** Calls a day of an org with as many people as this one has. */
const LIMITS: Record<Edition, number> = { developer: 15_000, professional: 103_000, enterprise: 103_000, unlimited: 115_000 };
const FULL_SANDBOX = 5_000_000;
const TYPES: Record<Edition, string> = { developer: 'Developer Edition', professional: 'Professional Edition', enterprise: 'Enterprise Edition', unlimited: 'Unlimited Edition' };

export interface Kind {
  orgType: 'production' | 'sandbox';
  edition: Edition;
  orgId?: string;
  multiCurrency: boolean;
}

/** An org as a small company would have it. `clock` dates it; the same moment makes the same org. */
export function seedOrg(clock: Clock, kind: Kind): OrgState {
  const sandbox = kind.orgType === 'sandbox';
  const state: OrgState = {
    orgId: kind.orgId ?? idOf('00D', sandbox ? 7_310_442 : 4_242_001),
    isSandbox: sandbox,
    multiCurrency: kind.multiCurrency,
    instance: '',
    nextId: 1000,
    commits: 0,
    rows: {},
    package: { installed: true, namespace: null },
    fields: {},
    rule: null,
    stagesOf: {},
    grants: {},
    codes: {},
    sessions: {},
    outbound: null,
    cardKey: null,
    usage: { limit: sandbox ? FULL_SANDBOX : LIMITS[kind.edition], hours: {} },
    jobs: {},
    notifications: 0,
    events: { head: 0, retained: [] },
  };
  // What happened before the story begins was heard by nobody.
  const org = createOrg({ state, clock, random: seededRandom(1), events: createChangeEvents(clock), committed: () => undefined });
  org.troubles.commitLagMs = 60 * DAY_MS;
  const owners = setUp(org, TYPES[kind.edition]);
  const products = catalogue(org);
  STORIES.forEach((story, index) => {
    org.troubles.commitLagMs = (40 - index * 5) * DAY_MS;
    plant(org, story, owners[index % 2] ?? '', products);
  });
  org.troubles.commitLagMs = 2 * DAY_MS;
  campaign(org);
  privacy(org);
  return state;
}

/** The org, its people, stages and record types. */
function setUp(org: Org, edition: string): string[] {
  const { state } = org;
  return org.write({ userId: '', origin: '', schema: org.schema() }, (tx) => {
    const about = { Name: 'Northwind Software', IsSandbox: state.isSandbox, InstanceName: state.isSandbox ? 'DEU1S' : 'DEU44', NamespacePrefix: null, OrganizationType: edition };
    const row = tx.create('Organization', { ...about, LanguageLocaleKey: 'en_GB', TimeZoneSidKey: 'Europe/Berlin', Country: 'Germany' });
    // The org's id is older than its records.
    state.rows.Organization = { [state.orgId]: { ...row, id: state.orgId, values: { ...row.values, Id: state.orgId } } };
    const owners = USERS.map(([FirstName, LastName, Title], at) => {
      const Email = `${FirstName}.${LastName}@example.com`.toLowerCase();
      const person = { Username: `${Email}.northwind`, FirstName, LastName, Name: `${FirstName} ${LastName}`, Email, Title, IsActive: true };
      const user = tx.create('User', { ...person, TimeZoneSidKey: 'Europe/Berlin', LanguageLocaleKey: 'en_GB' }).id;
      const set = tx.create('PermissionSet', { Name: PERMISSION_SETS[at] ?? '', Label: (PERMISSION_SETS[at] ?? '').replace('_', ' '), IsOwnedByProfile: false });
      tx.create('PermissionSetAssignment', { PermissionSetId: set.id, AssigneeId: user, IsActive: true });
      return user;
    });
    STAGES.forEach(([ApiName, DefaultProbability, forecast, end], at) => {
      const closed = { IsActive: true, IsClosed: end !== undefined, IsWon: end === 'won' };
      tx.create('OpportunityStage', {
        ApiName,
        MasterLabel: ApiName,
        SortOrder: at + 1,
        DefaultProbability,
        ForecastCategory: forecast.replace(' ', ''),
        ForecastCategoryName: forecast,
        ...closed,
      });
    });
    const recordType = (Name: string, DeveloperName: string) => tx.create('RecordType', { Name, DeveloperName, SobjectType: 'Opportunity', IsActive: true }).id;
    state.stagesOf[recordType('New business', 'New_Business')] = STAGES.map(([name]) => name);
    state.stagesOf[recordType('Renewal', 'Renewal')] = [...RENEWAL_STAGES];
    return owners;
  });
}

function catalogue(org: Org): Map<string, string> {
  const names = [...new Set(STORIES.flatMap(({ lines }) => lines.map(([name]) => name)))];
  return new Map(
    names.map((name, at) => [
      name,
      insert(org, 'Product2', { Name: name, ProductCode: `NW-${100 + at}`, IsActive: true, Family: name.includes('plan') ? 'Subscription' : 'Service' }),
    ]),
  );
}

function plant(org: Org, story: Story, OwnerId: string, products: Map<string, string>): void {
  const now = org.clock.now();
  const [name, domain, city, country, industry] = story.account;
  const account = insert(org, 'Account', { Name: name, Website: `https://${domain}`, BillingCity: city, BillingCountry: country, Industry: industry, OwnerId });
  const [source, medium, campaign] = story.utm;
  const touches: Values = {
    UTM_Source__c: source,
    UTM_Medium__c: medium,
    UTM_Campaign__c: campaign,
    First_Touch_Date__c: stamp(now - 60 * DAY_MS),
    Latest_UTM_Source__c: 'newsletter',
    Latest_UTM_Campaign__c: 'autumn-offers',
    Latest_Touch_Date__c: stamp(now - 10 * DAY_MS),
  };
  const recordType = org.store.all('RecordType').find(({ values }) => values.DeveloperName === story.recordType)?.id ?? null;
  const opportunity = insert(org, 'Opportunity', {
    Name: story.name,
    AccountId: account,
    RecordTypeId: recordType,
    StageName: story.stage,
    Amount: story.amount,
    ...(org.state.multiCurrency && { CurrencyIsoCode: story.currency }),
    CloseDate: dateOf(now + 20 * DAY_MS),
    Type: story.recordType === 'Renewal' ? 'Existing Customer - Renewal' : 'New Customer',
    LeadSource: story.source,
    Contract_Term_Months__c: story.months,
    OwnerId,
    ...touches,
  });
  story.people.forEach(([FirstName, LastName, Title, role, noEmail], at) => {
    const Email = noEmail ? null : `${FirstName}.${LastName}@${domain}`.toLowerCase().replaceAll(' ', '-');
    const person = { FirstName, LastName, Title, Email, AccountId: account, MailingCity: city, MailingCountry: country, Language__c: 'en', LeadSource: story.source, OwnerId };
    const contact = insert(org, 'Contact', { ...person, ...touches });
    insert(org, 'OpportunityContactRole', { OpportunityId: opportunity, ContactId: contact, Role: role ?? null, IsPrimary: at === 0 });
  });
  story.lines.forEach(([line, Quantity, UnitPrice], at) =>
    insert(org, 'OpportunityLineItem', { OpportunityId: opportunity, Product2Id: products.get(line) ?? null, Quantity, UnitPrice, SortOrder: at + 1 }),
  );
}

/** A campaign with somebody in it, and a lead who is a contact already. */
function campaign(org: Org): void {
  const now = org.clock.now();
  const dates = { StartDate: dateOf(now - 30 * DAY_MS), EndDate: dateOf(now + 60 * DAY_MS) };
  const id = insert(org, 'Campaign', { Name: 'Spring launch', Type: 'Email', Status: 'In Progress', IsActive: true, ...dates });
  const [first] = org.store.all('Contact');
  if (first) insert(org, 'CampaignMember', { CampaignId: id, ContactId: first.id });
  const twin = { FirstName: 'Sigrid', LastName: 'Moen', Title: 'Founder', Company: 'Nordlys Studio', Email: 'sigrid.moen@nordlys.example.com', City: 'Oslo', Country: 'Norway' };
  insert(org, 'Lead', { ...twin, LeadSource: 'Social', Status: 'Working - Contacted', UTM_Source__c: 'linkedin', UTM_Medium__c: 'social', UTM_Campaign__c: 'founders-series' });
}

/** What people may agree to, as the admin set it up: purposes of mail, a subscription, and a form for the terms. Nobody has said anything yet. */
function privacy(org: Org): void {
  for (const Name of ['Newsletter', 'Product news']) insert(org, 'DataUsePurpose', { Name, CanDataSubjectOptOut: true });
  const channel = insert(org, 'EngagementChannelType', { Name: 'Email', ContactPointType: 'Email' });
  const subscription = insert(org, 'CommSubscription', { Name: 'Newsletter' });
  insert(org, 'CommSubscriptionChannelType', { Name: 'Newsletter by email', CommunicationSubscriptionId: subscription, EngagementChannelTypeId: channel });
  insert(org, 'AuthorizationFormText', { Name: 'terms', Locale: 'en_US' });
}

/** As the admin would, with every check. @throws Error where the org refuses it */
function insert(org: Org, type: string, values: Values): string {
  const actor = org.person();
  const object = actor.schema.own(type);
  const outcome = object && org.write(actor, (tx) => tx.insert(object, values));
  if (!outcome?.ok) throw new Error(`${type}: ${outcome?.faults[0]?.message ?? 'no such object'}`);
  return outcome.id;
}
