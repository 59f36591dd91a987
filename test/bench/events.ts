import { hmacBase64 } from '#lib/hmac';
import { newToken } from '#lib/ids';

/** What makes an event of DocuSign Connect one of ours. */
export interface Completed {
  account: string;
  /** The provider's id. */
  remote: string;
  /** Ours, where the envelope was sent from here. */
  envelope: string | null;
}

const at = (seconds: number) => `${new Date(Date.UTC(2026, 7, 3, 10, 0, seconds)).toISOString().slice(0, -1)}0000Z`;
const signer = (order: number, role: string, signed: number) => ({
  creationReason: 'sender',
  name: `${role} Example`,
  email: `${role.toLowerCase()}@example.com`,
  recipientId: String(order),
  recipientIdGuid: `${order}c6a2d40-0000-4000-8000-00000000000${order}`,
  requireIdLookup: 'false',
  routingOrder: String(order),
  roleName: role,
  status: 'completed',
  sentDateTime: at(60),
  deliveredDateTime: at(signed - 60),
  signedDateTime: at(signed),
  deliveryMethod: 'email',
});

/** `envelope-completed` as DocuSign sends it in its JSON SIM mode: about 2 KB. */
export function completed({ account, remote, envelope }: Completed): string {
  const custom = [{ fieldId: '1', name: 'deal', show: 'false', required: 'false', value: '9001' }];
  const ours = envelope === null ? {} : { transactionId: envelope };
  const envelopeSummary = {
    status: 'completed',
    documentsUri: `/envelopes/${remote}/documents`,
    recipientsUri: `/envelopes/${remote}/recipients`,
    envelopeUri: `/envelopes/${remote}`,
    emailSubject: 'Please sign the order form',
    envelopeId: remote,
    signingLocation: 'online',
    ...ours,
    createdDateTime: at(0),
    sentDateTime: at(60),
    statusChangedDateTime: at(1320),
    completedDateTime: at(1320),
    sender: { userName: 'Sender Example', userId: '5f0c8a7b-6e1d-4d92-b3a4-c8e2f1097d66', accountId: account, email: 'sender@example.com' },
    customFields: { textCustomFields: custom, listCustomFields: [] },
    recipients: {
      signers: [signer(1, 'Customer', 420), signer(2, 'Countersigner', 1320)],
      agents: [],
      editors: [],
      carbonCopies: [],
      certifiedDeliveries: [],
      recipientCount: '2',
      currentRoutingOrder: '2',
    },
  };
  return JSON.stringify({
    event: 'envelope-completed',
    apiVersion: 'v2.1',
    uri: `/restapi/v2.1/accounts/${account}/envelopes/${remote}`,
    retryCount: 0,
    configurationId: 10_595,
    generatedDateTime: at(1321),
    data: { accountId: account, userId: '5f0c8a7b-6e1d-4d92-b3a4-c8e2f1097d66', envelopeId: remote, envelopeSummary },
  });
}

const PLACE = '@@@@@@@@-@@@@-@@@@-@@@@-@@@@@@@@@@@@';
let count = 0;
/** A provider's id that no other event has. */
export function freshRemote(): string {
  count += 1;
  return `${run}-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
}
const run = Buffer.from(newToken(4), 'base64url').toString('hex').slice(0, 8).padEnd(8, '0');

/** Makes signed requests, each a new event of an account, as fast as strings can be put together. */
export function docusignRequests(path: string, account: string, key: string): () => string {
  const parts = completed({ account, remote: PLACE, envelope: null }).split(PLACE);
  return () => docusignRequest(path, parts.join(freshRemote()), key);
}

export function docusignRequest(path: string, body: string, key: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nx-docusign-signature-1: ${hmacBase64(key, body)}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** The events of a HubSpot delivery that is as long as DocuSign's message. */
export const HUBSPOT_EVENTS = 7;
/** Deliveries of HubSpot's as it groups them: seven stage changes are about 2 KB. */
export function hubspotRequests(publicUrl: string, portal: number, secret: string): () => string {
  return () => {
    const now = Date.now();
    const events = Array.from({ length: HUBSPOT_EVENTS }, () => {
      count += 1;
      return {
        eventId: count,
        subscriptionId: 3_712_001,
        portalId: portal,
        appId: 1_160_452,
        occurredAt: now,
        subscriptionType: 'deal.propertyChange',
        attemptNumber: 0,
        objectId: 10_000_000 + count,
        propertyName: 'dealstage',
        propertyValue: 'presentationscheduled',
        changeSource: 'CRM_UI',
        sourceId: 'userId:5103001',
        isSensitive: false,
      };
    });
    const body = JSON.stringify(events);
    const signature = hmacBase64(secret, 'POST', `${publicUrl}/webhooks/hubspot`, body, String(now));
    return `POST /webhooks/hubspot HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nx-hubspot-signature-v3: ${signature}\r\nx-hubspot-request-timestamp: ${now}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
}
