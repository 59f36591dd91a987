import { afterEach, beforeEach, expect, test } from 'vitest';
import { calls, envelopeIdOf, openOrg, plantOpportunity, recordOf, SENT, waiting, type Opportunity, type OrgWorld } from './salesforce-world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LIMIT = 10_000;
let w: OrgWorld;
beforeEach(async () => {
  w = await openOrg();
});
afterEach(() => w.stop());

const REST = '/services/data';
const refused = async () =>
  (await w.db.selectFrom('outbox').select(['kind', 'error', 'attempts', 'state']).where('error', 'like', '%vendor.quota%').execute()).filter(({ state }) => state === 'ready');
const press = (deal: Opportunity) => w.world.desk.send(w.tenant, deal.id, { key: `press ${deal.id}`, by: 'a test' });

test('near the end of the day’s calls all waits but what people press, and goes on when the day has moved on', async () => {
  const [told, pressed] = [plantOpportunity(w), plantOpportunity(w)];
  w.org.setUsage(LIMIT * 0.96, LIMIT);
  // The header of any answer tells.
  await w.world.desk.card(w.tenant, told.id);
  const before = calls(w, REST);
  told.move(SENT);
  await w.until('the refusal', async () => (await refused()).length > 0);
  await w.round(w.crm);
  expect(calls(w, REST)).toBe(before);
  const [effect] = await refused();
  expect([effect?.kind, effect?.error]).toEqual(['deal.read', expect.stringContaining('kept for people and other integrations')]);
  expect(told.remote()).toEqual([]);

  await press(pressed);
  await pressed.sent();
  expect(pressed.remote()).toHaveLength(1);
  expect((await waiting(w)).filter(({ state }) => state === 'parked')).toEqual([]);

  w.org.setUsage(LIMIT / 2, LIMIT);
  w.clock.skip(16 * MINUTE_MS);
  w.world.flow.wake.outbox();
  await told.becomes('sent');
  await pressed.becomes('sent');
  await w.settled();
  expect(recordOf(w, envelopeIdOf(pressed)).values['Status__c']).toBe('sent');
  expect([told.remote().length, pressed.remote().length]).toEqual([1, 1]);
  expect(await waiting(w)).toEqual([]);
});

test('our share is kept to, by rounds first; a click goes through; it outlives a restart; more of it lets the rest go on', async () => {
  await w.world.desk.setDayShare(w.tenant, w.crm.id, 1, 'a test');
  w.org.setUsage(100, LIMIT);
  const [before, after, pressed] = [plantOpportunity(w), plantOpportunity(w), plantOpportunity(w)];
  // A hundred calls are ours, and whatever was made before counts.
  for (let at = 0; at < 60; at++) await w.world.desk.card(w.tenant, before.id);
  const used = calls(w, REST);
  await w.round(w.crm);
  expect(calls(w, REST)).toBe(used);
  const cursor = () => w.db.selectFrom('cursors').select('error').where('install', '=', w.crm.id).where('name', '=', 'changes').executeTakeFirst();
  expect((await cursor())?.error).toContain('1 % of 10000');
  before.move(SENT);
  await w.until('the refusal', async () => (await refused()).length > 0);
  expect(calls(w, REST)).toBe(used);
  // Known use is kept once a minute.
  w.clock.skip(2 * MINUTE_MS);
  await w.world.desk.card(w.tenant, before.id);
  await w.until('the use to be kept', async () => (JSON.parse((await w.now()).day_use ?? '{"readAt":0}') as { readAt: number }).readAt > w.clock.now() - 2 * MINUTE_MS);
  await w.stop(true);

  w = await openOrg({ folder: w.folder, clock: w.clock, config: { port: Number(new URL(w.address).port) } });
  expect((await w.now()).day_share).toBe(1);
  const again = calls(w, REST);
  w.org.move(after.id, SENT);
  await w.until(
    'the refusal',
    async () => (await w.db.selectFrom('outbox').select('id').where('data', 'like', `%${after.id}%`).where('error', 'like', '%vendor.quota%').execute()).length > 0,
  );
  await w.round(w.crm);
  expect(calls(w, REST)).toBe(again);
  await w.world.desk.send(w.tenant, pressed.id, { key: 'a press', by: 'a test' });
  const out = (id: string) => w.sandbox.docusign.envelopes().filter(({ customFields, status }) => status === 'sent' && customFields.some(({ value }) => value === id)).length;
  await w.until('the envelope', () => out(pressed.id) === 1);
  expect([out(before.id), out(after.id)]).toEqual([0, 0]);

  await w.world.desk.setDayShare(w.tenant, w.crm.id, 90, 'a test');
  w.clock.skip(16 * MINUTE_MS);
  w.world.flow.wake.outbox();
  for (const { id } of [before, after, pressed]) await w.until('the status', () => w.org.field('Opportunity', id, 'Esign_Status__c') === 'sent');
  await w.settled();
  expect([out(before.id), out(after.id), out(pressed.id)]).toEqual([1, 1, 1]);
});

test('what was used a day ago counts no more, and nobody has to press anything for that to be found out', async () => {
  w.org.setUsage(LIMIT * 0.99, LIMIT);
  const deal = plantOpportunity(w);
  await w.world.desk.card(w.tenant, deal.id);
  deal.move(SENT);
  await w.until('the refusal', async () => (await refused()).length > 0);
  w.org.setUsage(10, LIMIT);
  w.clock.skip(DAY_MS + MINUTE_MS);
  w.world.flow.wake.outbox();
  await deal.becomes('sent');
});

test.each([0, 101, 1.5, Number.NaN])('a share of %s percent is none', async (percent) => {
  await expect(w.world.desk.setDayShare(w.tenant, w.crm.id, percent, 'a test')).rejects.toMatchObject({ code: 'request.malformed' });
});
