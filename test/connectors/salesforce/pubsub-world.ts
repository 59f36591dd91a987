import { afterEach } from 'vitest';
import { manualClock } from '#lib/clock';
import { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import type { Json } from '#lib/json';
import type { Call } from '#ports/call';
import type { Changes } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import { id18 } from '#connectors/salesforce/ids';
import { createListen } from '#connectors/salesforce/pubsub';
import { createChangeEvents, type ChangeEvent } from '#connectors/salesforce/sandbox/change-events';
import { createPubSubServer, type PubSubOptions } from '#connectors/salesforce/sandbox/pubsub-server';

export const ORG = id18('00D5g00000Abcde');
export const TOKEN = '00D5g00000Abcde!first.token.of.the.org';
const INSTANCE = 'http://127.0.0.1:9/instance';

/** The id of the nth opportunity. */
export const deal = (n: number): string => id18(`0065g${String(n).padStart(10, '0')}`);

/** An org's change events over real gRPC, and the product's own bound calls to it. */
async function startOrg(more: Partial<PubSubOptions> = {}) {
  const clock = manualClock(Date.now());
  const log = createChangeEvents(clock);
  /** Tokens that the org takes; a renewal hands out the next of `grants`. */
  const tokens = { good: new Set([TOKEN]), renewals: 0, renew: (): string => TOKEN };
  const server = await createPubSubServer({
    log,
    authorised: ({ token, instanceUrl, org }) => tokens.good.has(token) && instanceUrl === INSTANCE && org === ORG,
    ...more,
  });
  let transactions = 0;

  /** Something happens in the org. */
  function happen(what: Partial<ChangeEvent> = {}): ChangeEvent {
    transactions++;
    const event: ChangeEvent = {
      entity: 'Opportunity',
      recordIds: [deal(1)],
      changeType: 'UPDATE',
      changeOrigin: 'com/salesforce/api/rest/67.0;client=Workbench',
      transactionKey: `0004c1f2-0000-0000-0000-${String(transactions).padStart(12, '0')}`,
      sequenceNumber: 1,
      commitTimestamp: clock.now() + transactions,
      commitNumber: 9_007_199_254_000_000 + transactions,
      commitUser: id18('0055g0000000001'),
      changed: { StageName: 'Proposal/Price Quote', LastModifiedDate: new Date(clock.now()).toISOString() },
      ...what,
    };
    log.append(event);
    return event;
  }

  /** As much of a bound call as a connector sees: a token, renewed once where the vendor refused it. */
  function callTo(signal: AbortSignal, details: Call['install']['details'] = { pubsub: server.address }, baseUrl = INSTANCE): Call {
    let accessToken = new Secret(TOKEN);
    return {
      install: { id: 'ins_test', account: ORG, baseUrl, environment: 'test', details },
      signal,
      webhookUrl: 'http://localhost/webhooks/salesforce',
      async through(send, unauthorized) {
        const bound = () => ({ baseUrl, accessToken, timeoutMs: 5000 });
        try {
          return await send(bound());
        } catch (error) {
          if (!unauthorized(error)) throw error;
          tokens.renewals++;
          accessToken = new Secret(tokens.renew());
          return send(bound());
        }
      },
      request: () => Promise.reject(new Error('Change events are not fetched over REST.')),
      budget: () => undefined,
      quota: () => undefined,
    };
  }

  /** Listens as the product does, storing each page with its cursor. */
  function listenFrom(cursor: Json = null, given: { each?: (page: Changes) => Promise<void>; silenceMs?: number; details?: Call['install']['details'] } = {}) {
    const stop = new AbortController();
    const stored = { notices: [] as Notice[], cursor, pages: [] as Changes[] };
    const done = createListen({ silenceMs: given.silenceMs ?? 60_000 })(callTo(stop.signal, given.details), cursor, async (page) => {
      await given.each?.(page);
      stored.notices.push(...page.notices);
      stored.cursor = page.cursor;
      stored.pages.push(page);
    });
    const ended = done.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    return {
      stored,
      /** Null where it ended as it was told to, what it threw otherwise. */
      ended,
      stop: async () => {
        stop.abort();
        return ended;
      },
    };
  }

  /** Waits until somebody listens, for a subscription to the latest hears of nothing before it. */
  const subscribed = async (streams = 1): Promise<void> => until(() => server.open() === streams && server.counts.requested > 0);

  return { server, log, clock, tokens, happen, callTo, listenFrom, subscribed, stop: async () => server.close() };
}

/** Orgs for the tests of a file, which end with each test, and so does what listens to them. */
export function orgs() {
  let running: { stop(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const each of running.reverse()) await each.stop();
    running = [];
  });
  const endLater = <T extends { stop(): Promise<unknown> }>(started: T): T => (running.push(started), started);
  const start = async (...given: Parameters<typeof startOrg>) => {
    const org = endLater(await startOrg(...given));
    return { ...org, listenFrom: (...from: Parameters<typeof org.listenFrom>) => endLater(org.listenFrom(...from)) };
  };
  return { start, endLater };
}

export const codeOf = (thrown: unknown): string => (thrown instanceof Problem ? thrown.code : String(thrown));

export async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error('It did not come to that in time.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
