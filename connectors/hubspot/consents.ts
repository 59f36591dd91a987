import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { ConsentChange, Consents, Told } from '#ports/consents';
import { forgetSubscriptions, leaveAll, preferencesOf, subscribe, subscriptionsOf, unsubscribe, type Preferences, type Subscription } from './consent-preferences.ts';
import { readObjects } from './objects.ts';
import { RefusedProblem } from './problem.ts';

/** Communication preferences: marketing by e-mail, one subscription for each purpose. Everything else of a consent goes to the contact's own properties, by the write-back mapping. */
export const consents: Consents = {
  async tell(call, change) {
    const placed = placeOf(change);
    if (placed !== null) return noPlace(placed);
    try {
      return await (change.status === 'granted' ? grant(call, change) : refuse(call, change));
    } catch (thrown) {
      // The scope is optional: an account that was connected without it has no place for this, and everything else goes on.
      if (thrown instanceof Problem && thrown.code === 'install.missing-scope')
        return noPlace('HubSpot was connected without the permission for communication preferences. Connect it again to grant it.');
      throw thrown;
    }
  },
};

const noPlace = (say: string): Told => ({ outcome: 'no-place', say });

/** Why HubSpot keeps nothing of it; null where it does. */
function placeOf({ topic: { type, channel, purpose }, status }: ConsentChange): string | null {
  if (type !== 'marketing') return 'HubSpot keeps subscriptions to marketing alone; this is in the properties of the contact where the write-back mapping sets them.';
  if (status !== 'granted') return channel === null || channel === 'email' ? null : `HubSpot's subscriptions are for e-mail, not for ${channel}.`;
  if (channel !== 'email')
    return channel === null ? "HubSpot's subscriptions are for e-mail; this agreement names no channel." : `HubSpot's subscriptions are for e-mail, not for ${channel}.`;
  return purpose === null ? 'HubSpot subscribes to one purpose at a time, and this agreement names none.' : null;
}

/** Who has left is never subscribed again by machine, whatever they said elsewhere: they do so themselves, on HubSpot's page of preferences. */
async function grant(call: Call, change: ConsentChange): Promise<Told> {
  const { email, topic } = change;
  if (email === null) return noPlace('The address of this person is not known any more.');
  const subscription = await subscriptionFor(call, topic.purpose ?? '');
  if (!subscription) return noPlace(absent(topic.purpose ?? ''));
  const before = await preferencesOf(call, email);
  if (hasLeft(before, subscription)) return keptOut(subscription);
  if (before.subscribed.has(subscription.id)) return { outcome: 'already', id: subscription.id, say: `Already subscribed to "${subscription.name}".` };
  try {
    await subscribe(call, email, subscription, change);
  } catch (thrown) {
    // They left after we looked.
    if (thrown instanceof RefusedProblem && thrown.refusal.status === 400 && hasLeft(await preferencesOf(call, email), subscription)) return keptOut(subscription);
    throw thrown;
  }
  return { outcome: 'told', id: subscription.id, say: `Subscribed to "${subscription.name}".` };
}

const hasLeft = ({ left, unsubscribed }: Preferences, { id }: Subscription): boolean => left || unsubscribed.has(id);
const keptOut = ({ name }: Subscription): Told => ({
  outcome: 'kept-out',
  say: `This person has unsubscribed from "${name}" in HubSpot. A machine does not undo that; they can, on HubSpot's page of preferences.`,
});
const absent = (purpose: string): string => `HubSpot has no subscription type named "${purpose}". Make one of that name, and later consents find it.`;

/** Leaves one subscription, or all where no purpose is named: with the address that was given, and with the one that the contact has. */
async function refuse(call: Call, change: ConsentChange): Promise<Told> {
  const { purpose } = change.topic;
  const subscription = purpose === null ? null : await subscriptionFor(call, purpose);
  if (subscription === undefined) return noPlace(absent(purpose ?? ''));
  const addresses = [...new Set([change.email, await addressOf(call, change.contact)].flatMap((email) => (email === null ? [] : [email.toLowerCase()])))];
  if (addresses.length === 0) return noPlace('HubSpot has no address of this person.');
  const done = await Promise.all(addresses.map((email) => leave(call, email, subscription, change)));
  const from = subscription === null ? 'all marketing e-mail' : `"${subscription.name}"`;
  if (done.every((changed) => !changed)) return { outcome: 'already', id: subscription?.id ?? null, say: `Already unsubscribed from ${from}.` };
  return { outcome: 'told', id: subscription?.id ?? null, say: `Unsubscribed from ${from}.` };
}

/** Whether anything had to be done. */
async function leave(call: Call, email: string, subscription: Subscription | null, change: ConsentChange): Promise<boolean> {
  const before = await preferencesOf(call, email);
  if (before.left || (subscription && before.unsubscribed.has(subscription.id))) return false;
  await (subscription === null ? leaveAll(call, email) : unsubscribe(call, email, subscription, change));
  return true;
}

/** The contact's own address; null where it has none or is gone. */
async function addressOf(call: Call, contact: string): Promise<string | null> {
  const [found] = await readObjects(call, 'contacts', [contact], ['email']);
  return found?.properties.email ?? null;
}

/** By name, whatever its case and spaces: `product-news` is "Product news". One that is not there may have been made since we looked. */
async function subscriptionFor(call: Call, purpose: string): Promise<Subscription | undefined> {
  const named = ({ name }: Subscription): boolean => slug(name) === slug(purpose);
  const known = (await subscriptionsOf(call)).find(named);
  if (known) return known;
  forgetSubscriptions(call);
  return (await subscriptionsOf(call)).find(named);
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
