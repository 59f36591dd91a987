import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import type { Random } from '#lib/random';
import type { Sealer } from '#lib/seal';
import type { Secret } from '#lib/secret';
import type { AppRegistration, TokenHttp } from '#ports/auth';
import type { Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import { Problem } from '#core/problem';
import type { Db } from '#store/database';
import type { Install } from '#store/installs';
import type { Metrics } from '#flow/metrics';

/** A connector with its registration at the vendor. */
export interface Vendor {
  connector: Connector;
  app: AppRegistration;
  /** Our app's id at the vendor: marks our own writes when they come back. */
  appId: string;
  /** What webhooks are signed with, for every install; installs may have keys of their own instead. */
  webhookSecrets: Secret[];
}

/** What every verb of the line works with. */
export interface Flow {
  db: Db;
  clock: Clock;
  log: Logger;
  sealer: Sealer;
  metrics: Metrics;
  random: Random;
  vendors: Map<string, Vendor>;
  publicUrl: () => string;
  /** Plain HTTP to a vendor's token hosts. */
  tokenHttp: (vendor: string) => TokenHttp;
  /** A call bound to one install. `priority` is Bottleneck's: lower goes first. `insistent` ones try passing faults again, for rounds that only read. */
  bind: (install: Install, priority: number, manner?: 'once' | 'insistent', signal?: AbortSignal) => Call;
  /** Told after a commit that something waits for a verb. */
  wake: Wake;
  /** How long background writes wait for others to the same record, milliseconds. */
  coalesceMs: number;
  /** Who may begin with an account that is not known yet: an operator alone, or whoever may install in it. */
  admission: 'operator' | 'open';
  /** Where shipped mappings are read from, by CRM vendor. */
  shippedMapping: (vendor: string, kind: 'send' | 'writeback' | 'journey') => string;
}

export interface Wake {
  inbox(): void;
  outbox(): void;
  cursors(): void;
}

/** @throws Problem `feature.unsupported` */
export function getVendor(flow: Flow, id: string): Vendor {
  const vendor = flow.vendors.get(id);
  if (!vendor) throw new Problem('feature.unsupported', { say: 'There is no connector of that name, or its app registration is missing.' });
  return vendor;
}

export const envelopeUrl = (flow: Flow, tenant: string, envelope: string): string => `${flow.publicUrl()}/t/${tenant}/envelopes/${envelope}`;
