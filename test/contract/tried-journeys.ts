import { accountEngagement } from '#connectors/account-engagement/index';
import { createAccountEngagementSandbox, type AccountEngagementHandles } from '#connectors/account-engagement/sandbox';
import { marketingCloud } from '#connectors/marketing-cloud/index';
import { createMarketingCloudSandbox, type MarketingCloudHandles } from '#connectors/marketing-cloud/sandbox';
import type { Sandbox } from '#ports/sandbox';
import { openPlace, type Place } from './place.ts';
import type { TriedVendor } from './tried.ts';

const cloudOf = (place: Place) => place.sandbox as Sandbox & MarketingCloudHandles;
const engagementOf = (place: Place) => place.sandbox as Sandbox & AccountEngagementHandles;

const CONTACT = '0035g00000ABCDEAA4';
const CONTACTS = ['0035g00000AAAAAAA4', '0035g00000AAAABAA4', '0035g00000AAAACAA4', '0035g00000AAAADAA4'];
const addressOf = (contact: string): string => `${contact.toLowerCase()}@example.com`;

/** Neither sends webhooks: what happens there stays there. */
export const triedMarketingCloud: TriedVendor = {
  connector: marketingCloud,
  open: (more) =>
    openPlace({
      connector: marketingCloud,
      create: createMarketingCloudSandbox,
      signsWith: 'app',
      consentForm: { action: '/v2/authorize', allow: { decision: 'allow' }, refuse: { decision: 'cancel' } },
      ...more,
    }),
  revoke: (place) => cloudOf(place).revokeGrant(),
  guarded: { method: 'POST', path: '/interaction/v1/events' },
  pages: ['/', '/faults'],
  counts: /^[A-Z]+ \/\S+ \d{3}$/,
  samples: true,
  events: {
    name: 'APIEvent-envelope-completed',
    refused: ['APIEvent-nobody-made', 'with.period', ''],
    member: { contact: CONTACT, email: null },
    data: { EnvelopeId: 'env_1' },
    told: (place) => cloudOf(place).entries().length,
  },
};

export const triedAccountEngagement: TriedVendor = {
  connector: accountEngagement,
  open: (more) =>
    openPlace({
      connector: accountEngagement,
      create: createAccountEngagementSandbox,
      signsWith: 'app',
      consentForm: { action: '/services/oauth2/authorize', allow: { decision: 'allow' }, refuse: { decision: 'deny' } },
      ...more,
    }),
  revoke: (place) => engagementOf(place).revokeGrant(),
  guarded: { method: 'GET', path: '/api/v5/objects/lists?fields=id' },
  pages: ['/', '/faults'],
  counts: /^[A-Z]+ \/\S+ \d{3}$/,
  samples: true,
  lists: {
    contacts: () => CONTACTS,
    memberOf: (contact) => ({ contact, email: addressOf(contact) }),
    // People are known by their address there: who has none cannot be found.
    nobody: { contact: CONTACT, email: null },
    members: (place, list) =>
      engagementOf(place)
        .members(list)
        .map((address) => CONTACTS.find((contact) => addressOf(contact) === address) ?? address),
  },
};
