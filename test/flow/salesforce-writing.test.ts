import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectFile } from '#lib/root';
import { alarmOf, envelopeIdOf, openOrg, plantOpportunity, recordOf, SENT, waiting, type OrgWorld } from './salesforce-world.ts';

let w: OrgWorld;
beforeEach(async () => {
  w = await openOrg();
});
afterEach(() => w.stop());

const recipientsOf = (envelope: string) => w.org.records('Envelope_Recipient__c').filter(({ values }) => values['Envelope__c'] === recordOf(w, envelope).id);
const parked = async () => (await waiting(w)).filter(({ state }) => state === 'parked');

describe('what becomes of an envelope', () => {
  test('is a record of the package with its recipients, linked to what they are about, and mirrored on the standard objects', async () => {
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.signed();
    await deal.becomes('completed');
    await w.settled();
    const id = envelopeIdOf(deal);
    expect(w.org.records('Envelope__c')).toHaveLength(1);
    const told = {
      Status__c: 'completed',
      Opportunity__c: deal.id,
      Account__c: deal.account,
      Signed_Count__c: 2,
      Recipient_Count__c: 2,
      Template__c: 'Order form',
      First_Touch_Source__c: 'Web',
    };
    expect(recordOf(w, id).values).toMatchObject({ ...told, Provider__c: 'DocuSign', Rule__c: 'contract-sent', Waiting_For__c: null });
    const recipients = recipientsOf(id).map(({ values }) => [values['Role__c'], values['Status__c'], values['Contact__c'], values['Recipient_Id__c']]);
    expect(recipients.sort()).toEqual([
      ['Countersigner', 'signed', null, `${id}|Countersigner`],
      ['Customer', 'signed', deal.contact, `${id}|Customer`],
    ]);
    expect(w.org.record('Contact', deal.contact).values).toMatchObject({ Esign_Last_Status__c: 'completed', Esign_Last_Envelope_Id__c: id, Esign_Journey__c: 'signed' });
    expect(w.org.record('Account', deal.account).values).toMatchObject({ Esign_Last_Status__c: 'completed' });
    expect(await waiting(w)).toEqual([]);
  });

  test("that a rule of the org's refuses to the opportunity waits with the org's own words; the rest lands, and it lands too once the rule lets it", async () => {
    w.org.validationRule(true);
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.sent();
    await w.until('what may be said', () => deal.says('Esign_Envelope_Id__c') !== null);
    await w.settled();
    expect(recordOf(w, envelopeIdOf(deal)).values).toMatchObject({ Status__c: 'sent' });
    expect([deal.says('Esign_Status__c'), deal.says('Esign_Waiting_For__c')]).toEqual([null, 'Customer']);
    const left = await parked();
    expect(left.length).toBeGreaterThan(0);
    for (const { record, error } of left) {
      expect([record, error?.includes('Only the legal team sets the e-sign status')]).toEqual([`deal:${deal.id}`, true]);
      // With what can be done about it, which its code tells.
      expect(error).toContain('A validation rule of the org refused it');
    }
    expect(await alarmOf(w, 'dead-letters')).toContain('refused');
    w.org.validationRule(false);
    const ids = await w.db.selectFrom('outbox').select('id').where('state', '=', 'parked').execute();
    for (const { id } of ids) await w.world.desk.replayEffect(w.tenant, id, 'a test');
    await deal.becomes('sent');
    await w.settled();
    expect(await waiting(w)).toEqual([]);
  });

  test('that names a picklist value which has gone meanwhile waits with the words of the org, and the next look at the account finds it', async () => {
    const closing = `${projectFile('mappings/salesforce/writeback.yaml')}\n  - id: close-won\n    title: Close it\n    record: deal\n    on: [completed]\n    set:\n      StageName: '"Closed Won"'\n`;
    expect(await w.world.desk.saveMapping(w.tenant, 'writeback', closing, '', 'a test')).toMatchObject({ saved: true });
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    w.org.deactivateStage('Closed Won');
    await deal.signed();
    await deal.becomes('completed');
    await w.settled();
    expect(recordOf(w, envelopeIdOf(deal)).values).toMatchObject({ Status__c: 'completed' });
    expect(deal.says('StageName')).toBe(SENT);
    const left = await parked();
    expect([left.length > 0, left.every(({ error }) => error?.includes('bad value for restricted picklist field: Closed Won'))]).toEqual([true, true]);
    await w.world.desk.refreshGround(w.tenant, w.crm.id);
    expect(await alarmOf(w, 'mapping-failed')).toContain('Closed Won');
    const next = plantOpportunity(w);
    next.move(SENT);
    await next.becomes('blocked');
    expect(next.says('Esign_Reason__c')).toContain('Closed Won');
    expect(next.remote()).toEqual([]);
  });

  test('lands once a row that others hold is free', async () => {
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    w.org.lockRow(deal.id);
    await deal.signed();
    const tries = () => w.db.selectFrom('receipts').select('detail').where('outcome', '=', 'retry').execute();
    await w.until('a second try', async () => (await tries()).length >= 2);
    expect((await tries()).every(({ detail }) => detail.includes('vendor.locked'))).toBe(true);
    expect(deal.says('Esign_Status__c')).toBe('sent');
    w.org.lockRow(null);
    await deal.becomes('completed');
    await w.settled();
    expect(await waiting(w)).toEqual([]);
  });

  test('lands though every third row is held by somebody', async () => {
    const deals = Array.from({ length: 4 }, () => plantOpportunity(w));
    for (const deal of deals) deal.move(SENT);
    w.org.lockRow(0.3);
    await Promise.all(deals.map((deal) => deal.signed()));
    for (const deal of deals) await deal.becomes('completed');
    w.org.lockRow(0);
    await w.settled();
    expect(await waiting(w)).toEqual([]);
    expect(w.org.records('Envelope__c').map(({ values }) => values['Status__c'])).toEqual(deals.map(() => 'completed'));
    expect(w.org.records('Envelope_Recipient__c')).toHaveLength(8);
  });
});

describe('a field that the connected user may not see any more', () => {
  test('keeps the rest from nothing: what it would have held waits with a reason', async () => {
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    w.org.hideField('Opportunity', 'Esign_Completed_At__c', 'hidden');
    await deal.signed();
    await deal.becomes('completed');
    await w.settled();
    expect(deal.says('Esign_Completed_At__c')).toBeNull();
    expect((await parked()).map(({ record, error }) => [record, error?.includes('Esign_Completed_At__c')])).toContainEqual([`deal:${deal.id}`, true]);
  });

  test.each(['hidden', 'read-only'] as const)(
    'where it is %s is told with its name and the fix at the next look, blocks a send with words, and is right again without a new connection',
    async (how) => {
      w.org.hideField('Opportunity', 'Esign_Waiting_For__c', how);
      await w.world.desk.refreshGround(w.tenant, w.crm.id);
      expect(await alarmOf(w, 'account-incomplete')).toMatch(/Esign_Waiting_For__c.*Countersign Integration/);
      expect((await w.world.desk.checkMappings(w.tenant)).filter(({ level }) => level === 'error').map(({ say }) => say.includes('Esign_Waiting_For__c'))).toEqual([true]);
      const deal = plantOpportunity(w);
      deal.move(SENT);
      await deal.becomes('blocked');
      expect(deal.says('Esign_Reason__c')).toContain('Esign_Waiting_For__c');
      w.org.hideField('Opportunity', 'Esign_Waiting_For__c', 'visible');
      await w.world.desk.refreshGround(w.tenant, w.crm.id);
      expect([await alarmOf(w, 'account-incomplete'), await alarmOf(w, 'mapping-failed')]).toEqual([undefined, undefined]);
      await w.world.desk.send(w.tenant, deal.id, { key: 'mended', by: 'a test' });
      await deal.becomes('sent');
    },
  );
});

describe('a stage that was renamed after the mapping was saved', () => {
  beforeEach(async () => {
    w.org.renameStage(SENT, 'Contract Sent Out');
    await w.world.desk.refreshGround(w.tenant, w.crm.id);
  });

  test('is told with what it is called now; nothing is sent by the old name', async () => {
    const [fault] = (await w.world.desk.checkMappings(w.tenant)).filter(({ level }) => level === 'error');
    expect([fault?.kind, fault?.say.includes(SENT), fault?.suggestion]).toEqual(['send', true, 'Contract Sent Out']);
    expect(await alarmOf(w, 'mapping-failed')).toContain(SENT);
    const deal = plantOpportunity(w);
    deal.move('Contract Sent Out');
    await w.settled();
    expect(deal.remote()).toEqual([]);
  });

  test('is shown on the record', async () => {
    const deal = plantOpportunity(w);
    deal.move('Contract Sent Out');
    await w.settled();
    const card = await w.world.desk.card(w.tenant, deal.id);
    expect([card.why, ...card.reasons.map(({ say }) => say), deal.says('Esign_Reason__c')].join(' ')).toContain(SENT);
  });
});

test('ids of fifteen characters name the same record: one request, one envelope, one card', async () => {
  const deal = plantOpportunity(w);
  const short = deal.id.slice(0, 15);
  const { desk } = w.world;
  expect((await desk.card(w.tenant, short)).canSend).toBe(true);
  expect((await desk.dryRun(w.tenant, short)).deal.id).toBe(deal.id);
  const asked = await Promise.all([short, deal.id, short].map((id) => desk.send(w.tenant, id, { key: 'a click', by: 'a test' })));
  expect(new Set(asked.map(({ correlation }) => correlation)).size).toBe(1);
  await deal.becomes('sent');
  await w.settled();
  expect(deal.remote()).toHaveLength(1);
  expect((await desk.card(w.tenant, short)).envelopes.map(({ id }) => id)).toEqual([envelopeIdOf(deal)]);
});
