import { createHash } from 'node:crypto';
import type { Clock } from '#lib/clock';
import { hmacBase64 } from '#lib/hmac';
import type { SandboxOptions } from '#ports/sandbox';
import type { CardManners } from '#shared/sandbox/card';

/** Calls the connector server as `hubspot.fetch` does: who asks in the query, both signatures, 15 seconds, one more try on a 5xx or no answer. */
export function cardManners(options: SandboxOptions, clock: Clock, who: () => { portalId: number; userId: number; email: string }): CardManners {
  return {
    root: '/cards/hubspot',
    timeoutMs: 15_000,
    tries: 2,
    shownOn: 'card',
    sign(method, path, body) {
      const { portalId, userId, email } = who();
      const query = `userId=${userId}&portalId=${portalId}&userEmail=${encodeURIComponent(email)}&appId=${encodeURIComponent(options.app.appId)}`;
      const url = `${options.serverUrl()}${path}?${query}`;
      const timestamp = String(clock.now());
      const { clientSecret } = options.app;
      const headers = {
        'x-hubspot-request-timestamp': timestamp,
        // HubSpot hashes the address with `@` written out, though it travels as %40.
        'x-hubspot-signature-v3': hmacBase64(clientSecret, method, url.replaceAll('%40', '@'), body, timestamp),
        'x-hubspot-signature-version': 'v2',
        'x-hubspot-signature': createHash('sha256')
          .update(clientSecret + method + url + body)
          .digest('hex'),
      };
      return { url, headers };
    },
  };
}
