import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LEGAL_BASES } from '#core/consent';
import type { Call } from '#ports/call';
import type { ConsentChange } from '#ports/consents';
import { consents } from '#connectors/hubspot/consents';
import { crm } from '#connectors/hubspot/crm';
import { inbound } from '#connectors/hubspot/inbound';
import { app } from '#connectors/hubspot/sandbox/account';
import type { Item } from '#connectors/hubspot/sandbox/world';
import { startSandbox, type TestCall } from './harness.ts';

let world: Awaited<ReturnType<typeof startSandbox>>;
let call: TestCall;
let contact: Item;
let made = 0;
beforeAll(async () => {
  world = await startSandbox();
  call = (await world.install()).call;
});
afterAll(() => world.stop());
beforeEach(() => {
  contact = world.sandbox.account.create('contacts', { firstname: 'Ada', email: `ada.${++made}@example.com` }, app('31337'));
});

const email = (): string => contact.properties.email ?? '';
const change = (more: Partial<ConsentChange> = {}): ConsentChange => ({
  contact: contact.id,
  email: email(),
  topic: { type: 'marketing', purpose: 'newsletter', channel: 'email' },
  status: 'granted',
  basis: 'consent',
  how: 'capture',
  explanation: 'It was captured.',
  text: null,
  locale: null,
  jurisdiction: null,
  capturedAt: 0,
  expiresAt: null,
  evidenceUri: null,
  key: `cns_${made}`,
  ...more,
});
const tell = (more: Partial<ConsentChange> = {}, by: Call = call) => consents.tell(by, change(more));
const stateOf = (address: string) => Object.values(world.sandbox.world().preferences?.people[address]?.of ?? {});

describe('what HubSpot is told', () => {
  test.each(LEGAL_BASES)('has a legal basis and an explanation of a length that fits anywhere (%s)', async (basis) => {
    await tell({ basis, explanation: 'x'.repeat(5000) });
    const [said] = stateOf(email());
    expect([said?.legalBasis, said?.explanation?.length]).toEqual([expect.stringMatching(/^[A-Z_]+$/), 500]);
  });
  test('goes to the subscription of that name, whatever its case and spaces', async () => {
    expect(await tell({ topic: { type: 'marketing', purpose: 'product-news', channel: 'email' } })).toMatchObject({ outcome: 'told' });
    expect(world.sandbox.subscription(email(), 'Product news')).toBe('SUBSCRIBED');
    // One that is not in use any more is none.
    expect(await tell({ topic: { type: 'marketing', purpose: 'spring-event', channel: 'email' } })).toMatchObject({ outcome: 'no-place' });
  });
  test('finds a subscription type that was made since', async () => {
    world.sandbox.world().preferences?.definitions.push({ id: '18200', name: 'Made since', description: '', isActive: true });
    expect(await tell({ topic: { type: 'marketing', purpose: 'made-since', channel: 'email' } })).toMatchObject({ outcome: 'told' });
  });
  test('of a withdrawal is told for the address that was given and for that of the contact', async () => {
    const given = `given.${made}@example.com`;
    for (const address of [given, email()]) world.sandbox.saySubscription(address, 'Newsletter', 'SUBSCRIBED');
    expect(await tell({ email: given, status: 'withdrawn' })).toMatchObject({ outcome: 'told' });
    expect([given, email()].map((address) => world.sandbox.subscription(address, 'Newsletter'))).toEqual(['UNSUBSCRIBED', 'UNSUBSCRIBED']);
  });
  test('is no agreement for an address that nobody knows was meant', async () => {
    expect(await tell({ email: null })).toMatchObject({ outcome: 'no-place' });
    expect(stateOf(email())).toEqual([]);
  });
  test('is no place where the account was connected without the permission, and that is no failure', async () => {
    const other = await startSandbox();
    const { call: without } = await other.install();
    const { grant } = other.sandbox.world();
    if (grant) grant.scopes = grant.scopes.filter((scope) => !scope.startsWith('communication'));
    expect(await tell({}, without)).toMatchObject({ outcome: 'no-place', say: expect.stringMatching(/Connect it again/) as unknown });
    await other.stop();
  });
  test('holds an objection that comes between our look and our call', async () => {
    let calls = 0;
    const address = email();
    const late: Call = {
      ...call,
      through(send, unauthorized) {
        // The last of the two, after the list of subscriptions: the agreement itself.
        if (++calls === 1) world.sandbox.saySubscription(address, 'Newsletter', 'UNSUBSCRIBED');
        return call.through(send, unauthorized);
      },
    };
    // So that the list is known already.
    await tell({ topic: { type: 'marketing', purpose: 'product-news', channel: 'email' } });
    expect(await tell({}, late)).toMatchObject({ outcome: 'kept-out' });
    expect([calls, world.sandbox.subscription(address, 'Newsletter')]).toEqual([1, 'UNSUBSCRIBED']);
  });
});

describe('what people do in HubSpot', () => {
  const factsOf = (notices: Awaited<ReturnType<typeof crm.changes>>['notices']) => notices.flatMap((notice) => inbound.decode(notice, { appId: '31337' }));

  test('is found by asking, and is the withdrawal of everything by e-mail', async () => {
    world.sandbox.leaveMail(email());
    const { notices } = await crm.changes(call, null, Date.now());
    const mine = factsOf(notices).filter((fact) => fact.type === 'consent.acted' && fact.data.contact === contact.id);
    expect(mine).toMatchObject([{ data: { person: null, acts: [{ type: 'marketing', purpose: null, channel: 'email', status: 'withdrawn', how: 'crm' }] } }]);
    expect(JSON.stringify(mine)).not.toContain('example.com');
  });
  test('is the same act by webhook and by asking; what we did ourselves, or that somebody comes back, is none', () => {
    const event = {
      portalId: 1,
      subscriptionType: 'contact.propertyChange',
      objectId: 7,
      propertyName: 'hs_email_optout',
      propertyValue: 'true',
      occurredAt: 5,
      changeSource: 'CRM_UI',
    };
    const decode = (more: object) => inbound.decode({ account: '1', key: 'k', kind: 'contact.propertyChange', at: 5, payload: { ...event, ...more } }, { appId: '31337' });
    expect(decode({})).toMatchObject([{ type: 'consent.acted', at: 5, data: { contact: '7' } }]);
    const none = [{ propertyValue: 'false' }, { propertyValue: '' }, { propertyName: 'email' }, { changeSource: 'INTEGRATION', sourceId: '31337' }];
    expect(none.flatMap(decode)).toEqual([]);
    const typed = { ...event, subscriptionType: 'object.propertyChange', objectTypeId: '0-1' };
    expect(inbound.decode({ account: '1', key: 'k', kind: 'object.propertyChange', at: 5, payload: typed }, { appId: '' })).toHaveLength(1);
  });
});
