import { isObject, type Json } from '#lib/json';
import type { Call } from '#ports/call';
import type { Changes, Crm } from '#ports/crm';
import type { Notice } from '#ports/inbound';
import { AvroFault, avroType, type AvroType } from './pubsub-avro.ts';
import { noticeOf, unreadable } from './pubsub-change.ts';
import { loadParts, openChannel, type Bearer, type Channel, type FetchResponse } from './pubsub-channel.ts';
import { endpointOf, topicsOf } from './pubsub-endpoint.ts';
import { isLostPlace, isAbsent, isUnauthorized, noTopic, PubSubRefusal, pubSubProblem } from './pubsub-problem.ts';
import { fetchResponses } from './pubsub-stream.ts';

type Listen = NonNullable<Crm['listen']>;

/** The vendor says something every 270 seconds, be it that there is nothing. */
const SILENCE_MS = (270 + 60) * 1000;
/** A token that is refused so soon after it was had is not worth another. */
const RENEW_EVERY_MS = 60_000;
const MOST_SCHEMAS = 16;
const UNAUTHENTICATED = 16;

/** Where we are in a topic. `replayId` is the vendor's, opaque, in base64; `at` is when the event was, in milliseconds. */
interface Place {
  topic: string;
  replayId: string;
  at: number;
}
/** What one subscription runs on. */
interface Entry {
  bearer: Bearer;
  topic: string;
  timeoutMs: number;
}

/**
 * Hears of opportunities from the org's change events, over the Pub/Sub API [D: Pub/Sub API guide; CDC guide]. The sink gets each batch with the replay id behind it, so that
 * none is passed before it is stored, and no more are asked for while it works. A replay id that the vendor does not know any more, mostly for being older than 72 hours, is
 * given up: the sink gets a null cursor, listening goes on with what is new, and polling finds what was missed. A token that runs out is renewed.
 * @throws Problem `feature.unsupported` where the package is not installed or the org sends no such events; `install.unauthorized` where a token cannot be renewed;
 * `vendor.rate-limited` with a long pause where the day's events are used up; `vendor.unavailable`, with one where a fresh token is refused too; `host.refused`
 */
export const listen: Listen = createListen({ silenceMs: SILENCE_MS });

/** `silenceMs` is how long a stream may be silent before it counts as dead. */
export function createListen(given: { silenceMs: number }): Listen {
  return async (call, cursor, sink) => {
    const endpoint = endpointOf(call.install);
    const channel = openChannel(loadParts(), endpoint, call.signal);
    try {
      await follow(channel, call, cursor, sink, given.silenceMs);
    } catch (thrown) {
      if (!call.signal.aborted) throw pubSubProblem(thrown);
    } finally {
      channel.close();
    }
  };
}

/** Subscribes, and again wherever what ended the stream can be mended here. */
async function follow(channel: Channel, call: Call, cursor: Json, sink: (page: Changes) => Promise<void>, silenceMs: number): Promise<void> {
  let place = placeOf(cursor);
  let refused: Bearer | null = null;
  let renewedAt = -Infinity;
  while (!call.signal.aborted) {
    const entry = await enter(channel, call, refused);
    const start = { topic: entry.topic, replayId: place?.topic === entry.topic ? Buffer.from(place.replayId, 'base64') : null };
    const schemas = createSchemas(channel, entry);
    try {
      for await (const response of fetchResponses(channel, entry.bearer, start, { signal: call.signal, silenceMs })) {
        const notices = await noticesOf(call.install.account, response, schemas);
        const next = placeAfter(response, notices, entry.topic);
        if (next === null || (notices.length === 0 && next.replayId === place?.replayId)) continue;
        await sink({ notices, cursor: { ...next }, more: false });
        place = next;
      }
      return;
    } catch (thrown) {
      if (isUnauthorized(thrown) && performance.now() - renewedAt > RENEW_EVERY_MS) {
        renewedAt = performance.now();
        refused = entry.bearer;
      } else if (isLostPlace(thrown) && start.replayId !== null) {
        place = null;
        await sink({ notices: [], cursor: null, more: false });
      } else throw thrown;
    }
  }
}

/**
 * Gets a token and the topic to listen to. Only these short calls run through the install's limit: a stream that did would hold a place of it for days.
 * `refused` is the bearer that the stream did not take, and whose token is renewed therefore.
 */
async function enter(channel: Channel, call: Call, refused: Bearer | null): Promise<Entry> {
  return call.through(async ({ baseUrl, accessToken, timeoutMs }) => {
    if (accessToken.reveal() === refused?.accessToken.reveal()) throw new PubSubRefusal(UNAUTHENTICATED, '');
    const bearer: Bearer = { accessToken, instanceUrl: baseUrl, org: call.install.account };
    for (const topic of topicsOf(call.install)) {
      const info = await channel.getTopic(topic, bearer, timeoutMs).catch((thrown: unknown) => {
        if (isAbsent(thrown)) return null;
        throw thrown;
      });
      if (info?.canSubscribe) return { bearer, topic, timeoutMs };
    }
    throw noTopic();
  }, isUnauthorized);
}

type Schemas = (id: string) => Promise<AvroType>;

/** Schemas change when an admin adds a field; each has an id of its own. The oldest goes first. */
function createSchemas(channel: Channel, { bearer, timeoutMs }: Entry): Schemas {
  const known = new Map<string, AvroType>();
  return async (id) => {
    const found = known.get(id);
    if (found) return found;
    const { schemaJson } = await channel.getSchema(id, bearer, timeoutMs).catch((thrown: unknown) => {
      // Of no use for this event, and no reason to end the stream.
      throw isAbsent(thrown) ? new AvroFault('The schema of the event is not to be had.') : thrown;
    });
    const type = avroType(schemaJson);
    const [oldest] = known.keys();
    if (known.size >= MOST_SCHEMAS && oldest !== undefined) known.delete(oldest);
    known.set(id, type);
    return type;
  };
}

async function noticesOf(account: string, { events }: FetchResponse, schemas: Schemas): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (const each of events) {
    try {
      if (!each.event) throw new AvroFault('The event is empty.');
      const notice = noticeOf(account, each.event, await schemas(each.event.schemaId));
      if (notice) notices.push(notice);
    } catch (thrown) {
      if (!(thrown instanceof AvroFault)) throw thrown;
      notices.push(unreadable(account, each, Date.now()));
    }
  }
  return notices;
}

/** Behind the last event, or, of a keep-alive, where the vendor says that we are; null where it does not say. */
function placeAfter({ events, latestReplayId }: FetchResponse, notices: readonly Notice[], topic: string): Place | null {
  const replayId = events.at(-1)?.replayId ?? latestReplayId;
  if (replayId.length === 0) return null;
  return { topic, replayId: replayId.toString('base64'), at: notices.at(-1)?.at ?? Date.now() };
}

function placeOf(cursor: Json): Place | null {
  if (!isObject(cursor)) return null;
  const { topic, replayId, at } = cursor;
  return typeof topic === 'string' && typeof replayId === 'string' && replayId !== '' ? { topic, replayId, at: typeof at === 'number' ? at : 0 } : null;
}
