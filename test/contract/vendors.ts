import type { TriedVendor } from './tried.ts';
import { triedDocuSign } from './tried-docusign.ts';
import { triedHubSpot } from './tried-hubspot.ts';
import { triedAccountEngagement, triedMarketingCloud } from './tried-journeys.ts';
import { triedSalesforce } from './tried-salesforce.ts';

/** Every connector has a line here; `contract.test.ts` fails for one that has not. */
export const TRIED: Record<string, TriedVendor> = {
  hubspot: triedHubSpot,
  salesforce: triedSalesforce,
  docusign: triedDocuSign,
  'marketing-cloud': triedMarketingCloud,
  'account-engagement': triedAccountEngagement,
};
