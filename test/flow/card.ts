import { hmacBase64 } from '#lib/hmac';
import type { TestWorld } from './world.ts';

interface Asking {
  secret?: string;
  at?: number;
  portal?: number;
  /** Instead of what the CRM adds to the address by itself. */
  query?: string;
  /** The path that the signature is for, if not the one that is asked. */
  signedFor?: string;
}

/** A request of a card on a deal, as the CRM passes it on and signs it for one of its users. */
export async function askCard(test: TestWorld, method: 'GET' | 'POST', path: string, body?: unknown, asking: Asking = {}): Promise<Response> {
  const { hubspot } = test.sandbox;
  const [owner] = hubspot.world().owners;
  const who =
    asking.query ?? `userId=${owner?.userId ?? 1}&portalId=${asking.portal ?? hubspot.world().portalId}&userEmail=${encodeURIComponent(owner?.email ?? '')}&appId=1160452`;
  const addressOf = (asked: string) => `${test.address}/cards/hubspot${asked}?${who}`;
  const url = addressOf(path);
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const timestamp = String(asking.at ?? test.clock.now());
  const secret = asking.secret ?? test.world.flow.vendors.get('hubspot')?.app.clientSecret.reveal() ?? '';
  const headers = {
    'content-type': 'application/json',
    'x-hubspot-request-timestamp': timestamp,
    'x-hubspot-signature-v3': hmacBase64(secret, method, addressOf(asking.signedFor ?? path).replaceAll('%40', '@'), text, timestamp),
  };
  return fetch(url, { method, headers, ...(method === 'POST' ? { body: text } : {}) });
}
