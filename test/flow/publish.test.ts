import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENTS, EVENT_TYPES, eventsJsonSchema, testEvent, type Event } from '#core/events';
import { newId } from '#lib/ids';
import type { EndpointId } from '#core/ids';
import { listConsents } from '#store/consents';
import { consentGiven } from '../store/fixtures.ts';
import { plantDeal, type Person, type TestDeal } from './deals.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { openWorld, type TestWorld } from './world.ts';

const SIGNER: Person = { firstname: 'Quirina', lastname: 'Zabelworth', email: 'quirina.zabelworth@example.com' };
const REASON = 'Zabelworth says: not at this price.';

const ajv = new Ajv2020({ strict: false });
const holds = ajv.compile(eventsJsonSchema());
const isEvent = (event: unknown): boolean => holds(event);

let w: TestWorld;
let receiver: Receiver;
let endpoint: EndpointId;
let deals: Record<'completed' | 'declined' | 'voided', TestDeal>;
beforeAll(async () => {
  w = await openWorld();
  receiver = await startReceiver();
  ({ id: endpoint } = await w.world.desk.endpoints.add(w.tenant, { url: `${receiver.url}/hook`, events: [], description: 'a tool' }, 'a test'));
  const plant = (name: string) => plantDeal(w, { person: SIGNER, properties: { dealname: `${SIGNER.lastname} ${name}`, hs_analytics_source: 'PAID_SOCIAL' } });
  deals = { completed: plant('completes'), declined: plant('declines'), voided: plant('is voided') };
  for (const deal of Object.values(deals)) deal.move('contractsent');
  const { docusign } = w.sandbox;
  const completed = await deals.completed.sent();
  await deals.completed.becomes('sent');
  docusign.open(completed.envelopeId, 'Customer');
  await deals.completed.becomes('viewed');
  docusign.sign(completed.envelopeId, 'Customer');
  await deals.completed.becomes('partially_signed');
  docusign.sign(completed.envelopeId, 'Countersigner');
  await deals.completed.becomes('completed');
  const declined = await deals.declined.sent();
  docusign.decline(declined.envelopeId, 'Customer', REASON);
  await deals.declined.becomes('declined');
  await deals.voided.becomes('sent');
  const [out] = await deals.voided.envelopes();
  await w.world.desk.void(w.tenant, out?.envelope.id ?? 'env_none', REASON, SIGNER.email);
  await deals.voided.becomes('voided');
  await w.settled();
  await told();
});
afterAll(async () => {
  await w.stop();
  await receiver.close();
});

/** Waits until no message is on its way. */
async function told(): Promise<void> {
  await w.until('the messages to be told', async () => (await w.db.selectFrom('messages').select('id').where('state', 'in', ['ready', 'leased']).execute()).length === 0);
}
const events = (): Event<'document_completed'>[] => receiver.heard.map(({ body }) => JSON.parse(body) as Event<'document_completed'>);
const of = (deal: TestDeal) => events().filter(({ data }) => data.deal === deal.id);

describe('what happens to an envelope', () => {
  test('is told in the order in which it happened, once each', () => {
    expect(of(deals.completed).map(({ type }) => type)).toEqual(['document_sent', 'document_viewed', 'document_partially_signed', 'document_completed']);
    expect(
      of(deals.declined)
        .map(({ type }) => type)
        .at(-1),
    ).toBe('document_declined');
    expect(of(deals.voided).map(({ type }) => type)).toEqual(['document_sent', 'document_voided']);
  });

  test('is told with pointers and status', async () => {
    const [found] = await deals.completed.envelopes();
    const last = of(deals.completed).at(-1);
    expect(last?.data).toMatchObject({
      envelope: found?.envelope.id,
      crm: { connector: 'hubspot', account: w.crm.account },
      provider: { connector: 'docusign', account: w.sign.account, envelope: found?.envelope.remote },
      status: 'completed',
      recipients: [
        { role: 'Customer', order: 1, status: 'signed' },
        { role: 'Countersigner', order: 3, status: 'signed' },
      ],
      waitingFor: [],
      attribution: JSON.parse(found?.envelope.attribution ?? '{}') as object,
      correlation: found?.envelope.correlation,
      url: `${w.address}/t/${w.tenant}/envelopes/${found?.envelope.id ?? ''}`,
    });
    expect(last?.timestamp).toBe(last?.data.completedAt);
    expect(of(deals.completed)[0]?.data).toMatchObject({ status: 'sent', waitingFor: ['Customer'], completedAt: null });
  });

  test('names no person and repeats nobody’s words', () => {
    const told = receiver.heard.map(({ url, headers, body }) => JSON.stringify([url, headers, body])).join('\n');
    expect(told.length).toBeGreaterThan(1000);
    for (const word of [SIGNER.firstname, SIGNER.lastname, SIGNER.email, REASON, deals.completed.contact]) expect(told).not.toContain(word);
  });

  test('told once more by the provider is no new message', async () => {
    const before = receiver.heard.length;
    w.misbehave({ duplicate: 1 });
    const [remote] = deals.completed.remote();
    await w.round(w.sign);
    await w.settled();
    await told();
    w.behave();
    expect(remote?.status).toBe('completed');
    expect(receiver.heard.length).toBe(before);
  });

  test('is told of facts that are in the ledger, and of each that moved a status', async () => {
    const facts = await w.db.selectFrom('facts').select(['id', 'why', 'envelope']).where('type', '=', 'envelope.status').where('outcome', '=', 'moved').execute();
    const moved = facts.filter(({ why }) => /went from [\w ]+ to \w+/.test(why)).map(({ id, envelope }) => `${id}|${envelope ?? ''}`);
    const keys = (await w.db.selectFrom('messages').select('key').where('endpoint', '=', endpoint).execute()).map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(7);
    expect(keys.sort()).toEqual(moved.sort());
  });
});

describe('the catalogue', () => {
  test('holds every event that was told', () => {
    const faulty = events().filter((event) => !isEvent(event));
    expect(faulty).toEqual([]);
  });
  test('is strict enough that nothing else is told beside it', () => {
    for (const event of events()) {
      const { shape } = EVENTS[event.type].shape.data;
      expect(Object.keys(event.data).sort()).toEqual(Object.keys(shape).sort());
    }
  });
  test('refuses what is no event', () => {
    const [good] = of(deals.completed);
    expect(holds({ ...good, type: 'document_eaten' })).toBe(false);
    expect(holds({ ...good, data: { ...good?.data, status: 'eaten' } })).toBe(false);
    expect(holds({ ...good, data: { ...good?.data, envelope: undefined } })).toBe(false);
  });
  test('takes tests, which are told in the same way', () => expect(holds(testEvent(newId('enp'), 0))).toBe(true));
  test('is served to whoever asks', async () => {
    const answer = await fetch(`${w.address}/events.schema.json`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('json')]);
    expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(eventsJsonSchema())));
    expect(EVENT_TYPES.length).toBe(12);
  });
});

describe('consents', () => {
  test('are told once each as the ledger has them, naming nobody', async () => {
    const email = 'told@example.com';
    const identity = { name: 'Told Example', email, method: 'api-key', ip: null, userAgent: null };
    const act = (status: 'granted' | 'withdrawn', capturedAt: number) => consentGiven({ status, capturedAt, source: 'publish' });
    const report = (key: string, status: 'granted' | 'withdrawn', at: number) => w.world.desk.reportConsent(w.tenant, { key, email, identity, acts: [act(status, at)] }, 'a test');
    const { person } = await report('one', 'granted', 1000);
    await report('again', 'granted', 1000);
    await report('back', 'withdrawn', 2000);
    await w.settled();
    await told();
    const heard = receiver.heard.map(({ body }) => JSON.parse(body) as { type: string; timestamp: string; data: { person: string; consent: string } });
    const theirs = heard.filter(({ type, data }) => type.startsWith('consent_') && data.person === person);
    expect(theirs.map(({ type, timestamp }) => [type, timestamp])).toEqual([
      ['consent_granted', '1970-01-01T00:00:01.000Z'],
      ['consent_withdrawn', '1970-01-01T00:00:02.000Z'],
    ]);
    expect(theirs.map((event) => isEvent(event))).toEqual([true, true]);
    expect(theirs.map(({ data }) => data.consent)).toEqual((await listConsents(w.db, w.tenant, person)).map(({ id }) => id));
    expect(JSON.stringify(theirs)).not.toMatch(/told example|told@/i);
  });
});
