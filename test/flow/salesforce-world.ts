import type { StoredEnvelope } from '#connectors/docusign/sandbox';
import type { SalesforceHandles } from '#connectors/salesforce/sandbox';
import type { Sandbox } from '#ports/sandbox';
import type { EnvelopeId } from '#core/ids';
import type { EnvelopeWithRecipients } from '#store/envelopes';
import { findEnvelope } from '#store/envelopes';
import { findGround } from '#store/grounds';
import { getInstall, listInstalls, listTenants, type Install } from '#store/installs';
import type { PageSeen } from '#src/cli/visitor';
import { freezeRounds, openWorld, type OpenOptions, type TestWorld } from './world.ts';

type Org = Sandbox & SalesforceHandles;
type Values = Parameters<SalesforceHandles['set']>[2];

export interface OrgOptions extends Omit<OpenOptions, 'connect'> {
  /** False: no outbound message leads to the server, which then learns by asking alone. */
  outbound?: boolean;
  /** What becomes of the org before anybody connects it. */
  before?: (org: Org) => void;
  /** False: nothing is installed yet. */
  connect?: boolean;
}

/** A world whose CRM is a Salesforce org; `crm` is its install. */
export interface OrgWorld extends TestWorld {
  org: Org;
  /** Presses Connect and Allow. */
  connectOrg(): Promise<PageSeen>;
  /** The org's install as it is now. */
  now(): Promise<Install>;
  /** Points the org's outbound message at its install. */
  hearByMessage(): void;
}

/** Opens a world with an org and a signing account connected, as an admin does it. */
export async function openOrg(options: OrgOptions = {}): Promise<OrgWorld> {
  const w = await openWorld({ ...options, connect: false });
  const { salesforce: org } = w.sandbox;
  const world: OrgWorld = Object.assign(w, {
    org,
    async connectOrg() {
      const consent = await w.visitor.open(`${w.address}/install/salesforce`);
      return w.visitor.submit(consent, '/services/oauth2/authorize', { answer: 'allow' });
    },
    now: () => getInstall(w.db, w.tenant, w.crm.id),
    hearByMessage: () => org.setOutbound(`${w.address}/webhooks/salesforce/${w.crm.hook}`),
  });
  options.before?.(org);
  try {
    if (options.connect !== false) await connect(world, options.outbound !== false);
    return world;
  } catch (error) {
    await world.stop();
    throw error;
  }
}

async function connect(w: OrgWorld, outbound: boolean): Promise<void> {
  const known = (await listTenants(w.db)).length > 0;
  if (!known) await w.connectOrg();
  const [tenant] = await listTenants(w.db);
  if (!tenant) throw new Error('No tenant was made.');
  w.tenant = tenant.id;
  if (!known) await w.installSign();
  await knowOrg(w);
  await firstRounds(w, !known);
  if (outbound) w.hearByMessage();
}

/** Reads the installs as they are now. */
export async function knowOrg(w: OrgWorld): Promise<void> {
  const installs = await listInstalls(w.db, w.tenant);
  const of = (vendor: string): Install => installs.find((one) => one.vendor === vendor) ?? missing(vendor);
  Object.assign(w, { crm: of('salesforce'), sign: of('docusign') });
}

function missing(vendor: string): never {
  throw new Error(`There is no install of ${vendor}.`);
}

/** Waits until each account has been looked at once, then lets no round begin by itself. What waits from before a restart may go on waiting. */
export async function firstRounds(w: OrgWorld, settle = true): Promise<void> {
  await w.until(
    "the accounts' fields and templates",
    async () => (await findGround(w.db, w.tenant, w.crm.id, 'schema')) && (await findGround(w.db, w.tenant, w.sign.id, 'templates')),
  );
  await w.until('the first rounds to end', async () => {
    const rounds = await w.db.selectFrom('cursors').select(['last_ok_at', 'lease_until']).where('tenant', '=', w.tenant).execute();
    return rounds.every((one) => one.last_ok_at !== null && one.lease_until === 0);
  });
  await freezeRounds(w.db);
  if (settle) await w.settled();
}

/** An opportunity of the org with what tests ask of it. */
export interface Opportunity {
  id: string;
  contact: string;
  account: string;
  says(field: string): unknown;
  move(stage: string): void;
  /** What the provider has for it, drafts included. */
  remote(): StoredEnvelope[];
  envelopes(): Promise<EnvelopeWithRecipients[]>;
  becomes(status: string): Promise<void>;
  /** Waits for the one envelope at the provider that is out. */
  sent(): Promise<StoredEnvelope>;
  /** Everybody signs. */
  signed(): Promise<void>;
  /** What the line made of each fact about it, oldest first. */
  why(): Promise<string[]>;
}
export const SENT = 'Contract Sent';
export const BEFORE = 'Proposal/Price Quote';
let planted = 0;

/** An opportunity before its contract, with one signer and an owner: the order form is for it. */
export function plantOpportunity(w: OrgWorld, more: { opportunity?: Values; contact?: Values } = {}): Opportunity {
  const { org } = w;
  const number = ++planted;
  const account = org.add('Account', { Name: `Account ${number}` });
  const contact = org.add('Contact', { FirstName: 'Ada', LastName: `Example ${number}`, Email: `ada.${number}@example.com`, AccountId: account, ...more.contact });
  const values = { Name: `Opportunity ${number}`, AccountId: account, StageName: BEFORE, Amount: 1000, CloseDate: '2027-01-31', LeadSource: 'Web' };
  const id = org.add('Opportunity', { ...values, ...more.opportunity });
  org.add('OpportunityContactRole', { OpportunityId: id, ContactId: contact, Role: 'Signer', IsPrimary: true });
  return handle(w, { id, contact, account });
}

function handle(w: OrgWorld, { id, contact, account }: { id: string; contact: string; account: string }): Opportunity {
  const { org } = w;
  const { docusign } = w.sandbox;
  const remote = () => docusign.envelopes().filter((envelope) => envelope.status !== 'deleted' && envelope.customFields.some(({ name, value }) => name === 'deal' && value === id));
  const says = (field: string) => org.field('Opportunity', id, field);
  const becomes = async (status: string) =>
    void (await w.until(
      () => `opportunity ${id} to say "${status}" (it says "${String(says('Esign_Status__c'))}", ${String(says('Esign_Reason__c'))})`,
      () => says('Esign_Status__c') === status,
    ));
  const sent = () => w.until(`an envelope of opportunity ${id}`, () => remote().find(({ status }) => status === 'sent' || status === 'delivered'));
  return {
    id,
    contact,
    account,
    says,
    move: (stage) => org.move(id, stage),
    remote,
    async envelopes() {
      const rows = await w.db.selectFrom('envelopes').select('id').where('tenant', '=', w.tenant).where('deal', '=', id).orderBy('id').execute();
      const found = await Promise.all(rows.map((row) => findEnvelope(w.db, w.tenant, row.id)));
      return found.flatMap((one) => one ?? []);
    },
    becomes,
    sent,
    async signed() {
      const { envelopeId, recipients } = await sent();
      for (const { role } of recipients) docusign.sign(envelopeId, role);
    },
    why: async () => (await w.db.selectFrom('facts').select('why').where('tenant', '=', w.tenant).where('deal', '=', id).orderBy('seq').execute()).map((row) => row.why),
  };
}

/** The package's own record of an envelope. @throws Error where there is none */
export function recordOf(w: OrgWorld, envelope: string) {
  const found = w.org.records('Envelope__c').find(({ values }) => values['Envelope_Id__c'] === envelope);
  if (!found) throw new Error(`The org has no record of envelope ${envelope}.`);
  return found;
}
/** The id under which the opportunity names its envelope. */
export function envelopeIdOf(deal: Opportunity): EnvelopeId {
  const id = deal.says('Esign_Envelope_Id__c');
  return (typeof id === 'string' ? id : '') as EnvelopeId;
}

/** Requests that the org answered so far whose name holds `part`. */
export function calls(w: OrgWorld, part = ''): number {
  return Object.entries(w.org.calls()).reduce((sum, [name, count]) => (name.includes(part) ? sum + count : sum), 0);
}
export const TOKENS = 'POST /services/oauth2/token';

/** What waits for a person: effects and notices of a kind that a test does not expect. */
export async function waiting(w: OrgWorld): Promise<{ kind: string; record: string | null; state: string; error: string | null }[]> {
  return w.db
    .selectFrom('outbox')
    .select(['kind', 'record', 'state', 'error'])
    .where('tenant', '=', w.tenant)
    .where('state', 'in', ['parked', 'held', 'ready', 'leased'])
    .execute();
}

export async function alarmOf(w: OrgWorld, code: string): Promise<string | undefined> {
  return (await w.db.selectFrom('alarms').select('say').where('code', '=', code).where('tenant', '=', w.tenant).executeTakeFirst())?.say;
}
