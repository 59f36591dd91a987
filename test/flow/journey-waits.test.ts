import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnvelopeId } from '#core/ids';
import { projectFile } from '#lib/root';
import { overdueEffects } from '#store/health';
import { consentGiven } from '../store/fixtures.ts';
import { envelopeOf, plantDeal, type TestDeal } from './deals.ts';
import { freezeRounds, knowInstalls, openWorld, type TestWorld } from './world.ts';

const DAY_MS = 86_400_000;
const RULES = `
  - id: hold
    title: Hold the nurture
    on: [sent]
    steps: [{ leave: Nurture }]
  - id: release
    title: Go on with the nurture
    on: [completed]
    roles: [Customer]
    steps: [{ list: Nurture, consent: { channel: email, purpose: newsletter } }]
  - id: not-viewed
    title: Nobody has looked at it
    on: [sent]
    after: 3
    steps: [{ list: Not viewed, consent: none }]
  - id: wrong-address
    title: Mail came back
    on: [bounced]
    steps: [{ list: Wrong address, consent: none }]
  - id: told
    title: An event
    on: [declined]
    steps: [{ event: envelope.declined, data: { envelope: envelope.id, status: envelope.status, Rule: envelope.rule }, consent: none }]
`;
let w: TestWorld;
beforeAll(async () => {
  w = await openWorld();
  const saved = await w.world.desk.saveMapping(w.tenant, 'journey', `${projectFile('mappings/hubspot/journey.yaml')}${RULES}`, '', 'a test');
  expect(saved).toMatchObject({ saved: true });
});
afterAll(() => w.stop());

const waitsOf = (envelope: string) =>
  w.db
    .selectFrom('outbox')
    .selectAll()
    .where('kind', '=', 'envelope.wait')
    .where('envelope', '=', envelope as EnvelopeId)
    .execute();
const factsOf = (envelope: string) =>
  w.db
    .selectFrom('facts')
    .selectAll()
    .where('type', '=', 'envelope.waited')
    .where('envelope', '=', envelope as EnvelopeId)
    .execute();
/** Sends the deal's contract and waits until the rule waits. */
async function send(deal: TestDeal): Promise<{ remote: string; envelope: string }> {
  deal.move('contractsent');
  const { envelopeId } = await deal.sent();
  await deal.becomes('sent');
  const envelope = envelopeOf(deal);
  await w.until('the wait', async () => (await waitsOf(envelope)).length > 0);
  return { remote: envelopeId, envelope };
}
const members = (list: string) => w.sandbox.hubspot.listMembers(list) ?? [];
const asked = (kind: 'journey.join' | 'journey.leave' | 'journey.emit', deal: TestDeal, state = 'done') =>
  w.until(`${kind} to be ${state}`, async () =>
    (
      await w.db
        .selectFrom('outbox')
        .selectAll()
        .where('kind', '=', kind)
        .where('state', '=', state as 'done')
        .execute()
    ).find(({ data }) => data.includes(deal.contact)),
  );

/** Days go by, and whoever sleeps looks again. */
async function passes(ms: number): Promise<void> {
  w.clock.skip(ms);
  w.world.flow.wake.outbox();
}

describe('a wait', () => {
  test('stands in the outbox, blocks nobody and is not overdue; it outlives a restart, and runs once, when its time has come', async () => {
    const deal = plantDeal(w);
    const { envelope: id } = await send(deal);
    const [wait] = await waitsOf(id);
    expect(wait).toMatchObject({ state: 'ready', install: w.sign.id, attempts: 0 });
    const [envelope] = await deal.envelopes();
    // The provider's own time may be told a moment after the answer to our call.
    expect(Math.abs((wait?.run_at ?? 0) - (envelope?.envelope.sent_at ?? 0) - 3 * DAY_MS)).toBeLessThan(60_000);
    expect((await overdueEffects(w.db, w.clock.now())).filter(({ install }) => install === w.sign.id)).toEqual([]);
    await passes(2 * DAY_MS);
    // The lane of the provider goes on meanwhile.
    await send(plantDeal(w));
    expect(await factsOf(id)).toEqual([]);

    await w.stop(true);
    const { tenant } = w;
    // Not connected anew: that waits until nothing waits.
    w = await openWorld({ folder: w.folder, clock: w.clock, connect: false, config: { port: Number(new URL(w.address).port) } });
    w.tenant = tenant;
    await knowInstalls(w);
    await freezeRounds(w.db);
    await passes(DAY_MS);
    await w.until('the step', () => members('Not viewed').includes(deal.contact));
    expect((await factsOf(id)).map(({ outcome, why }) => [outcome, why.includes('still sent')])).toEqual([['moved', true]]);
    await passes(4 * DAY_MS);
    await w.settled();
    expect(await factsOf(id)).toHaveLength(1);
    expect((await waitsOf(id)).map(({ state, attempts }) => [state, attempts])).toEqual([['done', 1]]);
  });

  test('of an envelope that moved on is noted, and nothing follows', async () => {
    const deal = plantDeal(w);
    const { remote, envelope: id } = await send(deal);
    w.sandbox.docusign.open(remote, 'Customer');
    await deal.becomes('viewed');
    await passes(4 * DAY_MS);
    await w.until('the wait to be over', async () => (await factsOf(id)).length > 0);
    await w.settled();
    expect((await factsOf(id)).map(({ outcome }) => outcome)).toEqual(['noted']);
    expect(members('Not viewed')).not.toContain(deal.contact);
  });
});

test('mail that comes back is told once, and the envelope stays where it is', async () => {
  const deal = plantDeal(w);
  const { remote } = await send(deal);
  w.sandbox.docusign.bounce(remote, 'Customer');
  await w.until('the step', () => members('Wrong address').includes(deal.contact));
  expect((await deal.envelopes()).map(({ envelope, recipients }) => [envelope.status, recipients.find(({ role }) => role === 'Customer')?.status])).toEqual([['sent', 'bounced']]);
});

describe('a nurture', () => {
  async function subscribed(deal: TestDeal) {
    const email = w.sandbox.hubspot.contact(deal.contact)?.properties.email ?? '';
    const identity = { name: null, email, method: 'test', ip: null, userAgent: null };
    await w.world.desk.reportConsent(w.tenant, { key: `news ${deal.id}`, email, acts: [consentGiven({ source: deal.id })], identity }, 'a test');
  }
  const put = async (deal: TestDeal) => {
    const { lists } = w.sandbox.hubspot.world();
    const known = Object.values(lists).find(({ name }) => name === 'Nurture');
    if (known) known.members[deal.contact] = 1;
    else lists['900'] = { id: '900', name: 'Nurture', processingType: 'MANUAL', createdAt: 0, members: { [deal.contact]: 1 } };
  };

  test('is held while a contract is out, and goes on after it', async () => {
    const deal = plantDeal(w);
    await subscribed(deal);
    await put(deal);
    const { remote } = await send(deal);
    await asked('journey.leave', deal);
    expect(members('Nurture')).not.toContain(deal.contact);
    for (const role of ['Customer', 'Countersigner']) w.sandbox.docusign.sign(remote, role);
    await w.until('the release', () => members('Nurture').includes(deal.contact));
  });

  test('does not go on for who withdrew, though it was held without asking', async () => {
    const deal = plantDeal(w);
    await put(deal);
    const { remote } = await send(deal);
    await asked('journey.leave', deal);
    for (const role of ['Customer', 'Countersigner']) w.sandbox.docusign.sign(remote, role);
    await deal.becomes('completed');
    await passes(4 * DAY_MS);
    await w.settled();
    expect(members('Nurture')).not.toContain(deal.contact);
    const facts = await w.db.selectFrom('facts').select('why').where('deal', '=', deal.id).execute();
    expect(facts.some(({ why }) => why.includes('Without the consent that it asks for, the journey rule "release" was left out.'))).toBe(true);
  });

  test('whose answer got lost is left once more, and is left', async () => {
    const deal = plantDeal(w);
    await put(deal);
    w.misbehave({ lostReply: 0.4 });
    await send(deal);
    await asked('journey.leave', deal);
    w.behave();
    expect(members('Nurture')).not.toContain(deal.contact);
  });
});

describe('a custom event', () => {
  async function decline(deal: TestDeal) {
    const { remote } = await send(deal);
    w.sandbox.docusign.decline(remote, 'Customer', 'No.');
  }
  test('is sent once, under a definition that was made with the account', async () => {
    const deal = plantDeal(w);
    await decline(deal);
    await asked('journey.emit', deal);
    const { customEvents, portalId } = w.sandbox.hubspot.world();
    const told = customEvents?.told.filter(({ objectId }) => objectId === deal.contact);
    expect(told).toMatchObject([
      {
        eventName: `pe${portalId}_countersign_envelope`,
        properties: { event: 'envelope.declined', envelope: expect.stringMatching(/^env_/), status: 'declined', data: expect.stringContaining('"Rule"') },
      },
    ]);
  });
  test('of an account without the feature waits for a person, with words, and holds nothing else up', async () => {
    const hubspot = w.sandbox.hubspot.world();
    const before = hubspot.customEvents ?? null;
    hubspot.customEvents = null;
    const deal = plantDeal(w);
    await decline(deal);
    const parked = await asked('journey.emit', deal, 'parked');
    hubspot.customEvents = before;
    expect(parked.error).toContain('feature.unsupported');
    expect(parked.error).toContain('takes no custom events');
    await deal.becomes('declined');
    expect((await w.db.selectFrom('installs').select('state').where('id', '=', w.crm.id).execute()).map(({ state }) => state)).toEqual(['active']);
  });
  test('that was not granted is warned of when the mapping is checked', async () => {
    const faults = async () => (await w.world.desk.checkMappings(w.tenant)).filter(({ kind, path }) => kind === 'journey' && path.includes('event'));
    expect(await faults()).toEqual([]);
    const { scopes } = await w.db.selectFrom('installs').select('scopes').where('id', '=', w.crm.id).executeTakeFirstOrThrow();
    await w.db.updateTable('installs').set({ scopes: '[]' }).where('id', '=', w.crm.id).execute();
    expect(await faults()).toMatchObject([{ level: 'warning', say: expect.stringContaining('takes no custom events') }]);
    await w.db.updateTable('installs').set({ scopes }).where('id', '=', w.crm.id).execute();
  });
});

test('a dry run shows what waits, what follows mail that comes back, and what consent would keep back today', async () => {
  const deal = plantDeal(w, { properties: { dealstage: 'contractsent' } });
  const { steps, decision } = await w.world.desk.dryRun(w.tenant, deal.id);
  const who = (decision.send ? decision.plan.recipients.find(({ contact }) => contact === deal.contact)?.name : undefined) ?? '';
  expect(who).toMatch(/^Ada Example/);
  expect(steps).toContainEqual({ status: 'sent', say: `${who} joins the list "Not viewed"`, when: 'Still so after 3 days' });
  expect(steps).toContainEqual({ status: 'sent', say: `${who} joins the list "Wrong address"`, when: 'If mail to Customer comes back' });
  expect(steps).toContainEqual({ status: 'sent', say: `${who} leaves the list "Nurture"` });
  const withheld = 'there is no consent in force to marketing by email for newsletter';
  expect(steps).toContainEqual({ status: 'completed', say: `${who} joins the list "Nurture"`, withheld });
});
