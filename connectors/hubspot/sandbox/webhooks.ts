import { createHash } from 'node:crypto';
import type { Clock } from '#lib/clock';
import { hmacBase64 } from '#lib/hmac';
import type { Random } from '#lib/random';
import type { Faults, SandboxOptions } from '#ports/sandbox';
import { createPostman } from '#shared/sandbox/postman';
import type { Happening } from './account.ts';
import type { World } from './world.ts';

/** HubSpot gathers events for a moment and sends at most this many together. */
const MOST = 100;
const GATHER_MS = 25;
/** HubSpot tries up to ten times more within 24 hours; here the day is shorter. */
const RETRY_MS = [250, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000];
const SUBSCRIPTIONS: Record<Happening['type'], number> = {
  'deal.propertyChange': 2_000_001,
  'deal.deletion': 2_000_002,
  'contact.privacyDeletion': 2_000_003,
  'contact.propertyChange': 2_000_004,
};

export interface Webhooks {
  happened(event: Happening): void;
  quiet(): Promise<void>;
  close(): void;
  answers(): Record<number, number>;
}

export function createWebhooks(world: () => World, options: { app: SandboxOptions['app']; clock: Clock; faults: Faults; random: Random }): Webhooks {
  const { app, clock, faults, random } = options;
  const spoil = (headers: Record<string, string>) => (headers['x-hubspot-signature-v3'] = hmacBase64('not the secret', 'x'));
  const postman = createPostman({ faults, random, clock, retryMs: RETRY_MS, spoil });
  const stop = new AbortController();
  let gathered: Record<string, unknown>[] = [];
  let gathering: Promise<void> | null = null;

  function flush(): void {
    const all = gathered;
    gathered = [];
    for (let start = 0; start < all.length; start += MOST) {
      const events = all.slice(start, start + MOST);
      const url = app.webhookUrl();
      postman.post({ url, build: (attemptNumber) => signed(url, JSON.stringify(events.map((event) => ({ ...event, attemptNumber })))) });
    }
  }

  function signed(url: string, body: string): { headers: Record<string, string>; body: string } {
    const timestamp = String(clock.now());
    return {
      headers: {
        'content-type': 'application/json',
        'user-agent': 'HubSpot Connect 2.0 (sandbox)',
        'x-hubspot-request-timestamp': timestamp,
        'x-hubspot-signature-v3': hmacBase64(app.clientSecret, 'POST', url, body, timestamp),
        'x-hubspot-signature-version': 'v1',
        'x-hubspot-signature': createHash('sha256')
          .update(app.clientSecret + body)
          .digest('hex'),
      },
      body,
    };
  }

  return {
    happened(event) {
      if (!world().grant || stop.signal.aborted) return;
      gathered.push(body(world(), app.appId, event));
      gathering ??= clock.sleep(GATHER_MS, stop.signal).then(() => {
        gathering = null;
        flush();
      });
    },
    async quiet() {
      while (gathering) await gathering;
      await postman.quiet();
      if (gathering) await this.quiet();
    },
    close() {
      stop.abort();
      postman.close();
    },
    answers: () => postman.answers(),
  };
}

function body(world: World, appId: string, event: Happening): Record<string, unknown> {
  const common = {
    eventId: world.eventId++,
    subscriptionId: SUBSCRIPTIONS[event.type],
    portalId: world.portalId,
    appId: Number(appId) || 0,
    occurredAt: event.at,
    subscriptionType: event.type,
    objectId: Number(event.objectId),
    changeSource: event.actor.source,
    sourceId: event.actor.sourceId,
  };
  if (event.property) return { ...common, propertyName: event.property.name, propertyValue: event.property.value };
  return { ...common, changeFlag: 'DELETED' };
}
