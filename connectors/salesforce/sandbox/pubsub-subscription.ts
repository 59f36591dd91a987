import type * as Grpc from '@grpc/grpc-js';
import type { FetchRequest, FetchResponse } from '../pubsub-channel.ts';
import type { ChangeEventLog, RetainedEvent } from './change-events.ts';
import { positionOf, replayIdOf } from './pubsub-replay.ts';

/** Fewer than a subscriber may ask for, so that what it asked for comes in several answers, as it does from an org. */
const MOST_AT_ONCE = 40;
const MOST_REQUESTED = 100;

/** Why a call is refused: a status of gRPC and the code that goes into the trailer. */
export interface Refusal {
  status: number;
  errorCode: string;
}
export type ServerStream = Grpc.ServerDuplexStream<FetchRequest, FetchResponse>;

export interface SubscriptionDeps {
  log: ChangeEventLog;
  encode(event: RetainedEvent): { schemaId: string; payload: Buffer };
  hasTopic(name: string): boolean;
  /** How many events the next answer may hold. A fault counts them down to cut the stream in the middle. */
  allow(wanted: number): number;
  told(what: 'requested' | 'delivered', count: number, outstanding: number): void;
  refuse(stream: ServerStream, refusal: Refusal): void;
  refusals: { topic: Refusal; request: Refusal; replay: Refusal; missing: Refusal; cut: Refusal; internal: Refusal };
  keepAliveMs: number;
}
export interface Subscription {
  end(refusal: Refusal): void;
  /** Takes events as counted that were never sent, and says so. */
  forget(): void;
  close(): void;
}

/** One Subscribe call: begins where the first request says, and sends never more events than were asked for. */
export function serveSubscription(stream: ServerStream, deps: SubscriptionDeps): Subscription {
  const { log, refusals } = deps;
  let topic: string | null = null;
  let place = 0;
  let outstanding = 0;
  let full = false;
  let ended = false;

  const send = (events: RetainedEvent[]): void => {
    const consumed = events.map((retained) => ({
      event: { id: `${retained.event.transactionKey}-${retained.position}`, ...deps.encode(retained) },
      replayId: replayIdOf(retained.position),
    }));
    full = !stream.write({ events: consumed, latestReplayId: replayIdOf(place), rpcId: 'sandbox', pendingNumRequested: outstanding });
  };
  const refuse = (refusal: Refusal): void => {
    if (ended) return;
    close();
    deps.refuse(stream, refusal);
  };

  /** Whoever writes to the log shall not have to bear what goes wrong here. */
  function pump(): void {
    try {
      sendWaiting();
    } catch {
      refuse(refusals.internal);
    }
  }

  function sendWaiting(): void {
    while (!ended && !full && topic !== null && outstanding > 0) {
      const waiting = log.since(place).slice(0, Math.min(outstanding, MOST_AT_ONCE));
      const events = waiting.slice(0, deps.allow(waiting.length));
      const last = events.at(-1);
      if (last) {
        place = last.position;
        outstanding -= events.length;
        send(events);
        deps.told('delivered', events.length, outstanding);
      }
      if (events.length < waiting.length) return refuse(refusals.cut);
      if (!last) return;
    }
  }

  function begin({ topicName, replayPreset, replayId }: FetchRequest): Refusal | null {
    if (!deps.hasTopic(topicName)) return refusals.topic;
    if (replayPreset === 'CUSTOM') {
      if (!replayId || replayId.length === 0) return refusals.missing;
      const position = positionOf(replayId, log);
      if (position === null) return refusals.replay;
      place = position;
    } else place = replayPreset === 'EARLIEST' ? log.oldest() - 1 : log.head();
    topic = topicName;
    return null;
  }

  stream.on('data', (request: FetchRequest) => {
    if (ended) return;
    const refused = topic === null ? begin(request) : request.topicName !== '' && request.topicName !== topic ? refusals.request : null;
    if (refused) return refuse(refused);
    if (request.numRequested <= 0) return refuse(refusals.request);
    outstanding += Math.min(request.numRequested, MOST_REQUESTED);
    deps.told('requested', request.numRequested, outstanding);
    pump();
  });
  stream.on('drain', () => {
    full = false;
    pump();
  });
  stream.on('end', () => {
    close();
    stream.end();
  });
  stream.on('cancelled', close);
  stream.on('error', close);
  const unsubscribe = log.subscribe(() => pump());
  const keepAlive = setInterval(() => topic !== null && !full && send([]), deps.keepAliveMs).unref();

  function close(): void {
    ended = true;
    unsubscribe();
    clearInterval(keepAlive);
  }
  return {
    end: refuse,
    forget() {
      outstanding = 0;
      send([]);
    },
    close,
  };
}
