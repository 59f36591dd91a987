import { afterAll, beforeAll, expect, test } from 'vitest';
import { findGround } from '#store/grounds';
import { listInstalls, listTenants, type Install } from '#store/installs';
import { activeMappings } from '#store/mappings';
import { projectFile } from '#lib/root';
import { plantDeal, type TestDeal } from './deals.ts';
import { BEFORE, calls, envelopeIdOf, openOrg, plantOpportunity, recordOf, SENT, waiting, type OrgWorld } from './salesforce-world.ts';
import { freezeRounds } from './world.ts';

let w: OrgWorld;
let hubspot: Install;

/** One company with an org and a portal, whose contracts go through one signing account. */
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
});
afterAll(() => w.stop());

const sign = async (deal: TestDeal): Promise<void> => {
  const { envelopeId, recipients } = await deal.sent();
  for (const { role } of recipients) w.sandbox.docusign.sign(envelopeId, role);
};
const page = async (path: string): Promise<string> => (await w.visitor.open(`${w.address}/t/${w.tenant}${path}`)).html;

test('both stand side by side in one tenant, each with its own mappings', async () => {
  expect(await listTenants(w.db)).toHaveLength(1);
  expect(await w.world.desk.crms(w.tenant)).toEqual(['salesforce', 'hubspot']);
  for (const vendor of ['salesforce', 'hubspot']) {
    const active = await activeMappings(w.db, w.tenant, vendor);
    expect(active.get('writeback')?.text).toBe(projectFile(`mappings/${vendor}/writeback.yaml`));
    expect((await w.world.desk.checkMappings(w.tenant, {}, vendor)).filter(({ level }) => level === 'error')).toEqual([]);
  }
  const installs = await page('/installs');
  expect([installs.includes('Salesforce'), installs.includes('HubSpot')]).toEqual([true, true]);
});

test('a deal of each is sent, and each CRM hears of its own alone', async () => {
  const [here, there] = [plantOpportunity(w), plantDeal(w)];
  here.move(SENT);
  there.move('contractsent');
  await Promise.all([here.becomes('sent'), there.becomes('sent')]);
  await Promise.all([here.signed(), sign(there)]);
  await Promise.all([here.becomes('completed'), there.becomes('completed')]);
  await w.settled();
  expect([here.remote().length, there.remote().length]).toEqual([1, 1]);
  const [[own], [other]] = await Promise.all([here.envelopes(), there.envelopes()]);
  expect([own?.envelope.crm, other?.envelope.crm]).toEqual([w.crm.id, hubspot.id]);
  expect(w.org.records('Envelope__c').map(({ values }) => values['Envelope_Id__c'])).toEqual([own?.envelope.id]);
  expect(there.says('esign_envelope_id')).toBe(other?.envelope.id);
  const writes = await w.db
    .selectFrom('outbox')
    .select(['install', 'envelope', 'kind'])
    .where('kind', 'in', ['record.write', 'journey.join', 'journey.emit', 'task.create'])
    .execute();
  const strange = writes.filter(({ install, envelope }) => (envelope === own?.envelope.id && install !== w.crm.id) || (envelope === other?.envelope.id && install !== hubspot.id));
  expect([writes.length > 10, strange]).toEqual([true, []]);
  expect(w.sandbox.hubspot.listMembers('Countersign: signed')).toEqual([there.contact]);
  expect(await waiting(w)).toEqual([]);
  const [salesforce, portal] = await Promise.all([page(`/envelopes/${own?.envelope.id ?? ''}`), page(`/envelopes/${other?.envelope.id ?? ''}`)]);
  const names = (html: string) => [/Salesforce/.test(mainOf(html)), /HubSpot/.test(mainOf(html))];
  expect([names(salesforce), names(portal)]).toEqual([
    [true, false],
    [false, true],
  ]);
});

/** Without the menus, which name every account. */
const mainOf = (html: string): string => /<main\b[\s\S]*<\/main>/.exec(html)?.[0] ?? '';

test('what a person asks for has to name one of them, and is told which there are', async () => {
  const [here, there] = [plantOpportunity(w), plantDeal(w)];
  const { desk } = w.world;
  const asked = [
    () => desk.send(w.tenant, here.id, { key: 'x', by: 'a test' }),
    () => desk.dryRun(w.tenant, here.id),
    () => desk.card(w.tenant, here.id),
    () => desk.deals(w.tenant, ''),
    () => desk.checkMappings(w.tenant),
    () => desk.saveMapping(w.tenant, 'send', projectFile('mappings/hubspot/send.yaml'), '', 'a test'),
    () => desk.activateMapping(w.tenant, 'send', 1, 'a test'),
  ];
  for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'request.malformed', message: 'Several CRMs are connected. Say which one: salesforce or hubspot.' });
  await expect(desk.send(w.tenant, here.id, { key: 'x', by: 'a test' }, 'pipedrive')).rejects.toMatchObject({ code: 'install.absent' });
  // The same key on a deal of each is two requests.
  await Promise.all([desk.send(w.tenant, here.id, { key: 'x', by: 'a test' }, 'salesforce'), desk.send(w.tenant, there.id, { key: 'x', by: 'a test' }, 'hubspot')]);
  await Promise.all([here.becomes('sent'), there.becomes('sent')]);
  expect((await desk.deals(w.tenant, 'Opportunity', 'salesforce')).map(({ id }) => id)).toContain(here.id);
  expect((await desk.deals(w.tenant, 'Deal', 'hubspot')).map(({ id }) => id)).toContain(there.id);
});

test('a mapping that is saved for one of them leaves the other’s as it is', async () => {
  const before = await activeMappings(w.db, w.tenant, 'hubspot');
  const text = projectFile('mappings/salesforce/writeback.yaml').replace('Esign_Template__c: envelope.template', 'Esign_Template__c: \'"new: " + envelope.template\'');
  expect(await w.world.desk.saveMapping(w.tenant, 'writeback', text, '', 'a test', 'salesforce')).toMatchObject({ saved: true });
  expect(await w.world.desk.saveMapping(w.tenant, 'writeback', text, '', 'a test', 'hubspot')).toMatchObject({ saved: false });
  expect((await activeMappings(w.db, w.tenant, 'hubspot')).get('writeback')?.id).toBe(before.get('writeback')?.id);
  const [here, there] = [plantOpportunity(w), plantDeal(w)];
  here.move(SENT);
  there.move('contractsent');
  await Promise.all([here.becomes('sent'), there.becomes('sent')]);
  expect([here.says('Esign_Template__c'), there.says('esign_template')]).toEqual(['new: Order form', 'Order form']);
});

test('one that withdraws its permission holds up its own envelopes alone', async () => {
  const [here, there] = [plantOpportunity(w), plantDeal(w)];
  here.move(SENT);
  there.move('contractsent');
  await Promise.all([here.becomes('sent'), there.becomes('sent')]);
  await w.settled();
  w.org.revokeGrants();
  await here.signed();
  await sign(there);
  await there.becomes('completed');
  await w.until('the flag', async () => (await w.now()).state === 'reauthorize');
  expect(here.says('Esign_Status__c')).toBe('sent');
  await w.connectOrg();
  await here.becomes('completed');
});

test('disconnecting one leaves the other working, and unnamed is the other', async () => {
  const [here, there] = [plantOpportunity(w), plantDeal(w)];
  here.move(SENT);
  await here.becomes('sent');
  await w.settled();
  await w.world.desk.disconnect(w.tenant, hubspot.id, 'a test');
  expect(await w.world.desk.crms(w.tenant)).toEqual(['salesforce']);
  // A round that was on its way when it was disconnected comes to its end.
  await w.settled();
  const before = calls(w);
  there.move('contractsent');
  await w.settled();
  expect([there.remote(), calls(w)]).toEqual([[], before]);
  here.move(BEFORE);
  await here.becomes('voided');
  await w.world.desk.send(w.tenant, here.id, { key: 'only', by: 'a test' });
  await here.becomes('sent');
  await here.signed();
  await here.becomes('completed');
  expect(recordOf(w, envelopeIdOf(here)).values['Status__c']).toBe('completed');
});
