import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '#core/problem';
import { projectFile } from '#lib/root';
import { listInstalls } from '#store/installs';
import { alarmOf, envelopeIdOf, openOrg, plantOpportunity, SENT, waiting, type Opportunity, type OrgWorld } from './salesforce-world.ts';
import { freezeRounds } from './world.ts';

const HOUR_MS = 3_600_000;
const KEY = 'APIEvent-envelope-completed';
let w: OrgWorld;
beforeAll(async () => {
  w = await openOrg();
  await connect('marketing-cloud', '/v2/authorize');
  await connect('account-engagement', '/services/oauth2/authorize');
});
afterAll(() => w.stop());
afterEach(() => w.behave());

async function complete(deal: Opportunity): Promise<void> {
  deal.move(SENT);
  await deal.signed();
  await deal.becomes('completed');
  await w.settled();
}

/** Connects an account beside the org, from the console of whoever is signed in there. */
async function connect(vendor: string, form: string): Promise<void> {
  const consent = await w.visitor.open(`${w.address}/install/${vendor}?tenant=${w.tenant}`);
  await w.visitor.submit(consent, form, { decision: 'allow' });
  await w.until('the first rounds to end', async () =>
    (await w.db.selectFrom('cursors').select(['last_ok_at', 'lease_until']).execute()).every((one) => one.last_ok_at !== null && one.lease_until === 0),
  );
  await freezeRounds(w.db);
}

const shipped = projectFile('mappings/salesforce/journey.yaml');
const saveSteps = async (...steps: string[]): Promise<void> => {
  const rule = ['  - id: beyond', '    title: Tell the others', '    on: [completed]', '    roles: [Customer]', '    steps:', ...steps.map((step) => `      - ${step}`)].join('\n');
  expect(await w.world.desk.saveMapping(w.tenant, 'journey', `${shipped}\n${rule}\n`, '', 'a test')).toMatchObject({ saved: true });
};
const parked = async () => (await waiting(w)).filter(({ state }) => state === 'parked');

describe('in the org itself', () => {
  test('a signature makes the signer a member of the campaign with its status, and publishes one event', async () => {
    const deal = plantOpportunity(w);
    await complete(deal);
    const campaign = w.org.records('Campaign').find(({ values }) => values['Name'] === 'Countersign: signed');
    const members = w.org.records('CampaignMember').filter(({ values }) => values['CampaignId'] === campaign?.id);
    expect(members.map(({ values }) => [values['ContactId'], values['Status']])).toEqual([[deal.contact, 'Responded']]);
    const receipts = await w.db.selectFrom('receipts').select(['kind', 'outcome']).where('kind', 'in', ['journey.join', 'journey.emit']).execute();
    expect(receipts.map(({ kind, outcome }) => `${kind} ${outcome}`).sort()).toEqual(['journey.emit done', 'journey.join done']);
    const told = w.org
      .records('Envelope_Event__e')
      .map(({ values }) => [values['Event__c'], values['Envelope_Id__c'], values['Opportunity_Id__c'], values['Contact_Id__c'], values['Status__c']]);
    expect(told).toEqual([['envelope.completed', envelopeIdOf(deal), deal.id, deal.contact, 'completed']]);
  });
});

describe('in Marketing Cloud', () => {
  const marketing = () => w.sandbox.marketingCloud;
  const entries = (deal: Opportunity) =>
    marketing()
      .entries(KEY)
      .filter(({ contactKey }) => contactKey === deal.contact);

  beforeAll(async () => {
    await saveSteps(
      `event: ${KEY}\n        in: marketing-cloud\n        data: { EnvelopeId: envelope.id, Template: envelope.template, DealId: envelope.deal }\n        consent: none`,
    );
  });

  /** The vendor takes the next entry, and its answer gets lost. */
  async function loseNext(): Promise<() => void> {
    const install = (await listInstalls(w.db, w.tenant)).find(({ vendor }) => vendor === 'marketing-cloud');
    const { flow } = w.world;
    const { bind } = flow;
    flow.bind = (one, ...more) => {
      const call = bind(one, ...more);
      if (one.id !== install?.id) return call;
      return {
        ...call,
        async request(asked) {
          await call.request(asked);
          throw new Problem('vendor.lost-reply');
        },
      };
    };
    return () => void (flow.bind = bind);
  }

  test('a signature is one entry with what the mapping tells, by the contact’s id', async () => {
    const deal = plantOpportunity(w);
    await complete(deal);
    expect(entries(deal).map(({ data }) => data)).toEqual([{ EnvelopeId: envelopeIdOf(deal), Template: 'Order form', DealId: deal.id }]);
    expect(await parked()).toEqual([]);
  });

  test('an entry whose answer is lost is asked of a person, and never repeated by itself', async () => {
    const restore = await loseNext();
    const deal = plantOpportunity(w);
    await complete(deal);
    restore();
    expect(entries(deal)).toHaveLength(1);
    const left = await parked();
    expect(left.map(({ kind, error }) => [kind, error?.includes('journey.ambiguous')])).toEqual([['journey.emit', true]]);
    expect(await alarmOf(w, 'dead-letters')).toContain('waits for a person');
    w.clock.skip(48 * HOUR_MS);
    w.world.flow.wake.outbox();
    await w.round(w.crm);
    await w.settled();
    expect(entries(deal)).toHaveLength(1);
    const [effect] = await w.db.selectFrom('outbox').select('id').where('state', '=', 'parked').execute();
    await w.world.desk.discardEffect(w.tenant, effect?.id ?? 'eff_none', 'a test');
    await w.settled();
    expect([entries(deal).length, await parked()]).toEqual([1, []]);
  });

  test('an entry that was refused for the moment is made once, and one that is wrong waits with the vendor’s words', async () => {
    Object.assign(marketing().faults, { unavailable: 1 });
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.signed();
    await deal.becomes('completed');
    await w.until('a try', async () => (await w.db.selectFrom('receipts').select('seq').where('kind', '=', 'journey.emit').where('outcome', '=', 'retry').execute()).length > 0);
    w.behave();
    await w.settled();
    expect(entries(deal)).toHaveLength(1);
    marketing().deactivate(KEY);
    const late = plantOpportunity(w);
    await complete(late);
    marketing().activate(KEY);
    expect((await parked()).map(({ kind, error }) => [kind, error?.includes('not active')])).toEqual([['journey.emit', true]]);
    const [effect] = await w.db.selectFrom('outbox').select('id').where('state', '=', 'parked').execute();
    await w.world.desk.replayEffect(w.tenant, effect?.id ?? 'eff_none', 'a test');
    await w.settled();
    expect(entries(late)).toHaveLength(1);
  });
});

describe('in Account Engagement', () => {
  beforeAll(async () => {
    await saveSteps('list: Newsletter\n        in: account-engagement\n        consent: none');
  });

  test('the signer joins the list by an address that is looked up for that call alone', async () => {
    const deal = plantOpportunity(w, { contact: { Email: 'only.there@example.com' } });
    await complete(deal);
    await complete(plantOpportunity(w, { contact: { Email: 'only.there@example.com' } }));
    expect(w.sandbox.accountEngagement.members('Newsletter')).toEqual(['only.there@example.com']);
    const kept = JSON.stringify([
      await w.db.selectFrom('outbox').selectAll().execute(),
      await w.db.selectFrom('receipts').selectAll().execute(),
      await w.db.selectFrom('facts').selectAll().execute(),
      w.logs,
    ]);
    expect(kept).not.toContain('only.there');
    expect(await parked()).toEqual([]);
  });

  test('a mapping that names an account which is not connected is refused', async () => {
    const text = `${shipped}\n  - id: x\n    title: x\n    on: [completed]\n    steps:\n      - list: Newsletter\n        in: mailchimp\n        consent: none\n`;
    const result = await w.world.desk.saveMapping(w.tenant, 'journey', text, '', 'a test');
    expect(result.saved ? [] : result.faults.filter(({ level }) => level === 'error').length).toBe(1);
  });
});
