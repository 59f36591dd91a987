import { Problem } from '#core/problem';
import { sameText } from '#lib/hmac';
import type { Cards } from '#ports/cards';
import { id18, isId } from './ids.ts';

const ORG_PREFIX = '00D';
const USER_PREFIX = '005';

/**
 * Requests come from Apex through the package's named credential: the external credential adds the install's key, Apex the org and the user who asks.
 * The key stands for the whole org, as its admins do who hold it; which of its users asks is the org's word.
 */
export const cards: Cards = {
  keys: 'install',

  identify({ headers }) {
    // A header given twice arrives joined by a comma, and is then no id.
    const org = headers['x-countersign-org'] ?? '';
    const user = headers['x-countersign-user'] ?? '';
    if (!isId(org) || !org.startsWith(ORG_PREFIX) || !isId(user) || !user.startsWith(USER_PREFIX))
      throw new Problem('request.malformed', { say: 'The request does not say which Salesforce org and user it is from.' });
    // The id alone: who did something is kept for ever, and people can ask to be forgotten.
    return { account: id18(org), user: `Salesforce user ${id18(user)}` };
  },

  verify({ headers }, secrets) {
    const key = headers['x-countersign-key'] ?? '';
    if (key === '') return { ok: false, reason: 'missing' };
    let good = false;
    // Every secret is tried, so that the time taken does not tell which one matched.
    for (const secret of secrets) good = sameText(key, secret.reveal()) || good;
    return good ? { ok: true } : { ok: false, reason: 'mismatch' };
  },
};
