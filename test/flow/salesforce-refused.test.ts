import { afterEach, describe, expect, test } from 'vitest';
import { PRIORITY } from '#core/effect';
import { alarmOf, calls, envelopeIdOf, openOrg, plantOpportunity, recordOf, SENT, TOKENS, waiting, type OrgWorld } from './salesforce-world.ts';

let w: OrgWorld;
afterEach(() => w.stop());

const parked = async () => (await waiting(w)).filter(({ state }) => state === 'parked');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('an org in which something is missing', () => {
  test.each([
    ['the package', (on: boolean) => w.org.installPackage(on)],
    ['the permission set', (on: boolean) => w.org.assignPermissionSet(on)],
  ])('%s: is told in words before the first send, which is refused with words, and is right once an admin has mended it', async (_what, mend) => {
    w = await openOrg({
      before(org) {
        if (_what === 'the package') org.installPackage(false);
        else org.assignPermissionSet(false);
      },
    });
    expect(await alarmOf(w, 'account-incomplete')).toMatch(/Install the Countersign package.*assign the permission set Countersign Integration/i);
    expect(await alarmOf(w, 'mapping-failed')).toBeDefined();
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await w.until('the decision', async () => (await deal.why()).some((why) => why.startsWith('Nothing was sent')));
    await w.settled();
    expect([deal.remote(), await deal.envelopes()]).toEqual([[], []]);
    const card = await w.world.desk.card(w.tenant, deal.id);
    expect([card.suggested, [card.why, ...card.reasons.map(({ say }) => say)].join(' ').length > 40]).toEqual([null, true]);

    mend(true);
    await w.world.desk.refreshGround(w.tenant, w.crm.id);
    expect([await alarmOf(w, 'account-incomplete'), await alarmOf(w, 'mapping-failed')]).toEqual([undefined, undefined]);
    await w.world.desk.send(w.tenant, deal.id, { key: 'mended', by: 'a test' });
    await deal.becomes('sent');
    await w.settled();
    expect(recordOf(w, envelopeIdOf(deal)).values).toMatchObject({ Status__c: 'sent', Opportunity__c: deal.id });
  });
});

describe('records that go while their envelope is out', () => {
  async function out() {
    w = await openOrg();
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    return { deal, id: envelopeIdOf(deal) };
  }

  test('the opportunity: the envelope and its own record come to their end, what it should have told waits, and lands if it comes back', async () => {
    const { deal, id } = await out();
    w.org.remove(deal.id);
    await w.round(w.crm);
    await w.settled();
    const facts = await w.db.selectFrom('facts').select('type').where('deal', '=', deal.id).execute();
    expect(facts.map(({ type }) => type)).toContain('deal.deleted');
    if (deal.remote()[0]?.status === 'sent') await deal.signed();
    await w.until('the end of the envelope', async () => ['completed', 'voided'].includes((await deal.envelopes())[0]?.envelope.status ?? ''));
    await w.settled();
    const [found] = await deal.envelopes();
    expect(recordOf(w, id).values['Status__c']).toBe(found?.envelope.status);
    const left = await parked();
    expect(left.map(({ error }) => /not-found|deleted/.test(error ?? ''))).toEqual(left.map(() => true));
    w.org.restore(deal.id);
    for (const effect of await w.db.selectFrom('outbox').select('id').where('state', '=', 'parked').execute()) await w.world.desk.replayEffect(w.tenant, effect.id, 'a test');
    await w.settled();
    expect(await parked()).toEqual([]);
    expect([deal.says('Esign_Status__c'), recordOf(w, id).values['Opportunity__c']]).toEqual([found?.envelope.status, deal.id]);
  });

  test('the contact, merged into another: everybody else hears, and the signer’s own record says so', async () => {
    const { deal, id } = await out();
    const master = w.org.add('Contact', { FirstName: 'Ada', LastName: 'Kept', Email: 'ada.kept@example.com', AccountId: deal.account });
    w.org.merge(master, deal.contact);
    await deal.signed();
    await deal.becomes('completed');
    await w.settled();
    expect(recordOf(w, id).values['Status__c']).toBe('completed');
    const signer = w.org.records('Envelope_Recipient__c').find(({ values }) => values['Role__c'] === 'Customer');
    // The merge has moved the link; a later write must not break it, nor fail the record.
    expect(signer?.values).toMatchObject({ Status__c: 'signed', Contact__c: master });
    expect((await parked()).map(({ record }) => record?.split(':')[0]).filter((type) => type === 'deal' || type === 'envelope')).toEqual([]);
  });
});

describe('an org that refuses every call', () => {
  /** Lets real seconds pass, which are twenty times as many for the server. */
  async function asked(work: () => Promise<unknown>): Promise<number> {
    const before = calls(w);
    await work();
    return calls(w) - before;
  }

  test('because the day is used up, is left in peace and told in words; what waited lands once it is over', async () => {
    w = await openOrg();
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    w.org.requestLimitExceeded(true);
    const count = await asked(async () => {
      await deal.signed();
      await w.until('the end of the envelope', async () => (await deal.envelopes())[0]?.envelope.status === 'completed');
      await pause(1500);
    });
    // What was on its way when the first refusal came, and no more.
    expect(count).toBeLessThanOrEqual(6);
    expect((await waiting(w)).map(({ state }) => state).filter((state) => state === 'parked')).toEqual([]);
    await expect(w.world.desk.card(w.tenant, deal.id)).rejects.toMatchObject({ remedy: 'retry' });
    const said = (await w.db.selectFrom('outbox').select('error').where('error', 'is not', null).where('state', '=', 'ready').execute()).map(({ error }) => error);
    expect(said.join()).toMatch(/calls? of the day|limit/i);
    w.org.requestLimitExceeded(false);
    w.clock.skip(3_600_000);
    w.world.flow.wake.outbox();
    await deal.becomes('completed');
  });

  test.each([
    ['401', (on: boolean) => w.org.always401(on)],
    ['403', (on: boolean) => w.org.always403(on)],
  ])('with %s is asked a bounded number of times, and what waited lands once a person has seen to it', async (_status, refuse) => {
    w = await openOrg();
    const deal = plantOpportunity(w);
    deal.move(SENT);
    await deal.becomes('sent');
    await w.settled();
    refuse(true);
    const tokens = calls(w, TOKENS);
    const count = await asked(async () => {
      await deal.signed();
      await w.until('the end of the envelope', async () => (await deal.envelopes())[0]?.envelope.status === 'completed');
      const call = w.world.flow.bind(await w.now(), PRIORITY.background, 'insistent');
      await Promise.allSettled(Array.from({ length: 10 }, () => call.request({ method: 'GET', path: '/services/data/v67.0/limits' })));
      w.org.move(deal.id, 'Closed Won');
      await pause(2000);
    });
    expect(count).toBeLessThan(60);
    expect(calls(w, TOKENS) - tokens).toBeLessThanOrEqual(12);
    expect((await w.now()).state).toBe('reauthorize');
    expect(w.org.grants()).toBe(1);
    // Once it is flagged nothing is asked any more.
    expect(await asked(() => pause(500))).toBe(0);
    refuse(false);
    await w.connectOrg();
    for (const { id } of await w.db.selectFrom('outbox').select('id').where('state', '=', 'parked').execute()) await w.world.desk.replayEffect(w.tenant, id, 'a test');
    await deal.becomes('completed');
    await w.settled();
    expect(recordOf(w, envelopeIdOf(deal)).values['Status__c']).toBe('completed');
  });
});
