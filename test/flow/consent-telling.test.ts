import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { manualClock } from '#lib/clock';
import { projectFile } from '#lib/root';
import type { ConsentGiven } from '#core/fact';
import type { ConsentId, PersonId } from '#core/ids';
import { listConsents } from '#store/consents';
import { findGround } from '#store/grounds';
import { listInstalls, type Install } from '#store/installs';
import { listTellings } from '#store/view/consents';
import { createUpkeep } from '#src/work/upkeep';
import { consentGiven } from '../store/fixtures.ts';
import { plantDeal, type TestDeal } from './deals.ts';
import { openOrg, plantOpportunity, type OrgWorld } from './salesforce-world.ts';
import { freezeRounds } from './world.ts';

const HOUR_MS = 3_600_000;
let w: OrgWorld;
let hubspot: Install;
let reports = 0;

/** One tenant with an org and a portal: whoever is in both is one person here. */
beforeAll(async () => {
  w = await openOrg();
  const consent = await w.visitor.open(`${w.address}/install/hubspot?tenant=${w.tenant}`);
  await w.visitor.submit(consent, '/oauth/authorize', { answer: 'connect' });
  hubspot = (await listInstalls(w.db, w.tenant)).find(({ vendor }) => vendor === 'hubspot') ?? w.crm;
  await w.until('the fields of the portal', () => findGround(w.db, w.tenant, hubspot.id, 'schema'));
  await w.until('the first rounds to end', async () =>
    (await w.db.selectFrom('cursors').select(['last_ok_at', 'lease_until']).execute()).every((one) => one.last_ok_at !== null && one.lease_until === 0),
  );
  await freezeRounds(w.db);
  await w.settled();
  const text = projectFile('mappings/hubspot/journey.yaml');
  expect(await w.world.desk.saveMapping(w.tenant, 'journey', `${text}${PROMOTION}`, 'promotes', 'a test', 'hubspot')).toMatchObject({ saved: true });
});
afterAll(() => w.stop());
afterEach(() => w.behave());

const PROMOTION = `
  - id: newsletter
    title: Signers who agreed get the newsletter
    on: [completed]
    steps:
      - list: Newsletter readers
        consent: { channel: email, purpose: newsletter }
`;

interface Known {
  person: PersonId;
  email: string;
  /** In the org, and in the portal with a deal. */
  contact: string;
  deal: TestDeal;
}

/** Somebody who is a contact of both, and agreed to the newsletter. */
async function somebody(): Promise<Known> {
  const email = `both.${++reports}@example.com`;
  const { contact } = plantOpportunity(w, { contact: { Email: email } });
  const deal = plantDeal(w, { person: { email } });
  const first = await act(email, 'granted', { install: w.crm, contact });
  await act(email, 'granted', { install: hubspot, contact: deal.contact });
  await w.settled();
  return { person: first, email, contact, deal };
}

async function act(email: string, status: ConsentGiven['status'], at?: { install: Install; contact: string }, more: Partial<ConsentGiven> = {}): Promise<PersonId> {
  const key = `report-${++reports}`;
  const given = consentGiven({ status, source: key, capturedAt: w.clock.now(), ...more });
  const identity = { name: null, email, method: 'api-key', ip: null, userAgent: null };
  const contact = at && { install: at.install.id, contact: at.contact };
  const { person } = await w.world.desk.reportConsent(w.tenant, { key, email, acts: [given], identity, ...(contact && { contact }) }, 'a test');
  return person;
}

const acts = (person: PersonId) => listConsents(w.db, w.tenant, person);
const lastOf = async (person: PersonId): Promise<ConsentId> => {
  const row = (await acts(person)).at(-1);
  if (!row) throw new Error('Nothing is in the ledger.');
  return row.id;
};
const tellings = async (consent: ConsentId) =>
  new Map((await listTellings(w.db, w.tenant, [consent])).map((telling) => [telling.install === hubspot.id ? 'hubspot' : 'salesforce', telling] as const));
const inPortal = ({ email }: Known) => w.sandbox.hubspot.subscription(email, 'Newsletter');
function inOrg({ contact }: Known): unknown {
  const individual = w.org.field('Contact', contact, 'IndividualId');
  return w.org.records('ContactPointTypeConsent').find(({ values }) => values['PartyId'] === individual)?.values['PrivacyConsentStatus'];
}
const property = ({ deal }: Known, name: string) => w.sandbox.hubspot.contact(deal.contact)?.properties[name];

describe('a consent act', () => {
  test('reaches every system that knows the person, with a receipt and a deadline for each', async () => {
    const known = await somebody();
    expect([inPortal(known), inOrg(known)]).toEqual(['SUBSCRIBED', 'OptIn']);
    const before = w.clock.now();
    await act(known.email, 'withdrawn');
    await w.settled();
    expect([inPortal(known), inOrg(known)]).toEqual(['UNSUBSCRIBED', 'OptOut']);
    const told = await tellings(await lastOf(known.person));
    expect([...told.keys()].sort()).toEqual(['hubspot', 'salesforce']);
    for (const { state, outcome, dueAt } of told.values()) {
      expect([state, outcome]).toEqual(['done', 'told']);
      expect(dueAt).toBeGreaterThanOrEqual(before + 24 * HOUR_MS);
    }
  });

  test('is in structured fields of both, by the mapping of each', async () => {
    const known = await somebody();
    await act(known.email, 'withdrawn', undefined, { jurisdiction: 'EU' });
    await w.settled();
    const scope = 'marketing:email:newsletter';
    await w.until('the properties of the contact', () => property(known, 'esign_consent_status') === 'withdrawn');
    expect([property(known, 'esign_consent_scope'), property(known, 'esign_consent_region')]).toEqual([scope, 'EU']);
    expect(property(known, 'esign_consent_evidence_uri')).toContain(`/t/${w.tenant}/consents/${await lastOf(known.person)}`);
    const says = (name: string) => w.org.field('Contact', known.contact, name);
    expect([says('Esign_Consent_Status__c'), says('Esign_Consent_Scope__c'), says('Esign_Consent_Region__c')]).toEqual(['withdrawn', scope, 'EU']);
  });

  test('that a later withdrawal overtook while it waited is not told any more', async () => {
    const known = await somebody();
    w.misbehave({ unavailable: 1 });
    await act(known.email, 'granted', undefined, { purpose: 'product-news' });
    await w.until('it to be in the ledger', async () => (await acts(known.person)).length === 3);
    const granted = await lastOf(known.person);
    await act(known.email, 'withdrawn', undefined, { purpose: 'product-news' });
    await w.until('the withdrawal to be in the ledger', async () => (await acts(known.person)).length === 4);
    await w.until('the agreement to be given up', async () => [...(await tellings(granted)).values()].every(({ state }) => state === 'cancelled'));
    w.behave();
    await w.settled();
    expect(w.sandbox.hubspot.subscription(known.email, 'Product news')).toBe('UNSUBSCRIBED');
  });

  test('is kept out where the person has objected, and the timeline says so in words', async () => {
    const known = await somebody();
    w.sandbox.hubspot.saySubscription(known.email, 'Product news', 'UNSUBSCRIBED');
    await act(known.email, 'granted', undefined, { purpose: 'product-news' });
    await w.settled();
    const id = await lastOf(known.person);
    expect((await tellings(id)).get('hubspot')).toMatchObject({ state: 'done', outcome: 'kept-out' });
    expect(w.sandbox.hubspot.subscription(known.email, 'Product news')).toBe('UNSUBSCRIBED');
    await act(known.email, 'granted', undefined, { type: 'terms', purpose: null, channel: null });
    await w.settled();
    const terms = await lastOf(known.person);
    expect((await tellings(terms)).get('hubspot')).toMatchObject({ outcome: 'no-place' });
    const story = async (consent: ConsentId) => {
      const row = (await acts(known.person)).find((one) => one.id === consent);
      return (await w.visitor.open(`${w.address}/t/${w.tenant}/stories/${row?.correlation ?? ''}`)).html;
    };
    expect(await story(id)).toContain('HubSpot keeps the person out: they have objected there');
    expect(await story(terms)).toContain('HubSpot has no place for this consent');
  });
});

test('a system that is told too late raises an alarm that names it, until it has been told', async () => {
  const known = await somebody();
  w.sandbox.hubspot.faults.unavailable = 1;
  await act(known.email, 'withdrawn');
  await w.until('the org to know', () => inOrg(known) === 'OptOut');
  const clock = manualClock(w.clock.now());
  const upkeep = createUpkeep({ ...w.world.flow, clock });
  const alarms = async () =>
    (await w.db.selectFrom('alarms').select(['subject', 'say']).where('code', '=', 'consent-late').execute()).filter(({ subject }) => subject === hubspot.id);
  clock.advance(2 * HOUR_MS);
  await upkeep.turn();
  expect(await alarms()).toEqual([]);
  clock.advance(23 * HOUR_MS);
  await upkeep.turn();
  expect(await alarms()).toMatchObject([{ say: expect.stringMatching(/should have been told of one act of consent/) as unknown }]);
  w.sandbox.hubspot.faults.unavailable = 0;
  await w.until('the portal to know', () => inPortal(known) === 'UNSUBSCRIBED');
  await w.settled();
  clock.advance(2 * 60_000);
  await upkeep.turn();
  expect(await alarms()).toEqual([]);
});

describe('what people say in the CRM itself', () => {
  test('is in the ledger with its source, reaches the others, and keeps a journey from them', async () => {
    const known = await somebody();
    known.deal.move('contractsent');
    const { envelopeId, recipients } = await known.deal.sent();
    // On HubSpot's page of preferences, while the contract is out.
    w.sandbox.hubspot.leaveMail(known.email);
    await w.until('the ledger to say so', async () => (await acts(known.person)).some(({ how }) => how === 'crm'));
    await w.settled();
    expect((await acts(known.person)).at(-1)).toMatchObject({ status: 'withdrawn', how: 'crm', source: hubspot.id, type: 'marketing', purpose: null, channel: 'email' });
    const told = await tellings(await lastOf(known.person));
    expect([...told].map(([name, { outcome }]) => [name, outcome])).toEqual([['salesforce', 'told']]);
    expect([inOrg(known), w.org.field('Contact', known.contact, 'HasOptedOutOfEmail')]).toEqual(['OptOut', true]);
    for (const { role } of recipients) w.sandbox.docusign.sign(envelopeId, role);
    await known.deal.becomes('completed');
    await w.settled();
    expect(w.sandbox.hubspot.listMembers('Newsletter readers') ?? []).not.toContain(known.deal.contact);
    const why = (await w.db.selectFrom('facts').select('why').where('tenant', '=', w.tenant).where('deal', '=', known.deal.id).execute()).map((fact) => fact.why).join(' ');
    expect(why).toMatch(/consent/i);
  });

  test('keeps nobody from a journey who said nothing against it', async () => {
    const known = await somebody();
    known.deal.move('contractsent');
    const { envelopeId, recipients } = await known.deal.sent();
    for (const { role } of recipients) w.sandbox.docusign.sign(envelopeId, role);
    await known.deal.becomes('completed');
    await w.until('the list', () => w.sandbox.hubspot.listMembers('Newsletter readers')?.includes(known.deal.contact));
  });

  test('is found by asking where no webhook told of it', async () => {
    const known = await somebody();
    w.misbehave({ drop: 1 });
    w.sandbox.hubspot.leaveMail(known.email);
    await w.sandbox.quiet();
    w.behave();
    await w.round(hubspot);
    await w.settled();
    expect((await acts(known.person)).at(-1)).toMatchObject({ status: 'withdrawn', how: 'crm', source: hubspot.id });
  });

  test('in Salesforce is found within minutes, and told to the others', async () => {
    const known = await somebody();
    const individual = w.org.field('Contact', known.contact, 'IndividualId');
    const record = w.org.records('ContactPointTypeConsent').find(({ values }) => values['PartyId'] === individual);
    w.org.set('ContactPointTypeConsent', record?.id ?? '', { PrivacyConsentStatus: 'OptOut' });
    w.clock.skip(6 * 60_000);
    await w.round(w.crm);
    await w.settled();
    expect((await acts(known.person)).at(-1)).toMatchObject({ status: 'withdrawn', how: 'crm', source: w.crm.id, purpose: 'newsletter', channel: 'email' });
    expect(inPortal(known)).toBe('UNSUBSCRIBED');
  });

  test('and was our own word coming back means nothing', async () => {
    const known = await somebody();
    await act(known.email, 'withdrawn', undefined, { purpose: null });
    await w.settled();
    const rows = await acts(known.person);
    expect(property(known, 'hs_email_optout')).toBe('true');
    w.clock.skip(6 * 60_000);
    await w.round(w.crm);
    await w.round(hubspot);
    await w.settled();
    expect(await acts(known.person)).toEqual(rows);
  });
});
