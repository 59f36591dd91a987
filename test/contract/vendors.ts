import { docusign } from '#connectors/docusign/index';
import { createDocuSignSandbox, type DocuSignHandles } from '#connectors/docusign/sandbox';
import { hubspot } from '#connectors/hubspot/index';
import { createHubSpotSandbox, type HubSpotHandles } from '#connectors/hubspot/sandbox';
import type { EnvelopeId } from '#core/ids';
import { hmacBase64 } from '#lib/hmac';
import { newId } from '#lib/ids';
import type { Connector } from '#ports/connector';
import type { RawDelivery } from '#ports/inbound';
import type { Sandbox } from '#ports/sandbox';
import type { EnvelopeRequest } from '#ports/sign';
import { openPlace, type Connected, type Opening, type Place } from './place.ts';

/** How a connector is tried: how its sandbox is opened, and what people at the vendor do there. */
export interface TriedVendor {
  connector: Connector;
  open(more?: Partial<Opening>): Promise<Place>;
  /** What a signature of its webhooks stands in and covers. */
  signature: { headers: RegExp; time: string | null; coversUrl: boolean; signsWith: 'app' | 'keys' };
  /** The same body signed with another secret, at another time, as the vendor would. */
  sign(delivery: RawDelivery, secret: string, at: number): RawDelivery;
  /** Makes the vendor tell of something: at least one webhook each time, each of another event. */
  happen(place: Place, connected: Connected): Promise<void>;
  /** The account's admin withdraws the permission. */
  revoke(place: Place): void;
  /** Names and addresses of everybody in the account. */
  people(place: Place): string[];
  crm?: TriedCrm;
  envelopes?: TriedSigning;
  /** A request of a card, signed by the vendor. */
  card?(place: Place, who: { account: string; user: string } | null): RawDelivery;
}
/** What a person does in the CRM, and fields that may be tried on a deal. */
export interface TriedCrm {
  deals(place: Place): string[];
  contacts(place: Place): string[];
  /** Stages in which a deal may be. */
  stages: string[];
  stage(place: Place, deal: string): string | null;
  move(place: Place, deal: string, stage: string): void;
  text: string;
  other: string;
  once: string;
  unknown: string;
  /** What the CRM holds now. */
  value(place: Place, deal: string, field: string): string | null;
  members(place: Place, list: string): string[];
  tasks(place: Place, deal: string): number;
}
/** What signers do, and what the provider holds. */
export interface TriedSigning {
  request(envelope: EnvelopeId): EnvelopeRequest;
  sign(place: Place, remote: string, role: string): void;
  decline(place: Place, remote: string, role: string): void;
  /** Ids of what carries our id, bin and all. */
  carrying(place: Place, envelope: EnvelopeId): string[];
}

const hubspotOf = (place: Place) => place.sandbox as Sandbox & HubSpotHandles;
const docusignOf = (place: Place) => place.sandbox as Sandbox & DocuSignHandles;
const STAGES = ['qualified', 'proposal', 'contractsent', 'closedwon'];
let moves = 0;

const triedHubSpot: TriedVendor = {
  connector: hubspot,
  open: (more) =>
    openPlace({
      connector: hubspot,
      create: createHubSpotSandbox,
      signsWith: 'app',
      consentForm: { action: '/oauth/authorize', allow: { answer: 'connect' }, refuse: { answer: 'cancel' } },
      ...more,
    }),
  signature: { headers: /^x-hubspot-signature-v3$/, time: 'x-hubspot-request-timestamp', coversUrl: true, signsWith: 'app' },
  sign(delivery, secret, at) {
    const time = String(at);
    const signature = hmacBase64(secret, delivery.method, delivery.url, delivery.body, time);
    return { ...delivery, headers: { ...delivery.headers, 'x-hubspot-request-timestamp': time, 'x-hubspot-signature-v3': signature } };
  },
  async happen(place) {
    const { id } = hubspotOf(place).dealNamed('Harbour Coffee');
    hubspotOf(place).moveDeal(id, STAGES[moves++ % STAGES.length] ?? '');
    hubspotOf(place).moveDeal(id, STAGES[moves++ % STAGES.length] ?? '');
  },
  revoke: (place) => hubspotOf(place).revokeGrant(),
  people: (place) =>
    [
      ...hubspotOf(place)
        .account.all('contacts')
        .flatMap(({ properties }) => [properties['lastname'] ?? '', properties['email'] ?? '']),
      ...hubspotOf(place)
        .world()
        .owners.flatMap(({ lastName, email }) => [lastName, email]),
    ].filter(Boolean),
  crm: {
    deals: (place) =>
      hubspotOf(place)
        .account.all('deals')
        .map(({ id }) => id),
    contacts: (place) =>
      hubspotOf(place)
        .account.all('contacts')
        .map(({ id }) => id),
    stages: STAGES,
    stage: (place, deal) => hubspotOf(place).deal(deal)?.properties['dealstage'] ?? null,
    move: (place, deal, stage) => hubspotOf(place).moveDeal(deal, stage),
    text: 'esign_reason',
    other: 'esign_template',
    once: 'esign_first_touch_source',
    unknown: 'no_such_field',
    value: (place, deal, field) => hubspotOf(place).deal(deal)?.properties[field] ?? null,
    members: (place, list) => hubspotOf(place).listMembers(list) ?? [],
    tasks: (place, deal) => hubspotOf(place).account.linked(deal, 'tasks').length,
  },
  card(place, who) {
    const query = who ? `userId=${who.user}&portalId=${who.account}&appId=31337` : 'appId=31337';
    const url = `${new URL(place.app.apiUrl).origin}/cards/hubspot/deals/1?${query}`;
    return triedHubSpot.sign({ method: 'GET', url, headers: {}, body: new Uint8Array() }, place.app.clientSecret.reveal(), place.clock.now());
  },
};

const SIGNER = { role: 'Customer', name: 'Ines Duarte', email: 'ines.duarte@example.com', order: 1 };
const COUNTERSIGNER = { role: 'Countersigner', name: 'Robin Vega', email: 'robin.vega@example.com', order: 2 };
const ORDER_FORM = '3b8f0a1e-52c7-4d19-b6a4-0e7c91d2f801';

const triedDocuSign: TriedVendor = {
  connector: docusign,
  open: (more) =>
    openPlace({
      connector: docusign,
      create: createDocuSignSandbox,
      signsWith: 'keys',
      consentForm: { action: '/oauth/auth', allow: { decision: 'allow' }, refuse: { decision: 'cancel' } },
      ...more,
    }),
  signature: { headers: /^x-docusign-signature-\d+$/, time: null, coversUrl: false, signsWith: 'keys' },
  sign(delivery, secret) {
    const kept = Object.entries(delivery.headers).filter(([name]) => !triedDocuSign.signature.headers.test(name));
    return { ...delivery, headers: { ...Object.fromEntries(kept), 'x-docusign-signature-1': hmacBase64(secret, delivery.body) } };
  },
  async happen(place, { call }) {
    const { sign } = docusign;
    const { id } = (await sign?.draft(call, tried.envelopes.request(newId('env')))) ?? { id: '' };
    await sign?.send(call, id);
    docusignOf(place).sign(id, 'Customer');
  },
  revoke: (place) => docusignOf(place).revokeGrant(),
  people: () => [SIGNER, COUNTERSIGNER].flatMap(({ name, email }) => [name, name.split(' ')[1] ?? '', email]),
  envelopes: {
    request: (envelope) => ({
      envelope,
      template: ORDER_FORM,
      subject: 'Order form',
      message: 'Please sign.',
      recipients: [SIGNER, COUNTERSIGNER],
      fields: [{ role: 'Customer', label: 'DealName', value: 'A deal' }],
      labels: { deal: '1', first_source: 'newsletter' },
      reminders: { afterDays: 2, everyDays: 3 },
      expiresAfterDays: 14,
    }),
    sign: (place, remote, role) => void docusignOf(place).sign(remote, role),
    decline: (place, remote, role) => void docusignOf(place).decline(remote, role, 'Too dear.'),
    carrying: (place, envelope) =>
      docusignOf(place)
        .envelopes()
        .filter(({ transactionId }) => transactionId === envelope)
        .map(({ envelopeId }) => envelopeId),
  },
};
const tried = triedDocuSign as TriedVendor & { envelopes: TriedSigning };

/** Every connector has a line here; `contract.test.ts` fails for one that has not. */
export const TRIED: Record<string, TriedVendor> = { hubspot: triedHubSpot, docusign: triedDocuSign };
