import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids';
import { activeMappings } from '#store/mappings';
import { projectFile } from '#lib/root';
import { BEFORE, calls, openOrg, plantOpportunity, SENT, waiting, type Opportunity, type OrgWorld } from './salesforce-world.ts';
import { metric } from './wire.ts';

const HOUR_MS = 3_600_000;
let w: OrgWorld;
beforeAll(async () => {
  w = await openOrg();
});
afterAll(() => w.stop());
afterEach(() => {
  w.behave();
});

const gaps = async (): Promise<number> =>
  (await w.db.selectFrom('cursors').select('gaps_total').where('install', '=', w.crm.id).where('name', '=', 'changes').executeTakeFirstOrThrow()).gaps_total;
const QUERY = 'GET /services/data/v67.0/query';

describe('a stage that a deal enters', () => {
  afterEach(() => w.hearByMessage());

  test('is heard by an outbound message: one envelope, and no gap', async () => {
    const before = await gaps();
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    await w.round(w.crm);
    await w.settled();
    expect([deal.remote().length, (await deal.envelopes()).length, await gaps()]).toEqual([1, 1, before]);
    expect(w.org.outboundAnswers()[200]).toBeGreaterThan(0);
  });

  test('is heard by asking alone: one envelope, the gap is counted, and nobody is alarmed, for asking is a way of its own', async () => {
    w.org.setOutbound(null);
    const [before, counted] = [await gaps(), await metric(w, 'countersign_gaps_total', { vendor: 'salesforce' })];
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await w.round(w.crm);
    await deal.becomes('sent');
    await w.round(w.crm);
    await w.settled();
    expect([deal.remote().length, await gaps(), await metric(w, 'countersign_gaps_total', { vendor: 'salesforce' })]).toEqual([1, before + 1, counted + 1]);
    expect(await w.db.selectFrom('alarms').select('id').where('code', '=', 'reconcile-gaps').where('subject', '=', w.crm.id).execute()).toEqual([]);
  });

  test('is one envelope though it is told twice, late, out of order, a day later and by asking too', async () => {
    Object.assign(w.org.faults, { duplicate: 1, reorder: 0.5, delay: 0.5, maxPauseMs: 2000 });
    const deals = [plantOpportunity(w), plantOpportunity(w), plantOpportunity(w)];
    for (const deal of deals) deal.move(SENT);
    await w.round(w.crm);
    for (const deal of deals) await deal.becomes('sent');
    await w.settled();
    const told = await w.db.selectFrom('deliveries').select('body').where('vendor', '=', 'salesforce').orderBy('received_at', 'desc').limit(3).execute();
    w.clock.skip(24 * HOUR_MS);
    for (const { body } of told) expect((await say(Buffer.from(body ?? []).toString())).status).toBe(200);
    for (let time = 0; time < 2; time++) await w.round(w.crm);
    await w.settled();
    for (const deal of deals) expect([deal.remote().length, (await deal.envelopes()).length]).toEqual([1, 1]);
  });

  test('and leaves again before anybody asks is in the ledger, and nothing is sent', async () => {
    w.org.setOutbound(null);
    const deal = plantOpportunity(w);
    await w.round(w.crm);
    deal.move(SENT);
    w.clock.skip(1000);
    deal.move('Closed Lost');
    await w.round(w.crm);
    await w.until('the reading', async () => (await deal.why()).some((why) => why.includes('no rule starts')));
    await w.settled();
    const facts = await w.db.selectFrom('facts').select('data').where('deal', '=', deal.id).where('type', '=', 'deal.stage-changed').execute();
    expect(facts.map(({ data }) => (JSON.parse(data) as { stage: string }).stage)).toContain(SENT);
    expect([deal.remote(), await deal.envelopes(), await waiting(w)]).toEqual([[], [], []]);
  });

  test('again is another intent: only the entry that stands sends', async () => {
    w.org.setOutbound(null);
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await w.round(w.crm);
    await deal.becomes('sent');
    w.clock.skip(5000);
    deal.move(BEFORE);
    await w.round(w.crm);
    await deal.becomes('voided');
    w.clock.skip(5000);
    deal.move(SENT);
    await w.round(w.crm);
    await deal.becomes('sent');
    await w.settled();
    expect(deal.remote().map(({ status }) => status)).toEqual(['voided', 'sent']);
  });
});

describe('what we write ourselves', () => {
  test('comes back with the next round and causes nothing: one question, no reading, no fact', async () => {
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.signed();
    await deal.becomes('completed');
    await w.settled();
    const facts = () => w.db.selectFrom('facts').select('id').execute();
    await w.round(w.crm);
    await w.settled();
    const [known, before, asked] = [(await facts()).length, calls(w), calls(w, QUERY)];
    for (let time = 0; time < 3; time++) await w.round(w.crm);
    await w.settled();
    expect([(await facts()).length, calls(w) - before, calls(w, QUERY) - asked]).toEqual([known, 3, 3]);
  });

  test('to the stage itself starts nothing either', async () => {
    const texts = { send: projectFile('mappings/salesforce/send.yaml'), writeback: projectFile('mappings/salesforce/writeback.yaml') };
    const closing = `${texts.writeback}\n  - id: next-contract\n    title: Begin the next contract\n    record: deal\n    on: [completed]\n    set:\n      StageName: '"Negotiation/Review"'\n`;
    const starting = texts.send.replace('  - id: nda\n', `${nextRule()}\n  - id: nda\n`);
    const before = await activeMappings(w.db, w.tenant, 'salesforce');
    expect(await w.world.desk.saveMapping(w.tenant, 'send', starting, '', 'a test')).toMatchObject({ saved: true });
    expect(await w.world.desk.saveMapping(w.tenant, 'writeback', closing, '', 'a test')).toMatchObject({ saved: true });
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.signed();
    await deal.becomes('completed');
    await w.until('the stage that the mapping sets', () => deal.says('StageName') === 'Negotiation/Review');
    await w.settled();
    await w.round(w.crm);
    await w.settled();
    for (const kind of ['send', 'writeback'] as const) await w.world.desk.activateMapping(w.tenant, kind, before.get(kind)?.version ?? 1, 'a test');
    expect(deal.remote().map(({ status }) => status)).toEqual(['completed']);
  });

  const nextRule = (): string =>
    [
      '  - id: next',
      '    title: Send the next contract',
      '    when: { stage: Negotiation/Review }',
      '    template: NDA',
      `    subject: '"Next"'`,
      '    recipients:',
      '      - role: Customer',
      '        from: { contact: Signer, else: primary }',
      '    fields: {}',
    ].join('\n');
});

async function say(body: string, { hook = w.crm.hook, type = 'text/xml; charset=utf-8' } = {}): Promise<Response> {
  return fetch(`${w.address}/webhooks/salesforce/${hook}`, { method: 'POST', headers: { 'content-type': type }, body });
}

let notifications = 0;
/** A message that tells of an opportunity, as the org with this id would send it. */
function message(deal: string, { org = w.org.orgId(), head = '', body = '' } = {}): string {
  const id = `04l5g00000Z${String(++notifications).padStart(4, '0')}`;
  const fields = `<sf:Id>${deal}</sf:Id><sf:StageName>${SENT}</sf:StageName>${body}`;
  const record = `<Notification><Id>${id}</Id><sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">${fields}</sObject></Notification>`;
  const list = `<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>${org}</OrganizationId>${record}</notifications>`;
  return `<?xml version="1.0" encoding="UTF-8"?>${head}<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${list}</soapenv:Body></soapenv:Envelope>`;
}

describe('what comes to the address of an org', () => {
  let target: Opportunity;
  beforeAll(async () => {
    target = plantOpportunity(w);
    await w.settled();
    w.org.setOutbound(null);
  });
  const LAUGHS = `<!DOCTYPE lolz [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, at) => `<!ENTITY a${at} "${`&a${at === 0 ? '' : at - 1};`.repeat(10)}">`).join('')}]>`;
  const stored = async () => ({
    notices: (await w.db.selectFrom('inbox').select('id').execute()).length,
    deliveries: (await w.db.selectFrom('deliveries').select('id').execute()).length,
    dead: (await w.db.selectFrom('inbox').select('id').where('state', '=', 'dead').execute()).length,
  });

  test('from its admin is a hint: the deal is read, and what is true counts', async () => {
    const before = (await target.why()).length;
    expect((await say(message(target.id.slice(0, 15)))).status).toBe(200);
    await w.until('the reading', async () => (await target.why()).length >= before + 2);
    await w.settled();
    expect([await target.envelopes(), target.says('Esign_Status__c')]).toEqual([[], null]);
  });

  test.each<[string, number, () => [string, Parameters<typeof say>[1]?]]>([
    ['of another org', 200, () => [message(target.id, { org: '00D5g000000ZZZZ' })]],
    ['at an address that is nobody’s', 404, () => [message(target.id), { hook: newId('cor') }]],
    ['at the address of another vendor’s account', 404, () => [message(target.id), { hook: w.sign.hook }]],
    ['without an org', 401, () => [message(target.id, { org: '' })]],
    ['that is no XML', 401, () => [message(target.id), { type: 'application/json' }]],
    ['that is empty', 401, () => ['']],
  ])('%s is answered %s and leaves nothing', async (_what, status, made) => {
    const before = await stored();
    const [body, to] = made();
    expect((await say(body, to)).status).toBe(status);
    await w.settled();
    expect(await stored()).toEqual(before);
  });

  test.each<[string, () => string]>([
    ['with a document type', () => message(target.id, { head: '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' })],
    ['with a billion laughs', () => message(target.id, { head: LAUGHS, body: '<sf:Name>&a8;</sf:Name>' })],
    ['with a file of ours for an entity', () => message(target.id, { head: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', body: '<sf:Name>&e;</sf:Name>' })],
    ['that breaks off', () => message(target.id).slice(0, -40)],
    ['of a hundred thousand levels', () => message(target.id, { body: '<a>'.repeat(100_000) })],
  ])('%s is kept as a dead letter, answered well, and means nothing', async (_what, made) => {
    const before = await stored();
    const at = Date.now();
    expect((await say(made())).status).toBe(200);
    expect(Date.now() - at).toBeLessThan(10_000);
    await w.settled();
    expect(await stored()).toEqual({ notices: before.notices + 1, deliveries: before.deliveries + 1, dead: before.dead + 1 });
  });

  test('and is longer than any message is refused', async () => {
    const before = await stored();
    expect((await say(message(target.id, { body: `<sf:Name>${'x'.repeat(2_000_000)}</sf:Name>` }))).status).toBe(413);
    expect(await stored()).toEqual(before);
    expect((await fetch(`${w.address}/healthz`)).status).toBe(200);
  });
});
