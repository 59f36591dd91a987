import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Grpc from '@grpc/grpc-js';
import type * as ProtoLoader from '@grpc/proto-loader';
import type { Secret } from '#lib/secret';
import { Problem } from '#core/problem';
import type { Endpoint } from './pubsub-endpoint.ts';
import { PubSubRefusal } from './pubsub-problem.ts';

/**
 * Calls of `eventbus.v1.PubSub` over gRPC, with what `salesforce-pubsub-api-client` 5.5.2 brings along and not with its client class, which
 * - turns replay ids into `Number(readBigUInt64BE())`: wrong above 2^53 and for ids that are not 8 bytes long, while the vendor calls them opaque;
 * - hands out events without waiting for whoever stores them, and asks for more by itself; two batches may overtake each other while a schema is fetched;
 * - decodes a keep-alive without an id inside an unwatched promise, which ends the process, and on `close()` leaves streams open without an error listener;
 * - takes only instance addresses of https, so that it cannot be held against a sandbox, and logs raw events.
 * So the package stays the one thing to install, for gRPC and for the vendor's own description of the service.
 */
const INSTALL = 'salesforce-pubsub-api-client@5.5.2';
const SERVICE = 'eventbus.v1.PubSub';

/** Above the 4 MB that gRPC allows by itself: a hundred events of up to 1 MB may come in one answer, and one that does not fit would come again for ever. */
const MOST_BYTES = 128 * 1024 * 1024;
const UNAUTHENTICATED = 16;

export interface Parts {
  grpc: typeof Grpc;
  service: Grpc.ServiceDefinition;
  /** A package that came with the client, wherever the package manager has put it. */
  beside(name: string): unknown;
}
let known: Parts | undefined;
const require = createRequire(import.meta.url);
const locateClient = (): string => require.resolve('salesforce-pubsub-api-client');

/** Loaded with the first subscription: most orgs never need it. @throws Problem `feature.unsupported` where the optional package is not installed */
export function loadParts(locate = locateClient): Parts {
  try {
    if (known && locate === locateClient) return known;
    const home = locate();
    const beside = createRequire(home) as (name: string) => unknown;
    const grpc = beside('@grpc/grpc-js') as typeof Grpc;
    const { loadSync } = beside('@grpc/proto-loader') as typeof ProtoLoader;
    const definition = loadSync(protoOf(home), { defaults: true, enums: String, longs: String });
    return (known = { grpc, beside, service: definition[SERVICE] as Grpc.ServiceDefinition });
  } catch (error) {
    const say = `Change events of Salesforce need an optional package: run "npm install --save-prod ${INSTALL}" where the server is installed, then start it again. Until then changes of stage are heard by polling.`;
    throw new Problem('feature.unsupported', { say, cause: error });
  }
}

/** The vendor's description of the service lies at the root of the package, above its `dist`. */
export const protoOf = (home = locateClient()): string => join(dirname(home), '..', 'pubsub_api.proto');

export interface FetchRequest {
  topicName: string;
  numRequested: number;
  replayPreset?: 'LATEST' | 'EARLIEST' | 'CUSTOM';
  replayId?: Buffer;
}
export interface ConsumerEvent {
  event: { id: string; schemaId: string; payload: Buffer } | null;
  replayId: Buffer;
}
export interface FetchResponse {
  events: ConsumerEvent[];
  latestReplayId: Buffer;
  rpcId: string;
  pendingNumRequested: number;
}
export type FetchStream = Grpc.ClientDuplexStream<FetchRequest, FetchResponse>;

/** As whom a call is made. */
export interface Bearer {
  accessToken: Secret;
  instanceUrl: string;
  org: string;
}
export interface Channel {
  /** @throws PubSubRefusal, as all calls */
  getTopic(topicName: string, as: Bearer, timeoutMs: number): Promise<{ schemaId: string; canSubscribe: boolean }>;
  getSchema(schemaId: string, as: Bearer, timeoutMs: number): Promise<{ schemaJson: string }>;
  subscribe(as: Bearer): FetchStream;
  close(): void;
}

/** A connection of its own to one endpoint; nothing is sent before the first call. `signal` cuts short whoever waits for an answer. */
export function openChannel({ grpc, service }: Parts, { address, tls }: Endpoint, signal: AbortSignal): Channel {
  // Node's own certificate authorities, which are renewed with it and heed NODE_EXTRA_CA_CERTS (and gRPC's GRPC_DEFAULT_SSL_ROOTS_FILE_PATH), not the package's list.
  const credentials = tls ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
  const client = new grpc.Client(address, credentials, {
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    // A proxy of the environment is for the world outside.
    'grpc.enable_http_proxy': tls ? 1 : 0,
  });

  const headers = (as: Bearer): Grpc.Metadata => {
    const metadata = new grpc.Metadata();
    try {
      metadata.set('accesstoken', as.accessToken.reveal());
      metadata.set('instanceurl', as.instanceUrl);
      metadata.set('tenantid', as.org);
    } catch {
      // What is thrown there quotes the value.
      throw new PubSubRefusal(UNAUTHENTICATED, '');
    }
    return metadata;
  };
  const method = (name: string): Grpc.MethodDefinition<object, object> => {
    const found: Grpc.MethodDefinition<object, object> | undefined = service[name];
    if (!found) throw new Problem('internal.bug', { cause: new Error(`${SERVICE} has no ${name}`) });
    return found;
  };

  function ask<A>(name: string, question: object, as: Bearer, timeoutMs: number): Promise<A> {
    const { path, requestSerialize, responseDeserialize } = method(name);
    const metadata = headers(as);
    return new Promise((resolve, reject) => {
      const asked = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, question, metadata, { deadline: Date.now() + timeoutMs }, (error, answer) => {
        signal.removeEventListener('abort', cancel);
        if (error) reject(refusalOf(error));
        else resolve(answer as A);
      });
      const cancel = (): void => asked.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
    });
  }

  return {
    getTopic: (topicName, as, timeoutMs) => ask('GetTopic', { topicName }, as, timeoutMs),
    getSchema: (schemaId, as, timeoutMs) => ask('GetSchema', { schemaId }, as, timeoutMs),
    subscribe(as) {
      const { path, requestSerialize, responseDeserialize } = method('Subscribe');
      return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, headers(as)) as unknown as FetchStream;
    },
    close: () => client.close(),
  };
}

/** What gRPC threw, without its words. Any other error is given back as it is. */
export function refusalOf(error: unknown): Error {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'number')) return error instanceof Error ? error : new Error('gRPC threw what is no error.');
  const { metadata } = error as Partial<Grpc.ServiceError>;
  const trailer = metadata?.get('error-code')[0];
  return new PubSubRefusal(error.code, typeof trailer === 'string' ? trailer : '');
}
