import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectFile } from '#lib/root';
import type { Correlation } from '#core/ids';
import { accountsOf } from '#flow/rule-book';
import { listEnvelopesOfDeal, type EnvelopeWithRecipients } from '#store/envelopes';
import type { Install } from '#store/installs';
import { activeMappings, listMappings } from '#store/mappings';
import { plantDeal } from './deals.ts';
import { connectSecond, SECOND, type SecondCrm } from './second-crm.ts';
import { postSign } from './wire.ts';
import { openWorld, type TestWorld } from './world.ts';

const FIRST = 'hubspot';
let w: TestWorld;
let second: SecondCrm;
let requests = 0;
beforeAll(async () => {
  w = await openWorld();
  second = await connectSecond(w);
});
afterAll(() => w.stop());

const request = () => ({ key: `press ${++requests}`, by: 'a test' });
const versions = async (crm: string) => [...(await activeMappings(w.db, w.tenant, crm)).values()].map(({ id }) => id).sort();
const envelopeOf = (correlation: Correlation): Promise<EnvelopeWithRecipients> =>
  w.until('the envelope to be out', async () => {
    const [row] = await w.db.selectFrom('envelopes').selectAll().where('correlation', '=', correlation).where('status', '=', 'sent').execute();
    return row && (await listEnvelopesOfDeal(w.db, w.tenant, row.crm, row.deal)).find(({ envelope }) => envelope.id === row.id);
  });
const deadNotices = () => w.db.selectFrom('inbox').select(['kind', 'error']).where('state', '=', 'dead').execute();

describe('which of them', () => {
  test('is asked, with their names, wherever it would be a guess', async () => {
    const { desk, flow } = w.world;
    expect(await desk.crms(w.tenant)).toEqual([FIRST, SECOND]);
    const text = projectFile('mappings/hubspot/journey.yaml');
    const unsaid: [string, () => Promise<unknown>][] = [
      ['send', () => desk.send(w.tenant, '1', request())],
      ['dryRun', () => desk.dryRun(w.tenant, '1')],
      ['card', () => desk.card(w.tenant, '1')],
      ['deals', () => desk.deals(w.tenant, '')],
      ['checkMappings', () => desk.checkMappings(w.tenant)],
      ['saveMapping', () => desk.saveMapping(w.tenant, 'journey', text, '', 'a test')],
      ['activateMapping', () => desk.activateMapping(w.tenant, 'journey', 1, 'a test')],
      ['accountsOf', () => accountsOf(flow, w.db, w.tenant)],
    ];
    for (const [name, ask] of unsaid)
      await expect(ask(), name).rejects.toMatchObject({ code: 'request.malformed', message: expect.stringMatching(/hubspot or second-crm/) as unknown });
  });

  test('is the one that is named, by vendor or by install', async () => {
    const { flow } = w.world;
    expect((await accountsOf(flow, w.db, w.tenant, { vendor: SECOND })).crm.id).toBe(second.install.id);
    expect((await accountsOf(flow, w.db, w.tenant, { vendor: FIRST })).crm.id).toBe(w.crm.id);
    expect((await accountsOf(flow, w.db, w.tenant, { install: second.install.id })).crm.id).toBe(second.install.id);
    expect([...(await accountsOf(flow, w.db, w.tenant, { vendor: FIRST })).targets]).toEqual([
      [FIRST, w.crm.id],
      [SECOND, second.install.id],
    ]);
  });

  test('is never one that is not there', async () => {
    await expect(accountsOf(w.world.flow, w.db, w.tenant, { vendor: 'third-crm' })).rejects.toMatchObject({ code: 'install.absent' });
    await expect(w.world.desk.send(w.tenant, '1', request(), 'docusign')).rejects.toMatchObject({ code: 'install.absent' });
  });
});

describe('mappings', () => {
  test('are written for one of them: what is saved for one leaves the other as it was', async () => {
    const { desk } = w.world;
    const before = await versions(FIRST);
    expect(new Set([...before, ...(await versions(SECOND))]).size).toBe(6);
    const changed = projectFile('mappings/hubspot/writeback.yaml').replace('esign_template: envelope.template', 'esign_template: \'"second: " + envelope.template\'');
    expect(await desk.saveMapping(w.tenant, 'writeback', changed, '', 'a test', SECOND)).toMatchObject({ saved: true, version: 2 });
    expect(await versions(FIRST)).toEqual(before);
    expect((await listMappings(w.db, w.tenant, FIRST, 'writeback')).map(({ version }) => version)).toEqual([1]);
    await expect(desk.activateMapping(w.tenant, 'writeback', 2, 'a test', FIRST)).rejects.toMatchObject({ code: 'request.not-found' });
  });

  test('that an envelope is pinned to are those of the CRM that it was sent from, and so is everything that is written', async () => {
    second.plant('2001', 'A deal of the second', 'bo.1@example.com');
    const deal = plantDeal(w);
    deal.move('contractsent');
    const { correlation } = await w.world.desk.send(w.tenant, '2001', request(), SECOND);
    const { envelope } = await envelopeOf(correlation);
    await deal.becomes('sent');
    await w.settled();
    const [other] = await deal.envelopes();
    expect([envelope.crm, other?.envelope.crm]).toEqual([second.install.id, w.crm.id]);
    expect([envelope.send_mapping, envelope.writeback_mapping, envelope.journey_mapping].sort()).toEqual(await versions(SECOND));
    expect([other?.envelope.send_mapping, other?.envelope.writeback_mapping, other?.envelope.journey_mapping].sort()).toEqual(await versions(FIRST));
    expect([second.says('2001')['esign_template'], deal.says('esign_template')]).toEqual(['second: Order form', 'Order form']);
  });
});

describe('an envelope', () => {
  test('is told to the CRM that it was sent from, from the send to the signed end, and to no other', async () => {
    second.plant('2002', 'Another deal of the second', 'bo.2@example.com');
    const { correlation } = await w.world.desk.send(w.tenant, '2002', request(), SECOND);
    const { envelope } = await envelopeOf(correlation);
    for (const role of ['Customer', 'Countersigner']) w.sandbox.docusign.sign(envelope.remote ?? '', role);
    await w.until('the end of it', () => second.says('2002')['esign_status'] === 'completed');
    await w.settled();
    const effects = await w.db.selectFrom('outbox').select(['kind', 'install', 'state']).where('envelope', '=', envelope.id).execute();
    const ofCrm = effects.filter(({ kind }) => kind === 'record.write' || kind.startsWith('journey'));
    expect(ofCrm.length).toBeGreaterThan(2);
    expect(new Set(ofCrm.map(({ install, state }) => `${install} ${state}`))).toEqual(new Set([`${second.install.id} done`]));
    expect(second.joined.map(([, contact]) => contact)).toContain('contact-of-2002');
    expect(second.writes.filter(({ record }) => record.id === 'contact-of-2002').length).toBeGreaterThan(0);
  });

  test('that was not sent from here is noted: a provider tells of every envelope in its account, and of none is asked which CRM', async () => {
    const settled = () => w.db.selectFrom('inbox').select(['state', 'error']).where('install', '=', w.sign.id).orderBy('received_at', 'desc').executeTakeFirst();
    const event = {
      event: 'envelope-completed',
      apiVersion: 'v2.1',
      uri: '/',
      retryCount: 0,
      configurationId: 1,
      generatedDateTime: new Date(w.clock.now()).toISOString(),
      data: {
        accountId: w.sign.account,
        userId: 'u',
        envelopeId: '00000000-1111-4222-8333-444444444444',
        envelopeSummary: {
          status: 'completed',
          envelopeId: '00000000-1111-4222-8333-444444444444',
          sentDateTime: new Date(w.clock.now()).toISOString(),
          completedDateTime: new Date(w.clock.now()).toISOString(),
          statusChangedDateTime: new Date(w.clock.now()).toISOString(),
          customFields: { textCustomFields: [] },
          recipients: { signers: [] },
        },
      },
    };
    expect((await postSign(w, event)).ok).toBe(true);
    await w.settled();
    expect(await settled()).toMatchObject({ state: 'done', error: null });
    expect(await deadNotices()).toEqual([]);
  });

  test('of a deal is not shown with a deal of the same id in the other CRM, and does not move with it', async () => {
    const deal = plantDeal(w);
    second.plant(deal.id, 'The same id', 'bo.3@example.com');
    deal.move('contractsent');
    await deal.becomes('sent');
    const [own] = await deal.envelopes();
    if (!own) throw new Error('The first deal has an envelope.');
    const other = await envelopeOf((await w.world.desk.send(w.tenant, deal.id, request(), SECOND)).correlation);
    expect([own.envelope.crm, other.envelope.crm]).toEqual([w.crm.id, second.install.id]);
    const shown = async (crm: string) => (await w.world.desk.card(w.tenant, deal.id, crm)).envelopes.map(({ id }) => id);
    expect([await shown(FIRST), await shown(SECOND)]).toEqual([[own.envelope.id], [other.envelope.id]]);
    // A deal of the first that goes back takes its own envelope with it, and no other.
    deal.move('proposal');
    await deal.becomes('voided');
    await w.settled();
    const statuses = async (crm: Install) => (await listEnvelopesOfDeal(w.db, w.tenant, crm.id, deal.id)).map(({ envelope }) => [envelope.id, envelope.status]);
    expect(await statuses(w.crm)).toEqual([[own.envelope.id, 'voided']]);
    expect(await statuses(second.install)).toEqual([[other.envelope.id, 'sent']]);
  });

  test('that is asked for with the same key on a deal of the same id is one in each CRM', async () => {
    const deal = plantDeal(w);
    second.plant(deal.id, 'The same id', 'bo.5@example.com');
    const same = request();
    const [first, other] = [await w.world.desk.send(w.tenant, deal.id, same, FIRST), await w.world.desk.send(w.tenant, deal.id, same, SECOND)];
    expect(first.correlation).not.toBe(other.correlation);
    await w.until('both deals to be told', () => deal.says('esign_status') === 'sent' && second.says(deal.id)['esign_status'] === 'sent');
    await w.settled();
    const rows = await w.db.selectFrom('envelopes').select('crm').where('deal', '=', deal.id).execute();
    expect(rows.map(({ crm }) => crm).sort()).toEqual([w.crm.id, second.install.id].sort());
  });
});

describe('one of them that leaves', () => {
  test('leaves the other as the only one, which need not be named; what becomes of its own envelopes is known and waits for it', async () => {
    second.plant('2003', 'A last deal of the second', 'bo.4@example.com');
    const { correlation } = await w.world.desk.send(w.tenant, '2003', request(), SECOND);
    const { envelope } = await envelopeOf(correlation);
    await w.settled();
    await w.world.desk.disconnect(w.tenant, second.install.id, 'a test');
    expect(await w.world.desk.crms(w.tenant)).toEqual([FIRST]);
    expect(await w.world.desk.checkMappings(w.tenant)).toEqual([]);
    const deal = plantDeal(w);
    await w.world.desk.send(w.tenant, deal.id, request());
    await deal.becomes('sent');

    for (const role of ['Customer', 'Countersigner']) w.sandbox.docusign.sign(envelope.remote ?? '', role);
    await w.until('its end', async () => {
      const [row] = await w.db.selectFrom('envelopes').select('status').where('id', '=', envelope.id).execute();
      return row?.status === 'completed';
    });
    await w.settled();
    const waiting = await w.db.selectFrom('outbox').select(['install', 'state']).where('envelope', '=', envelope.id).where('state', 'in', ['ready', 'held']).execute();
    expect(waiting.length).toBeGreaterThan(0);
    expect(new Set(waiting.map(({ install }) => install))).toEqual(new Set([second.install.id]));
    expect(await deadNotices()).toEqual([]);
  });
});
