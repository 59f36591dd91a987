import { createHash } from 'node:crypto';
import { hmacBase64, sameText } from '#lib/hmac';
import type { Secret } from '#lib/secret';
import type { RawDelivery, Verdict } from '#ports/inbound';

/** How far a request's time may be from ours, both ways. HubSpot names the past side only; the future side keeps a captured request from being held back. */
export const WINDOW_MS = 300_000;

/** The only escapes that HubSpot undoes before it hashes; every other one (`%20`, `%26`, `%3D`, …) stays as it was sent. */
const UNDONE: Record<string, string> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
};
const ESCAPES = new RegExp(Object.keys(UNDONE).join('|'), 'gi');

/** The URL as HubSpot hashes it for version 3. */
export function hashedUrl(url: string): string {
  return url.replace(ESCAPES, (escape) => UNDONE[escape.toUpperCase()] ?? escape);
}

/** Version 3: base64 of the HMAC-SHA-256 over method, URL, raw body and the time header's own text. */
export function signV3(secret: string, method: string, url: string, body: string | Uint8Array, timestamp: string): string {
  return hmacBase64(secret, method, hashedUrl(url), body, timestamp);
}

/** Version 2: hex SHA-256 over secret, method, URL as sent and raw body. It has no time, so it stands behind version 3. */
export function signV2(secret: string, method: string, url: string, body: string | Uint8Array): string {
  return createHash('sha256').update(secret).update(method).update(url).update(body).digest('hex');
}

/**
 * Checks a webhook or a card's request. Version 3 decides wherever it is present. Version 2 counts only alone, because cards and
 * workflow actions may carry nothing else. Version 1 leaves out the URL and method, and every webhook with it has version 3 too: it is refused.
 */
export function verifySignature(delivery: RawDelivery, secrets: readonly Secret[], now: number): Verdict {
  const { method, url, headers, body } = delivery;
  const third = headers['x-hubspot-signature-v3'];
  if (third !== undefined) {
    const timestamp = headers['x-hubspot-request-timestamp'];
    if (timestamp === undefined) return { ok: false, reason: 'missing' };
    if (!/^\d{1,15}$/.test(timestamp)) return { ok: false, reason: 'mismatch' };
    const age = now - Number(timestamp);
    if (age > WINDOW_MS) return { ok: false, reason: 'stale' };
    if (age < -WINDOW_MS) return { ok: false, reason: 'future' };
    return verdict(third, secrets, (secret) => signV3(secret, method, url, body, timestamp));
  }
  const second = headers['x-hubspot-signature'];
  if (second === undefined || headers['x-hubspot-signature-version'] !== 'v2') return { ok: false, reason: 'missing' };
  return verdict(second, secrets, (secret) => signV2(secret, method, url, body));
}

function verdict(given: string, secrets: readonly Secret[], sign: (secret: string) => string): Verdict {
  let good = false;
  // Every secret is tried, so that the time taken does not tell which one matched.
  for (const secret of secrets) good = sameText(given, sign(secret.reveal())) || good;
  return good ? { ok: true } : { ok: false, reason: 'mismatch' };
}
