import { hubspot } from '#connectors/hubspot/index';
import { createHubSpotSandbox, type HubSpotHandles } from '#connectors/hubspot/sandbox';
import { hmacBase64 } from '#lib/hmac';
import type { Sandbox } from '#ports/sandbox';
import { openPlace, type Place } from './place.ts';
import type { Signed, TriedVendor } from './tried.ts';

const at = (place: Place) => place.sandbox as Sandbox & HubSpotHandles;
const STAGES = ['qualified', 'proposal', 'contractsent', 'closedwon'];
let moves = 0;

const signed: Signed = {
  by: 'signature',
  headers: /^x-hubspot-signature-v3$/,
  time: 'x-hubspot-request-timestamp',
  coversUrl: true,
  sign(delivery, secret, at) {
    const time = String(at);
    const signature = hmacBase64(secret, delivery.method, delivery.url, delivery.body, time);
    return { ...delivery, headers: { ...delivery.headers, 'x-hubspot-request-timestamp': time, 'x-hubspot-signature-v3': signature } };
  },
};

export const triedHubSpot: TriedVendor = {
  connector: hubspot,
  open: (more) =>
    openPlace({
      connector: hubspot,
      create: createHubSpotSandbox,
      signsWith: 'app',
      consentForm: { action: '/oauth/authorize', allow: { answer: 'connect' }, refuse: { answer: 'cancel' } },
      ...more,
    }),
  revoke: (place) => at(place).revokeGrant(),
  guarded: { method: 'GET', path: '/crm/v3/owners' },
  pages: ['/', '/faults'],
  counts: /^[A-Z]+ \/\S+ \d{3}$/,
  samples: true,
  webhooks: {
    body: 'json',
    protection: signed,
    async happen(place) {
      const { id } = at(place).dealNamed('Harbour Coffee');
      at(place).moveDeal(id, STAGES[moves++ % STAGES.length] ?? '');
      at(place).moveDeal(id, STAGES[moves++ % STAGES.length] ?? '');
    },
    people: (place) =>
      [
        ...at(place)
          .account.all('contacts')
          .flatMap(({ properties }) => [properties['lastname'] ?? '', properties['email'] ?? '']),
        ...at(place)
          .world()
          .owners.flatMap(({ lastName, email }) => [lastName, email]),
      ].filter(Boolean),
  },
  crm: {
    prepares: true,
    deals: (place) =>
      at(place)
        .account.all('deals')
        .map(({ id }) => id),
    nobody: '999999999',
    stages: STAGES,
    stage: (place, deal) => at(place).deal(deal)?.properties['dealstage'] ?? null,
    move: (place, deal, stage) => at(place).moveDeal(deal, stage),
    text: 'esign_reason',
    other: 'esign_template',
    once: 'esign_first_touch_source',
    unknown: 'no_such_field',
    value: (place, deal, field) => at(place).deal(deal)?.properties[field] ?? null,
    tasks: (place, deal) => at(place).account.linked(deal, 'tasks').length,
  },
  lists: {
    contacts: (place) =>
      at(place)
        .account.all('contacts')
        .map(({ id }) => id),
    memberOf: (contact) => ({ contact, email: null }),
    nobody: { contact: '999999999', email: null },
    members: (place, list) => at(place).listMembers(list) ?? [],
  },
  consents: {
    people: (place) =>
      at(place)
        .account.all('contacts')
        .flatMap(({ id, properties }) => (properties['email'] ? [{ contact: id, email: properties['email'] }] : [])),
    nobody: '999999999',
    topic: { type: 'marketing', purpose: 'newsletter', channel: 'email' },
    placeless: [
      { type: 'marketing', purpose: 'newsletter', channel: 'phone' },
      { type: 'marketing', purpose: 'no-such-subscription', channel: 'email' },
      { type: 'terms', purpose: null, channel: null },
    ],
    stands: (place, { email }) => (({ SUBSCRIBED: 'in', UNSUBSCRIBED: 'out', NOT_SPECIFIED: 'unsaid' }) as const)[at(place).subscription(email ?? '', 'Newsletter')],
    object(place, { email }, { purpose }) {
      if (purpose === null) at(place).leaveMail(email ?? '');
      else at(place).saySubscription(email ?? '', 'Newsletter', 'UNSUBSCRIBED');
    },
    records: (place) => Object.values(at(place).world().preferences?.people ?? {}).reduce((sum, { of }) => sum + Object.keys(of).length, 0),
    recordsOf: (place, { email }) => Object.keys(at(place).world().preferences?.people[email ?? '']?.of ?? {}).length,
  },
  events: {
    name: 'envelope.completed',
    refused: [],
    member: { contact: '1001', email: null },
    data: { envelope: 'env_1', status: 'completed', Amount: '12' },
    told: (place) => at(place).world().customEvents?.told.length ?? 0,
  },
  card: {
    request(place, who) {
      const query = who ? `userId=${who.user}&portalId=${who.account}&appId=31337` : 'appId=31337';
      const url = `${new URL(place.app.apiUrl).origin}/cards/hubspot/deals/1?${query}`;
      return signed.sign({ method: 'GET', url, headers: {}, body: new Uint8Array() }, place.app.clientSecret.reveal(), place.clock.now());
    },
    who: { account: '42', user: '7' },
    another: '43',
    names: ['userId', 'portalId', 'account', 'user'],
    expires: true,
    twice: (delivery) => ({ ...delivery, url: `${delivery.url}&${new URL(delivery.url).search.slice(1)}` }),
    withAddress: (delivery, address) => ({ ...delivery, url: `${delivery.url}&userEmail=${encodeURIComponent(address)}&email=${encodeURIComponent(address)}` }),
  },
};
