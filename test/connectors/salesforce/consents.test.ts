import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ConsentTopic } from '#core/consent';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { ConsentChange } from '#ports/consents';
import { changes } from '#connectors/salesforce/consent-changes';
import { forgetPlaces } from '#connectors/salesforce/consent-places';
import { consents } from '#connectors/salesforce/consents';
import { inbound } from '#connectors/salesforce/inbound';
import { forgetOrg } from '#connectors/salesforce/schema';
import { openOrg, type OrgWorld } from './org-world.ts';

const NEWSLETTER: ConsentTopic = { type: 'marketing', purpose: 'newsletter', channel: 'email' };
const TERMS: ConsentTopic = { type: 'terms', purpose: null, channel: null };
const TEXT = { name: 'terms', version: 3, hash: 'b'.repeat(64), title: 'Terms of use' };
let org: OrgWorld;
let call: Call;
let made = 0;
beforeAll(async () => {
  org = await openOrg();
  ({ call } = await org.connect());
});
afterAll(() => org.close());
beforeEach(() => {
  org.sandbox.enablePrivacy(true);
  org.sandbox.installPackage(true);
  look();
});

/** As if an hour had passed: the org is described anew. */
function look(): void {
  forgetOrg(call);
  forgetPlaces(call);
}
const email = (contact: string) => String(org.sandbox.field('Contact', contact, 'Email'));
const contact = (more = {}) => org.sandbox.add('Contact', { LastName: `Consent ${++made}`, Email: `consent.${made}@example.com`, ...more });
const change = (id: string, more: Partial<ConsentChange> = {}): ConsentChange => ({
  contact: id,
  email: id.startsWith('003') ? email(id) : null,
  topic: NEWSLETTER,
  status: 'granted',
  basis: 'consent',
  how: 'capture',
  explanation: 'It was captured.',
  text: TEXT,
  locale: 'en-GB',
  jurisdiction: 'EU',
  capturedAt: org.clock.now(),
  expiresAt: null,
  evidenceUri: 'https://connector.example.com/t/ten_1/consents/cns_1',
  key: `cns_${++made}`,
  ...more,
});
const tell = (id: string, more: Partial<ConsentChange> = {}) => consents.tell(call, change(id, more));
const all = (type: string) => org.sandbox.records(type).map(({ values }) => values);

describe('an org without the privacy objects', () => {
  beforeEach(() => {
    org.sandbox.enablePrivacy(false);
    look();
  });

  test('keeps each act as a record of the package, found again by our id', async () => {
    const id = contact();
    const act = change(id);
    expect(await consents.tell(call, act)).toMatchObject({ outcome: 'told' });
    expect(await consents.tell(call, act)).toMatchObject({ outcome: 'already' });
    const records = all('Consent_Record__c').filter(({ Contact__c: of }) => of === id);
    expect(records).toMatchObject([
      {
        Consent_Id__c: act.key,
        Type__c: 'marketing',
        Purpose__c: 'newsletter',
        Channel__c: 'email',
        Status__c: 'granted',
        Text_Version__c: 'terms 3',
        Text_Hash__c: TEXT.hash,
        Region__c: 'EU',
        Legal_Basis__c: 'consent',
        Source__c: 'capture',
        Evidence_Uri__c: act.evidenceUri,
      },
    ]);
  });
  test('and with a namespace before its names', async () => {
    org.sandbox.installPackage(true, 'csign');
    look();
    const id = contact();
    expect(await tell(id)).toMatchObject({ outcome: 'told' });
    expect(all('Consent_Record__c').filter(({ Contact__c: of }) => of === id)).toHaveLength(1);
  });
  test('ticks Email Opt Out where somebody leaves all mail, and no machine agrees for them after that', async () => {
    const id = contact();
    expect(await tell(id, { status: 'withdrawn', topic: { ...NEWSLETTER, purpose: null } })).toMatchObject({ outcome: 'told' });
    expect(org.sandbox.field('Contact', id, 'HasOptedOutOfEmail')).toBe(true);
    expect(await tell(id)).toMatchObject({ outcome: 'kept-out' });
    expect(all('Consent_Record__c').filter(({ Contact__c: of }) => of === id)).toMatchObject([{ Status__c: 'withdrawn' }]);
  });
  test('and without the package has no place for it, and says so', async () => {
    org.sandbox.installPackage(false);
    look();
    const id = contact();
    for (const topic of [NEWSLETTER, TERMS]) expect(await tell(id, { topic })).toMatchObject({ outcome: 'no-place', say: expect.stringMatching(/Countersign package/) as unknown });
    expect(await tell(id, { status: 'withdrawn', topic: { ...NEWSLETTER, purpose: null } })).toMatchObject({ outcome: 'told' });
    expect(org.sandbox.field('Contact', id, 'HasOptedOutOfEmail')).toBe(true);
  });
});

describe('an org with them', () => {
  const pointsOf = (id: string) => all('ContactPointTypeConsent').filter(({ PartyId }) => PartyId === org.sandbox.field('Contact', id, 'IndividualId'));

  test('has one Individual a person, who is made with the first act', async () => {
    const id = contact({ FirstName: 'Ada' });
    await tell(id);
    const individual = org.sandbox.field('Contact', id, 'IndividualId');
    expect(org.sandbox.record('Individual', String(individual)).values).toMatchObject({ FirstName: 'Ada' });
    await tell(id, { status: 'withdrawn', capturedAt: org.clock.now() + 1 });
    await tell(id, { topic: { ...NEWSLETTER, purpose: 'product-news' } });
    expect(org.sandbox.field('Contact', id, 'IndividualId')).toBe(individual);
    expect(pointsOf(id).map(({ PrivacyConsentStatus }) => PrivacyConsentStatus)).toEqual(['OptOut', 'OptIn']);
  });
  test('says when, until when and by which act', async () => {
    const id = contact();
    const capturedAt = org.clock.now() - 5000;
    await tell(id, { capturedAt, expiresAt: capturedAt + 86_400_000, key: 'cns_known' });
    const [point] = pointsOf(id);
    expect(point).toMatchObject({ ContactPointType: 'Email', CaptureSource: 'Countersign: granted, cns_known', CaptureContactPointType: 'Web' });
    const at = (name: string) => Date.parse(String(point?.[name]).replace('+0000', 'Z'));
    expect([at('CaptureDate'), at('EffectiveTo') - at('EffectiveFrom')]).toEqual([capturedAt, 86_400_000]);
  });
  test('takes a new agreement after a withdrawal that we told it of, and not one that is older', async () => {
    const id = contact();
    const withdrawnAt = org.clock.now();
    await tell(id, { status: 'withdrawn', capturedAt: withdrawnAt });
    expect(await tell(id, { capturedAt: withdrawnAt - 1 })).toMatchObject({ outcome: 'kept-out' });
    expect(await tell(id, { capturedAt: withdrawnAt + 1 })).toMatchObject({ outcome: 'told' });
    expect(pointsOf(id)).toMatchObject([{ PrivacyConsentStatus: 'OptIn' }]);
  });
  test('leads a lead too', async () => {
    const lead = org.sandbox.add('Lead', { LastName: 'Lead', Company: 'A company', Email: 'lead@example.com' });
    expect(await tell(lead, { email: 'lead@example.com' })).toMatchObject({ outcome: 'told' });
    expect(org.sandbox.field('Lead', lead, 'IndividualId')).not.toBeNull();
  });
  test('keeps a purpose, or a way of contact, that it does not know as a record of the package', async () => {
    const id = contact();
    for (const topic of [{ ...NEWSLETTER, purpose: 'webinars' }, { ...NEWSLETTER, channel: 'sms' } as const])
      expect(await tell(id, { topic })).toMatchObject({ outcome: 'told', say: expect.stringMatching(/Consent Record/) as unknown });
    expect(pointsOf(id)).toEqual([]);
  });
  test('finds a purpose that was made since it was last looked at', async () => {
    const id = contact();
    await tell(id);
    org.sandbox.add('DataUsePurpose', { Name: `Made Since ${++made}` });
    expect(await tell(id, { topic: { ...NEWSLETTER, purpose: `made-since-${made}` } })).toMatchObject({ say: expect.stringMatching(/Contact Point Type/) as unknown });
  });
  test('hears of the subscription of that name, where the person has the address as a point of contact', async () => {
    const id = contact();
    await tell(id);
    const individual = String(org.sandbox.field('Contact', id, 'IndividualId'));
    org.sandbox.add('ContactPointEmail', { ParentId: individual, EmailAddress: email(id) });
    const [channel] = org.sandbox.records('CommSubscriptionChannelType');
    const kept = () => all('CommSubscriptionConsent').filter(({ CommSubscriptionChannelTypeId }) => CommSubscriptionChannelTypeId === channel?.id);
    for (const status of ['withdrawn', 'withdrawn'] as const) {
      await tell(id, { status, capturedAt: org.clock.now() + 1 });
      expect(kept()).toMatchObject([{ PrivacyConsentStatus: 'OptOut' }]);
    }
  });
  test('keeps the acceptance of a form that it has the text of, once', async () => {
    const id = contact();
    const act = change(id, { topic: TERMS, how: 'envelope' });
    expect([await consents.tell(call, act), await consents.tell(call, act)]).toMatchObject([{ outcome: 'told' }, { outcome: 'already' }]);
    expect(all('AuthorizationFormConsent').filter(({ ConsentGiverId }) => ConsentGiverId === id)).toMatchObject([{ Name: act.key, Status: 'Signed' }]);
    expect(await tell(id, { topic: TERMS, text: { ...TEXT, name: 'other', title: 'Other' } })).toMatchObject({ say: expect.stringMatching(/Consent Record/) as unknown });
  });
});

describe('what people of the org do', () => {
  const settled = async () => (await changes(call, null, org.clock.now())).cursor;
  async function heard(cursor: Awaited<ReturnType<typeof settled>>) {
    org.clock.advance(6 * 60_000);
    const page = await changes(call, cursor, org.clock.now());
    return page.notices.flatMap((notice) => inbound.decode(notice, { appId: '' })).flatMap((fact) => (fact.type === 'consent.acted' ? [fact.data] : []));
  }

  test('is heard, with whom it is about; what we wrote and nobody changed is not', async () => {
    const [by, box, quiet, ours] = [contact(), contact(), contact(), contact()];
    for (const id of [by, quiet]) await tell(id);
    const cursor = await settled();
    await tell(ours, { status: 'withdrawn' });
    const individual = String(org.sandbox.field('Contact', quiet, 'IndividualId'));
    const point = org.sandbox.records('ContactPointTypeConsent').find(({ values }) => values['PartyId'] === org.sandbox.field('Contact', by, 'IndividualId'));
    org.sandbox.set('ContactPointTypeConsent', point?.id ?? '', { PrivacyConsentStatus: 'OptOut' });
    org.sandbox.set('Contact', box, { HasOptedOutOfEmail: true });
    org.sandbox.set('Individual', individual, { HasOptedOutSolicit: true });
    const facts = await heard(cursor);
    const said = facts.map(({ contact: id, acts: [act] }) => [id, act?.status, act?.purpose, act?.channel]);
    expect(said.filter(([id]) => [by, box, quiet, ours].includes(String(id)))).toEqual([
      [by, 'withdrawn', 'newsletter', 'email'],
      [quiet, 'withdrawn', null, null],
      [box, 'withdrawn', null, 'email'],
    ]);
    expect(JSON.stringify(facts)).not.toMatch(/example\.com/);
  });
  test('costs a call in five minutes, and none in between', async () => {
    await tell(contact());
    // Beyond what the window overlaps with.
    org.clock.advance(20 * 60_000);
    let cursor = await settled();
    const costs: number[] = [];
    for (let minute = 0; minute < 12; minute++) {
      org.clock.advance(60_000);
      const before = org.requests();
      ({ cursor } = await changes(call, cursor, org.clock.now()));
      costs.push(org.requests() - before);
    }
    expect(costs).toEqual([1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1]);
  });
  test('is not lost where asking for it fails, and deals are heard of meanwhile', async () => {
    const id = contact();
    await tell(id);
    let cursor = await settled();
    const deal = org.sandbox.opportunityNamed('Harbour');
    org.sandbox.set('Contact', id, { HasOptedOutOfEmail: true });
    org.clock.advance(6 * 60_000);
    org.sandbox.move(deal.id, 'Negotiation/Review');
    let sent = 0;
    const failing: Call = {
      ...call,
      through: (send, unauthorized) => (sent++ === 0 ? call.through(send, unauthorized) : Promise.reject(new Problem('vendor.unavailable'))),
    };
    const page = await changes(failing, cursor, org.clock.now());
    expect(page.notices.map(({ kind }) => kind)).toContain('reconcile.Opportunity');
    ({ cursor } = page);
    expect((await heard(cursor)).map(({ contact: of }) => of)).toContain(id);
  });
});
