import type * as Grpc from '@grpc/grpc-js';
import { Problem } from '#core/problem';
import { loadParts, type Parts } from '../pubsub-channel.ts';
import type { ChangeEventLog } from './change-events.ts';
import { createEventSchemas, type Avro } from './pubsub-schema.ts';
import { serveSubscription, type Refusal, type ServerStream, type Subscription } from './pubsub-subscription.ts';

const HOST = '127.0.0.1';
const KEEP_ALIVE_MS = 270_000;
const OWN = 'sfdc.platform.eventbus.grpc';

type CallName = 'GetTopic' | 'GetSchema' | 'Subscribe';

export interface PubSubOptions {
  /** The org's change events. How long they are kept is the log's to say. */
  log: ChangeEventLog;
  /** Whether a call may be made with these headers. */
  authorised(as: { token: string; instanceUrl: string; org: string }): boolean;
  /** Topics that the org has: its own selection, and the package's channel where that is installed. */
  topics?: () => string[];
  /** Taken again after a restart, so that installs find it where it was; a free one where absent. */
  port?: number;
  keepAliveMs?: number;
}

export interface PubSubServer {
  /** Host and port, for `details.pubsub` of the org's installs. */
  address: string;
  counts: Record<CallName, number> & {
    /** Events asked for and sent, and the most that were ever asked for and not yet sent on one stream. */
    requested: number;
    delivered: number;
    mostOutstanding: number;
  };
  /** Streams that are open. */
  open(): number;
  /** Refuses the next calls of that name. */
  refuseNext(call: CallName, refusal: Refusal, times?: number): void;
  /** Breaks all streams: now, or after so many more events. */
  cut(afterEvents?: number): void;
  /** Ends all streams as the end of a session does. Whether the token is taken again is for `authorised` to say. */
  endSessions(): void;
  /** Sends the event at that place of the log as bytes that its schema does not fit. */
  garble(position: number): void;
  /** Loses count of what was asked for on all streams. */
  forget(): void;
  close(): void;
}

/** Statuses of gRPC. */
export const STATUS = { INVALID_ARGUMENT: 3, NOT_FOUND: 5, RESOURCE_EXHAUSTED: 8, INTERNAL: 13, UNAVAILABLE: 14, UNAUTHENTICATED: 16 } as const;
/** As the error table of the Pub/Sub API guide has them; those of an unknown topic and schema are guesses. */
export const REFUSALS = {
  auth: { status: STATUS.UNAUTHENTICATED, errorCode: `${OWN}.service.auth.error` },
  topic: { status: STATUS.NOT_FOUND, errorCode: `${OWN}.topic.notfound` },
  schema: { status: STATUS.NOT_FOUND, errorCode: `${OWN}.schema.notfound` },
  request: { status: STATUS.INVALID_ARGUMENT, errorCode: `${OWN}.subscription.fetch.requested.events.invalid` },
  replay: { status: STATUS.INVALID_ARGUMENT, errorCode: `${OWN}.subscription.fetch.replayid.corrupted` },
  missing: { status: STATUS.INVALID_ARGUMENT, errorCode: `${OWN}.subscription.fetch.replayid.validation.failed` },
  limit: { status: STATUS.RESOURCE_EXHAUSTED, errorCode: `${OWN}.subscription.limit.exceeded` },
  internal: { status: STATUS.INTERNAL, errorCode: '' },
  cut: { status: STATUS.UNAVAILABLE, errorCode: `${OWN}.service.unavailable` },
} as const satisfies Record<string, Refusal>;

/**
 * The org's Pub/Sub API: `eventbus.v1` over real gRPC, from the vendor's own description, on this machine alone and therefore without TLS. Publishing is not played: the product
 * publishes over REST.
 * @throws Problem `feature.unsupported` where the optional package is not installed: the sandbox then plays no events, and polling hears of everything
 */
export async function createPubSubServer(options: PubSubOptions): Promise<PubSubServer> {
  const { parts, avro } = load();
  const { grpc } = parts;
  const server = new grpc.Server();
  const schemas = createEventSchemas(avro);
  const topics = options.topics ?? (() => ['/data/OpportunityChangeEvent', '/data/Countersign_Changes__chn']);
  const counts: PubSubServer['counts'] = { GetTopic: 0, GetSchema: 0, Subscribe: 0, requested: 0, delivered: 0, mostOutstanding: 0 };
  const planned: { call: CallName; refusal: Refusal; times: number }[] = [];
  const garbled = new Set<number>();
  const streams = new Map<ServerStream, Subscription>();
  let left = Infinity;

  /** Who calls, how often, and whether it is answered. */
  function admit(call: CallName, metadata: Grpc.Metadata): Refusal | null {
    counts[call]++;
    const plan = planned.find((each) => each.call === call && each.times > 0);
    if (plan) {
      plan.times--;
      return plan.refusal;
    }
    const header = (name: string): string => String(metadata.get(name)[0] ?? '');
    return options.authorised({ token: header('accesstoken'), instanceUrl: header('instanceurl'), org: header('tenantid') }) ? null : REFUSALS.auth;
  }
  /** A call of one question and one answer; `missing` where there is none. */
  const answering =
    (call: CallName, missing: Refusal, answer: (asked: Record<string, string>) => object | null): Grpc.handleUnaryCall<Record<string, string>, object> =>
    ({ metadata, request }, done) => {
      const refused = admit(call, metadata);
      const answered = refused ? null : answer(request);
      if (answered) done(null, answered);
      else done(errorOf(grpc, refused ?? missing));
    };

  server.addService(parts.service, {
    GetTopic: answering('GetTopic', REFUSALS.topic, ({ topicName = '' }) =>
      topics().includes(topicName) ? { topicName, tenantGuid: 'sandbox', canPublish: false, canSubscribe: true, schemaId: schemas.current().id, rpcId: 'sandbox' } : null,
    ),
    GetSchema: answering('GetSchema', REFUSALS.schema, ({ schemaId = '' }) => {
      const found = schemas.find(schemaId);
      return found ? { schemaJson: found.json, schemaId, rpcId: 'sandbox' } : null;
    }),
    Subscribe(stream: ServerStream) {
      const refused = admit('Subscribe', stream.metadata);
      if (refused) return void stream.emit('error', errorOf(grpc, refused));
      const subscription = serveSubscription(stream, {
        log: options.log,
        encode({ position, event }) {
          const encoded = schemas.encode(event);
          return garbled.has(position) ? { ...encoded, payload: encoded.payload.subarray(0, -1) } : encoded;
        },
        hasTopic: (name) => topics().includes(name),
        allow(wanted) {
          const allowed = Math.min(wanted, left);
          left = allowed < wanted ? Infinity : left - allowed;
          return allowed;
        },
        told(what, count, outstanding) {
          counts[what] += count;
          counts.mostOutstanding = Math.max(counts.mostOutstanding, outstanding);
        },
        refuse: (from, refusal) => void from.emit('error', errorOf(grpc, refusal)),
        refusals: REFUSALS,
        keepAliveMs: options.keepAliveMs ?? KEEP_ALIVE_MS,
      });
      streams.set(stream, subscription);
      for (const end of ['close', 'cancelled', 'error', 'end']) stream.once(end, () => streams.delete(stream));
    },
  });

  const port = await bind(server, grpc, options.port ?? 0);
  return {
    address: `${HOST}:${port}`,
    counts,
    open: () => streams.size,
    refuseNext: (call, refusal, times = 1) => void planned.push({ call, refusal, times }),
    cut(afterEvents) {
      if (afterEvents === undefined) for (const subscription of [...streams.values()]) subscription.end(REFUSALS.cut);
      else left = afterEvents;
    },
    endSessions() {
      for (const subscription of [...streams.values()]) subscription.end(REFUSALS.auth);
    },
    garble: (position) => void garbled.add(position),
    forget() {
      for (const subscription of streams.values()) subscription.forget();
    },
    close() {
      for (const subscription of streams.values()) subscription.close();
      server.forceShutdown();
    },
  };
}

function errorOf(grpc: typeof Grpc, { status, errorCode }: Refusal) {
  const metadata = new grpc.Metadata();
  metadata.set('error-code', errorCode);
  return { code: status, details: `${errorCode} rpcId: sandbox`, metadata };
}

function load(): { parts: Parts; avro: Avro } {
  try {
    const parts = loadParts();
    // Past the package's own entry, which asks for a package that it does not declare.
    return { parts, avro: parts.beside('avro-js/lib/schemas') as Avro };
  } catch (error) {
    const why = error instanceof Problem ? error.message : 'The optional package salesforce-pubsub-api-client cannot be loaded.';
    throw new Problem('feature.unsupported', { say: `The Salesforce sandbox plays no change events. ${why}`, cause: error });
  }
}

function bind(server: Grpc.Server, grpc: typeof Grpc, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${HOST}:${port}`, grpc.ServerCredentials.createInsecure(), (error, taken) => {
      if (error) reject(error);
      else resolve(taken);
    });
  });
}
