import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import type { Random } from '#lib/random';
import type { Sealer } from '#lib/seal';
import type { Secret } from '#lib/secret';
import type { AppRegistration, TokenHttp } from '#ports/auth';
import type { Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import type { Outgoing } from '#ports/outgoing';
import type { Rates } from '#ports/rates';
import type { Timestamps } from '#ports/timestamps';
import type { Ceiling } from '#core/brakes';
import { Problem } from '#core/problem';
import type { Db } from '#store/database';
import type { LeaseTime, When } from '#store/leases';
import type { Restored } from '#store/restored';
import type { KeepDays } from '#store/retention';
import type { Install } from '#store/installs';
import type { Metrics } from '#flow/metrics';

/** A connector with its registration at the vendor. */
export interface Vendor {
  connector: Connector;
  app: AppRegistration;
  /** Our app's id at the vendor: marks our own writes when they come back. */
  appId: string;
  /** The origin at which a person signs in who chose `login`; null for vendors with a single one. @throws Problem `request.malformed` */
  loginAt: (login: string | null) => string | null;
  /** What webhooks are signed with, for every install; installs may have keys of their own instead. */
  webhookSecrets: Secret[];
}

/** What a bound call does about faults that pass by themselves. */
export type Manner = 'once' | 'insistent' | 'insistent-reads';

/** What every verb of the line works with. */
export interface Flow {
  db: Db;
  clock: Clock;
  /** What leases are counted by where several processes share the database; the process's clock where absent. */
  leaseTime?: () => LeaseTime;
  log: Logger;
  sealer: Sealer;
  metrics: Metrics;
  random: Random;
  vendors: Map<string, Vendor>;
  publicUrl: () => string;
  /** Plain HTTP to a vendor's token hosts. */
  tokenHttp: (vendor: string) => TokenHttp;
  /** A call bound to one install. `priority` is Bottleneck's: lower goes first. `insistent` ones try passing faults again, for rounds that only read; others may do so with what they read. */
  bind: (install: Install, priority: number, manner?: Manner, signal?: AbortSignal) => Call;
  /** HTTP to addresses that tenants chose. */
  outgoing: Outgoing;
  /** Who stamps signed heads with the time; absent where none is configured. */
  timestamps?: Timestamps;
  /** Texts that a tenant of the sandbox begins with; absent when live, where nobody's wording is ours to write. */
  sandboxTexts?: () => string;
  /** The capture page that such a tenant begins with. */
  sandboxPage?: () => string;
  /** Why nothing can be stored just now, where that is known. */
  storeFault?: () => string | null;
  /** Told after a commit that something waits for a verb. */
  wake: Wake;
  /** Rates that all processes count together; absent where each counts for itself. */
  rates?: Rates;
  /** Why no vendor can be called at the moment; null where all is well. */
  limitsFault?: () => string | null;
  /** How long background writes wait for others to the same record, milliseconds. */
  coalesceMs: number;
  /** How much a rule that says nothing of it may send by itself; the product's own default where absent. */
  ceiling?: Ceiling;
  /** How many days what is settled stays; as stated in the docs where absent. */
  keepDays?: KeepDays;
  /** Where the database came back from a backup: what of the time in between is heard again may have been done already. */
  restored?: Restored | null;
  /** Who may begin with an account that is not known yet: an operator alone, or whoever may install in it. */
  admission: 'operator' | 'open';
  /** Where shipped mappings are read from, by CRM vendor. */
  shippedMapping: (vendor: string, kind: 'send' | 'writeback' | 'journey') => string;
}

export interface Wake {
  inbox(): void;
  outbox(): void;
  cursors(): void;
  messages(): void;
}

/** The present, for what takes a lease or looks at one. */
export function present({ clock, leaseTime }: Pick<Flow, 'clock' | 'leaseTime'>): When {
  const now = clock.now();
  return leaseTime ? { now, lease: leaseTime() } : now;
}

/** @throws Problem `feature.unsupported` */
export function getVendor(flow: Flow, id: string): Vendor {
  const vendor = flow.vendors.get(id);
  if (!vendor) throw new Problem('feature.unsupported', { say: 'There is no connector of that name, or its app registration is missing.' });
  return vendor;
}

/** Where the proof of a consent act lies. */
export const consentUrl = (flow: Flow, tenant: string, consent: string): string => `${flow.publicUrl()}/t/${tenant}/consents/${consent}`;
export const envelopeUrl = (flow: Flow, tenant: string, envelope: string): string => `${flow.publicUrl()}/t/${tenant}/envelopes/${envelope}`;
