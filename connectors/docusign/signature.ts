import { hmacBase64, sameText } from '#lib/hmac';
import type { Secret } from '#lib/secret';
import type { RawDelivery, Verdict } from '#ports/inbound';

const SIGNATURE_HEADER = /^x-docusign-signature-\d{1,3}$/;
/** An account may have up to 100 keys [S], so this many headers are read: a bound on the work that a stranger can cause. */
const MOST_SIGNATURES = 100;

/**
 * Connect signs the raw body once for each live key of the account: base64 of HMAC-SHA-256, the key taken as its text. One match of any header with any
 * of our keys is enough, so that either side may rotate first. Nothing dates the signature: repeats are stopped by the notice's key.
 */
export function verify(delivery: RawDelivery, secrets: readonly Secret[]): Verdict {
  const given = Object.entries(delivery.headers)
    .filter(([name]) => SIGNATURE_HEADER.test(name))
    .map(([, value]) => value.trim())
    .slice(0, MOST_SIGNATURES);
  if (given.length === 0) return { ok: false, reason: 'missing' };
  let matched = false;
  for (const secret of secrets) {
    const expected = hmacBase64(secret.reveal(), delivery.body);
    for (const signature of given) matched = sameText(expected, signature) || matched;
  }
  return matched ? { ok: true } : { ok: false, reason: 'mismatch' };
}
