import { docusign } from '#connectors/docusign/index';
import { createDocuSignSandbox, type DocuSignHandles } from '#connectors/docusign/sandbox';
import type { EnvelopeId } from '#core/ids';
import { hmacBase64 } from '#lib/hmac';
import { newId } from '#lib/ids';
import type { Sandbox } from '#ports/sandbox';
import type { EnvelopeRequest } from '#ports/sign';
import { openPlace, type Place } from './place.ts';
import type { TriedVendor } from './tried.ts';

const at = (place: Place) => place.sandbox as Sandbox & DocuSignHandles;
const SIGNATURE = /^x-docusign-signature-\d+$/;
const SIGNER = { role: 'Customer', name: 'Ines Duarte', email: 'ines.duarte@example.com', order: 1 };
const COUNTERSIGNER = { role: 'Countersigner', name: 'Robin Vega', email: 'robin.vega@example.com', order: 2 };
const ORDER_FORM = '3b8f0a1e-52c7-4d19-b6a4-0e7c91d2f801';
const ORDER_FORM_WITH_CONSENT = '5f27b93c-0d68-4e1b-a7c5-91e34d06fa04';

const request = (envelope: EnvelopeId): EnvelopeRequest => ({
  envelope,
  template: ORDER_FORM,
  subject: 'Order form',
  message: 'Please sign.',
  recipients: [SIGNER, COUNTERSIGNER],
  fields: [{ role: 'Customer', label: 'DealName', value: 'A deal' }],
  labels: { deal: '1', first_source: 'newsletter' },
  reminders: { afterDays: 2, everyDays: 3 },
  expiresAfterDays: 14,
});

export const triedDocuSign: TriedVendor = {
  connector: docusign,
  open: (more) =>
    openPlace({
      connector: docusign,
      create: createDocuSignSandbox,
      signsWith: 'keys',
      consentForm: { action: '/oauth/auth', allow: { decision: 'allow' }, refuse: { decision: 'cancel' } },
      ...more,
    }),
  revoke: (place) => at(place).revokeGrant(),
  guarded: { method: 'GET', path: '/templates' },
  pages: ['/', '/faults'],
  counts: /^[A-Z]+ \/\S+ \d{3}$/,
  samples: true,
  webhooks: {
    body: 'json',
    protection: {
      by: 'signature',
      headers: SIGNATURE,
      time: null,
      coversUrl: false,
      sign(delivery, secret) {
        const kept = Object.entries(delivery.headers).filter(([name]) => !SIGNATURE.test(name));
        return { ...delivery, headers: { ...Object.fromEntries(kept), 'x-docusign-signature-1': hmacBase64(secret, delivery.body) } };
      },
    },
    async happen(place, { call }) {
      const { sign } = docusign;
      const { id } = (await sign?.draft(call, request(newId('env')))) ?? { id: '' };
      await sign?.send(call, id);
      at(place).sign(id, 'Customer');
    },
    people: () => [SIGNER, COUNTERSIGNER].flatMap(({ name, email }) => [name, name.split(' ')[1] ?? '', email]),
  },
  envelopes: {
    request,
    sign: (place, remote, role) => void at(place).sign(remote, role),
    decline: (place, remote, role) => void at(place).decline(remote, role, 'Too dear.'),
    carrying: (place, envelope) =>
      at(place)
        .envelopes()
        .filter(({ transactionId }) => transactionId === envelope)
        .map(({ envelopeId }) => envelopeId),
    asks: {
      request: (envelope) => ({ ...request(envelope), template: ORDER_FORM_WITH_CONSENT, fields: [{ role: 'Customer', label: 'NewsletterHash', value: 'a hash' }] }),
      role: 'Customer',
      boxes: ['Newsletter', 'Terms'],
      carried: { label: 'NewsletterHash', value: 'a hash' },
      sign: (place, remote, role, ticked) => void at(place).sign(remote, role, undefined, ticked),
    },
  },
};
