import { PubSubRefusal } from './pubsub-problem.ts';
import { refusalOf, type Bearer, type Channel, type FetchRequest, type FetchResponse } from './pubsub-channel.ts';

/** The most that the vendor takes in one request. Also the most events that are ever on their way to us: more are asked for only as these are done with. */
const BATCH = 100;
const UNAVAILABLE = 14;

/** Where a subscription begins: after the event of `replayId`, or with what happens from now on. */
export interface Start {
  topic: string;
  replayId: Buffer | null;
}

/**
 * Answers of one subscription, one at a time: the next is taken, and as many events asked for as this one held, once whoever iterates comes back for it. Ends with
 * `signal`, or throws. `silenceMs` is how long the stream may say nothing, keep-alives included, before it counts as dead.
 * @throws PubSubRefusal
 */
export async function* fetchResponses(channel: Channel, as: Bearer, start: Start, given: { signal: AbortSignal; silenceMs: number }): AsyncGenerator<FetchResponse> {
  const stream = channel.subscribe(as);
  const cut = (): void => stream.cancel();
  // Iteration reports errors. This one is for those that come after it has ended, which would end the process.
  stream.on('error', () => undefined);
  given.signal.addEventListener('abort', cut, { once: true });
  let silence = setTimeout(cut, given.silenceMs);
  try {
    if (given.signal.aborted) return;
    stream.write(firstRequest(start));
    for await (const response of stream as AsyncIterable<FetchResponse>) {
      clearTimeout(silence);
      yield response;
      const numRequested = toAsk(response);
      if (numRequested > 0) stream.write({ topicName: start.topic, numRequested });
      silence = setTimeout(cut, given.silenceMs);
    }
  } catch (thrown) {
    if (!given.signal.aborted) throw refusalOf(thrown);
  } finally {
    clearTimeout(silence);
    given.signal.removeEventListener('abort', cut);
    cut();
  }
  if (!given.signal.aborted) throw new PubSubRefusal(UNAVAILABLE, '');
}

const firstRequest = ({ topic, replayId }: Start): FetchRequest => ({
  topicName: topic,
  numRequested: BATCH,
  ...(replayId ? { replayPreset: 'CUSTOM' as const, replayId } : { replayPreset: 'LATEST' as const }),
});

/** An empty answer that waits for nothing means that the vendor counts events which it did not send, such as those that a channel's filter holds back. */
function toAsk({ events, pendingNumRequested }: FetchResponse): number {
  if (events.length > 0) return events.length;
  return pendingNumRequested === 0 ? BATCH : 0;
}
