import { describe, expect, test } from 'vitest';
import { CONNECTORS } from '#src/vendors';
import { authContract } from './auth.ts';
import { cardsContract } from './cards.ts';
import { consentsContract } from './consents.ts';
import { crmContract } from './crm.ts';
import { inboundContract } from './inbound.ts';
import { emitContract, joinContract } from './journey.ts';
import { manifestContract } from './manifest.ts';
import { sandboxContract, tellingContract } from './sandbox.ts';
import { signContract } from './sign.ts';
import { TRIED } from './vendors.ts';

test('every connector is tried', () => expect(Object.keys(TRIED).sort()).toEqual(CONNECTORS.map(({ manifest }) => manifest.id).sort()));

/** What every connector holds, whoever its vendor is. A capability brings its suite along; a line in `vendors.ts` says how to try it. */
for (const { manifest } of CONNECTORS) {
  const vendor = TRIED[manifest.id];
  if (!vendor) continue;
  const { inbound, crm, journey, sign, consents, cards } = vendor.connector;
  describe(manifest.name, () => {
    test('says how each of its capabilities is tried', () =>
      expect([inbound, crm, journey?.join, journey?.emit, sign, consents, cards].map(Boolean)).toEqual(
        [vendor.webhooks, vendor.crm, vendor.lists, vendor.events, vendor.envelopes, vendor.consents, vendor.card].map(Boolean),
      ));
    manifestContract(vendor);
    authContract(vendor);
    sandboxContract(vendor);
    if (inbound && vendor.webhooks) {
      tellingContract(vendor, vendor.webhooks, inbound);
      inboundContract(vendor, vendor.webhooks, inbound);
    }
    if (crm && vendor.crm && inbound) crmContract(vendor, crm, vendor.crm, inbound);
    if (journey?.join && vendor.lists) joinContract(vendor, journey.join.bind(journey), vendor.lists);
    if (journey?.emit && vendor.events) emitContract(vendor, journey.emit.bind(journey), vendor.events);
    if (sign && vendor.envelopes && inbound) signContract(vendor, sign, vendor.envelopes, inbound);
    if (consents && vendor.consents) consentsContract(vendor, consents, vendor.consents);
    if (cards && vendor.card) cardsContract(vendor, cards, vendor.card);
  });
}
