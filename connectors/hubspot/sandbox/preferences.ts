import { Hono, type Context } from 'hono';
import type { Clock } from '#lib/clock';
import { app, type CrmAccount } from './account.ts';
import { fail } from './errors.ts';
import { bodyOf } from './objects.ts';
import type { Actor, PreferenceState, Preferences, SubscriptionDefinition, World } from './world.ts';

const BASES = [
  'LEGITIMATE_INTEREST_PQL',
  'LEGITIMATE_INTEREST_CLIENT',
  'PERFORMANCE_OF_CONTRACT',
  'CONSENT_WITH_NOTICE',
  'NON_GDPR',
  'PROCESS_AND_STORE',
  'LEGITIMATE_INTEREST_OTHER',
];
const SEEDED: SubscriptionDefinition[] = [
  { id: '18101', name: 'Newsletter', description: 'What is new, once a month.', isActive: true },
  { id: '18102', name: 'Product news', description: 'Releases and what they are good for.', isActive: true },
  { id: '18103', name: 'One to one', description: 'Mail of the sales team.', isActive: true },
  { id: '18104', name: 'Spring event', description: 'Of an event that is over.', isActive: false },
];

/** An account that was kept before there were preferences begins with the seeded ones. */
export const preferencesIn = (world: World): Preferences => (world.preferences ??= { definitions: structuredClone(SEEDED), people: {} });

const personIn = (world: World, email: string) => (preferencesIn(world).people[email.toLowerCase()] ??= { left: null, of: {} });

/** What an address said of one subscription; `NOT_SPECIFIED` where it never said anything. */
export function statusIn(world: World, email: string, id: string): PreferenceState['status'] {
  const { left, of } = personIn(world, email);
  return left === null ? (of[id]?.status ?? 'NOT_SPECIFIED') : 'UNSUBSCRIBED';
}

/** An address leaves everything, or comes back. Its contacts say so in `hs_email_optout`. */
export function setLeft(world: World, account: CrmAccount, email: string, at: number | null, actor: Actor): void {
  personIn(world, email).left = at;
  for (const contact of account.all('contacts'))
    if (contact.properties.email?.toLowerCase() === email.toLowerCase()) account.update(contact, 'contacts', { hs_email_optout: at === null ? 'false' : 'true' }, actor);
}

export function setStatus(world: World, email: string, id: string, state: PreferenceState): void {
  personIn(world, email).of[id] = state;
}

/** Subscription preferences: version 3 as far as its official client goes, and of version 4 what that lacks. */
export function preferenceRoutes(world: () => World, account: CrmAccount, clock: Clock, appId: string): Hono {
  const api = new Hono();
  const isAddress = (email: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email);
  const iso = (time: number) => new Date(time).toISOString();

  api.get('/v3/definitions', (c) => {
    const dates = { createdAt: '2022-01-01T00:00:00.000Z', updatedAt: '2022-01-01T00:00:00.000Z' };
    const rest = { isInternal: false, isDefault: false, communicationMethod: 'Email', purpose: 'Marketing', ...dates };
    return c.json({ subscriptionDefinitions: preferencesIn(world()).definitions.map((known) => ({ ...known, ...rest })) });
  });
  api.get('/v3/status/email/:email', (c) => {
    const email = c.req.param('email');
    const { definitions } = preferencesIn(world());
    const sourceOfStatus = personIn(world(), email).left === null ? 'SUBSCRIPTION_STATUS' : 'PORTAL_WIDE_STATUS';
    const subscriptionStatuses = definitions.map(({ id, name, description }) => ({
      id,
      name,
      description,
      sourceOfStatus,
      status: statusIn(world(), email, id) === 'SUBSCRIBED' ? 'SUBSCRIBED' : 'NOT_SUBSCRIBED',
    }));
    return c.json({ recipient: email, subscriptionStatuses });
  });
  api.post('/v3/subscribe', (c) => change(c, 'SUBSCRIBED'));
  api.post('/v3/unsubscribe', (c) => change(c, 'UNSUBSCRIBED'));

  async function change(c: Context, status: 'SUBSCRIBED' | 'UNSUBSCRIBED'): Promise<Response> {
    const { emailAddress, subscriptionId, legalBasis, legalBasisExplanation } = await bodyOf(c);
    const definition = preferencesIn(world()).definitions.find(({ id }) => id === subscriptionId);
    if (typeof emailAddress !== 'string' || !isAddress(emailAddress)) return fail(c, 400, 'VALIDATION_ERROR', 'emailAddress is not a valid address');
    if (!definition) return fail(c, 400, 'VALIDATION_ERROR', `Subscription ${String(subscriptionId)} does not exist`);
    // The account's privacy setting is on: then both are wanted.
    if (typeof legalBasisExplanation !== 'string' || legalBasisExplanation === '' || !BASES.includes(String(legalBasis)))
      return fail(c, 400, 'VALIDATION_ERROR', 'legalBasis and legalBasisExplanation are required for this account');
    const before = statusIn(world(), emailAddress, definition.id);
    if (status === 'SUBSCRIBED' && before === 'UNSUBSCRIBED')
      return fail(c, 400, 'VALIDATION_ERROR', 'The contact has opted out of this subscription type and cannot be resubscribed through this endpoint.');
    if (status === before) return fail(c, 400, 'VALIDATION_ERROR', `The contact is already ${status.toLowerCase()}.`);
    setStatus(world(), emailAddress, definition.id, { status, at: clock.now(), legalBasis: String(legalBasis), explanation: legalBasisExplanation });
    const { id, name, description } = definition;
    const shown = { id, name, description, sourceOfStatus: 'SUBSCRIPTION_STATUS', legalBasis, legalBasisExplanation };
    return c.json({ ...shown, status: status === 'SUBSCRIBED' ? 'SUBSCRIBED' : 'NOT_SUBSCRIBED' });
  }

  const complete = (c: Context, results: object[]) => c.json({ status: 'COMPLETE', startedAt: iso(clock.now()), completedAt: iso(clock.now()), results });
  const byEmail = (c: Context, answer: (email: string) => Response): Response =>
    c.req.query('channel') === 'EMAIL' ? answer(c.req.param('email') ?? '') : fail(c, 400, 'VALIDATION_ERROR', 'channel is required');

  api.get('/v4/statuses/:email', (c) =>
    byEmail(c, (email) => {
      const { definitions } = preferencesIn(world());
      const { of } = personIn(world(), email);
      const results = definitions.map(({ id, name }) => ({
        channel: 'EMAIL',
        source: of[id] ? 'API' : 'UNKNOWN',
        status: of[id]?.status ?? 'NOT_SPECIFIED',
        subscriberIdString: email,
        subscriptionId: Number(id),
        subscriptionName: name,
        timestamp: iso(of[id]?.at ?? 0),
        businessUnitId: 0,
        ...(of[id]?.legalBasis !== undefined && { legalBasis: of[id].legalBasis, legalBasisExplanation: of[id].explanation }),
      }));
      return complete(c, results);
    }),
  );
  api.get('/v4/statuses/:email/unsubscribe-all', (c) =>
    byEmail(c, (email) => {
      const { left } = personIn(world(), email);
      return complete(c, left === null ? [] : [{ channel: 'EMAIL', status: 'UNSUBSCRIBED', subscriberIdString: email, timestamp: iso(left), wideStatusType: 'PORTAL_WIDE' }]);
    }),
  );
  api.post('/v4/statuses/:email/unsubscribe-all', (c) =>
    byEmail(c, (email) => {
      if (!isAddress(email)) return fail(c, 400, 'VALIDATION_ERROR', 'The address is not valid');
      setLeft(world(), account, email, clock.now(), app(appId));
      return complete(c, []);
    }),
  );
  return api;
}
