import { describe, expect, test } from 'vitest';
import { CONNECTORS } from '#src/vendors';
import { authContract } from './auth.ts';
import { cardsContract } from './cards.ts';
import { crmContract } from './crm.ts';
import { inboundContract } from './inbound.ts';
import { journeyContract } from './journey.ts';
import { manifestContract } from './manifest.ts';
import { sandboxContract } from './sandbox.ts';
import { signContract } from './sign.ts';
import { TRIED } from './vendors.ts';

test('every connector is tried', () => expect(Object.keys(TRIED).sort()).toEqual(CONNECTORS.map(({ manifest }) => manifest.id).sort()));

/** What every connector holds, whoever its vendor is. A capability brings its suite along; a line in `vendors.ts` says how to try it. */
for (const { manifest } of CONNECTORS) {
  const vendor = TRIED[manifest.id];
  if (!vendor) continue;
  const { inbound, crm, journey, sign, cards } = vendor.connector;
  describe(manifest.name, () => {
    test('says how each of its capabilities is tried', () => expect([crm ?? journey, sign, cards].map(Boolean)).toEqual([vendor.crm, vendor.envelopes, vendor.card].map(Boolean)));
    manifestContract(vendor);
    authContract(vendor);
    sandboxContract(vendor);
    if (inbound) inboundContract(vendor, inbound);
    if (crm && vendor.crm && inbound) crmContract(vendor, crm, vendor.crm, inbound);
    if (journey && vendor.crm) journeyContract(vendor, journey, vendor.crm);
    if (sign && vendor.envelopes && inbound) signContract(vendor, sign, vendor.envelopes, inbound);
    if (cards && vendor.card && inbound) cardsContract(vendor, cards, inbound, vendor.card);
  });
}
