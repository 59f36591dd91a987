import { Problem } from '#core/problem';
import type { Cards } from '#ports/cards';
import { verifySignature } from './signature.ts';

/** HubSpot adds `portalId`, `userId`, `userEmail` and `appId` to the address of each `hubspot.fetch`, and signs it with them. */
export const cards: Cards = {
  keys: 'app',
  verify: verifySignature,
  identify(delivery) {
    const query = new URL(delivery.url).searchParams;
    const account = query.get('portalId') ?? '';
    // The id, not the address that comes with it: who did something is kept for ever, and people can ask to be forgotten.
    const user = query.get('userId') ?? '';
    // A value given twice could be read in two ways; HubSpot gives each once.
    const twice = ['portalId', 'userId'].some((name) => query.getAll(name).length > 1);
    if (!/^\d+$/.test(account) || !/^\d+$/.test(user) || twice)
      throw new Problem('request.malformed', { say: 'The request does not say which HubSpot account and user it is from.' });
    return { account, user: `HubSpot user ${user}` };
  },
};
