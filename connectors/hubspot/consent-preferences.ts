import type { PublicUpdateSubscriptionStatusRequestLegalBasisEnum } from '@hubspot/api-client/lib/codegen/communication_preferences/index.js';
import * as z from 'zod';
import type { LegalBasis } from '#core/consent';
import { Problem } from '#core/problem';
import type { Call, HttpReply } from '#ports/call';
import { createInstallCache } from '#shared/install-cache';
import { hubspotCall } from './client.ts';
import { replyProblem } from './problem.ts';

/** A kind of mail that people subscribe to, as the account's marketers named it. */
export interface Subscription {
  id: string;
  name: string;
}
/** What an address said, subscription by subscription. */
export interface Preferences {
  /** Whether it left everything. */
  left: boolean;
  subscribed: ReadonlySet<string>;
  unsubscribed: ReadonlySet<string>;
}

/** Explanations are shown to marketers; HubSpot names no longest one. */
const LONGEST_EXPLANATION = 500;
const BASES = {
  consent: 'CONSENT_WITH_NOTICE',
  contract: 'PERFORMANCE_OF_CONTRACT',
  'legitimate-interest': 'LEGITIMATE_INTEREST_CLIENT',
  'legal-obligation': 'LEGITIMATE_INTEREST_OTHER',
  none: 'NON_GDPR',
} as const satisfies Record<LegalBasis, `${PublicUpdateSubscriptionStatusRequestLegalBasisEnum}`>;

const definitions = createInstallCache<Subscription[]>(10 * 60_000);

/** The account's subscriptions that are in use, as of at most ten minutes ago. */
export function subscriptionsOf(call: Call): Promise<Subscription[]> {
  return definitions.get(call, async () => {
    const { subscriptionDefinitions } = await hubspotCall(call, (_crm, bound, client) => client.communicationPreferences.definitionApi.getPage(bound));
    return subscriptionDefinitions.filter(({ isActive }) => isActive).map(({ id, name }) => ({ id, name }));
  });
}
export const forgetSubscriptions = (call: Call): void => definitions.forget(call);

const statusSchema = z.object({ results: z.array(z.object({ status: z.string(), subscriptionId: z.union([z.number(), z.string()]).nullish() })) });

/**
 * What an address said. Version 4 is asked, which the official client lacks: version 3 calls those who left and those who never came by one name, NOT_SUBSCRIBED. Two calls.
 * @throws Problem
 */
export async function preferencesOf(call: Call, email: string): Promise<Preferences> {
  const path = statusPath(email);
  const [each, all] = await Promise.all([path, `${path}/unsubscribe-all`].map(async (at) => read(await call.request({ method: 'GET', path: at, query: EMAIL }))));
  const having = (status: string): Set<string> => new Set((each ?? []).flatMap((one) => (one.status === status && one.subscriptionId != null ? [String(one.subscriptionId)] : [])));
  // Who never left everything has no row there.
  return { left: (all ?? []).some(({ status }) => status === 'UNSUBSCRIBED'), subscribed: having('SUBSCRIBED'), unsubscribed: having('UNSUBSCRIBED') };
}

const EMAIL = { channel: 'EMAIL' };
const statusPath = (email: string): string => `/communication-preferences/v4/statuses/${encodeURIComponent(email)}`;

function read(reply: HttpReply): z.infer<typeof statusSchema>['results'] {
  if (reply.status >= 300) throw replyProblem(reply);
  const parsed = statusSchema.safeParse(reply.body);
  if (!parsed.success) throw new Problem('vendor.odd-answer');
  return parsed.data.results;
}

/** Why an address subscribes or leaves, as HubSpot wants it told. */
export interface Ground {
  basis: LegalBasis;
  explanation: string;
}

/** Of version 3, which by HubSpot's own word subscribes nobody who has left: so an objection that comes between our look and this call holds. @throws Problem */
export async function subscribe(call: Call, email: string, subscription: Subscription, ground: Ground): Promise<void> {
  await hubspotCall(call, (_crm, bound, client) => client.communicationPreferences.statusApi.subscribe(requestOf(email, subscription, ground), bound));
}

export async function unsubscribe(call: Call, email: string, subscription: Subscription, ground: Ground): Promise<void> {
  await hubspotCall(call, (_crm, bound, client) => client.communicationPreferences.statusApi.unsubscribe(requestOf(email, subscription, ground), bound));
}

/** Version 3 has no such call. @throws Problem */
export async function leaveAll(call: Call, email: string): Promise<void> {
  const reply = await call.request({ method: 'POST', path: `${statusPath(email)}/unsubscribe-all`, query: EMAIL });
  if (reply.status >= 300) throw replyProblem(reply);
}

function requestOf(emailAddress: string, { id }: Subscription, { basis, explanation }: Ground) {
  const legalBasis = BASES[basis] as PublicUpdateSubscriptionStatusRequestLegalBasisEnum;
  return { emailAddress, subscriptionId: id, legalBasis, legalBasisExplanation: explanation.slice(0, LONGEST_EXPLANATION) };
}
