import { hmacBase64, sameText } from '#lib/hmac';
import type { Secret } from '#lib/secret';
import type { RawDelivery, Verdict } from '#ports/inbound';

/** How far a request's time may be from ours, both ways. HubSpot names the past side only; the future side keeps a captured request from being held back. */
export const WINDOW_MS = 300_000;

/** The only escapes that HubSpot undoes before it hashes; every other one (`%20`, `%26`, `%3D`, …) stays as it was sent. */
const UNDONE = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/** The URL as HubSpot hashes it for version 3. */
export function hashedUrl(url: string): string {
  return url.replace(UNDONE, (escape) => decodeURIComponent(escape));
}

/** Version 3: base64 of the HMAC-SHA-256 over method, URL, raw body and the time header's own text. */
export function signV3(secret: string, method: string, url: string, body: string | Uint8Array, timestamp: string): string {
  return hmacBase64(secret, method, hashedUrl(url), body, timestamp);
}

/**
 * Checks a webhook or a card's request by version 3, which both carry. Versions 1 and 2 are refused: they have no time, so that a request once seen could be
 * sent again for ever, and version 1 leaves out URL and method too.
 */
export function verifySignature(delivery: RawDelivery, secrets: readonly Secret[], now: number): Verdict {
  const { method, url, headers, body } = delivery;
  const signature = headers['x-hubspot-signature-v3'];
  const timestamp = headers['x-hubspot-request-timestamp'];
  if (signature === undefined || timestamp === undefined) return { ok: false, reason: 'missing' };
  if (!/^\d{1,15}$/.test(timestamp)) return { ok: false, reason: 'mismatch' };
  const age = now - Number(timestamp);
  if (age > WINDOW_MS) return { ok: false, reason: 'stale' };
  if (age < -WINDOW_MS) return { ok: false, reason: 'future' };
  let good = false;
  // Every secret is tried, so that the time taken does not tell which one matched.
  for (const secret of secrets) good = sameText(signature, signV3(secret.reveal(), method, url, body, timestamp)) || good;
  return good ? { ok: true } : { ok: false, reason: 'mismatch' };
}
