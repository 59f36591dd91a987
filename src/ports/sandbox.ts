import type { Hono } from 'hono';
import type { Clock } from '#lib/clock';
import type { Json } from '#lib/json';

/** How a vendor's side misbehaves. Rates are 0 to 1, drawn from the sandbox's own seeded generator. */
export interface Faults {
  /** Webhooks: sent twice, sent out of order, sent late, never sent, signed wrongly. */
  duplicate: number;
  reorder: number;
  delay: number;
  drop: number;
  wrongSignature: number;
  /** API calls: 429 with Retry-After, 503, done but the connection is cut before the answer. */
  rateLimited: number;
  unavailable: number;
  lostReply: number;
  /** Longest pause that `delay`, `reorder` and `Retry-After` use, milliseconds. */
  maxPauseMs: number;
}
export const NO_FAULTS: Faults = {
  duplicate: 0,
  reorder: 0,
  delay: 0,
  drop: 0,
  wrongSignature: 0,
  rateLimited: 0,
  unavailable: 0,
  lostReply: 0,
  maxPauseMs: 1000,
};

export interface Mail {
  to: string;
  toName: string;
  from: string;
  subject: string;
  text: string;
  /** What the button opens. */
  link: { label: string; url: string } | null;
  at: number;
}

export interface SandboxOptions {
  /** Absolute address at which `app` is reached, without a slash at the end, such as `http://127.0.0.1:8080/sandbox/hubspot`. Known once the server listens. */
  baseUrl: () => string;
  clock: Clock;
  /** The registration that the connector server will use. */
  app: { clientId: string; clientSecret: string; appId: string; redirectUri: () => string; webhookUrl: () => string };
  /** Live webhook keys, for vendors that sign by key. */
  webhookKeys: string[];
  mail: (mail: Mail) => void;
  seed: number;
  /** Where the connector server's console and JSON API are, for links and the Send for signature action. */
  serverUrl: () => string;
  /** The other parts of the world, for links from page to page. */
  elsewhere?: () => { label: string; href: string }[];
  /** What `state()` gave before a restart. */
  state?: Json;
}

/** The vendor's side of the wire: its real paths, shapes, statuses, limits, OAuth and webhooks, and the few pages that a person needs. */
export interface Sandbox {
  app: Hono;
  /** Takes effect at once. */
  faults: Faults;
  /** Everything it holds, to be given back as `options.state` after a restart. */
  state(): Json;
  /** Waits until no webhook is on its way any more. Rejects nothing. */
  quiet(): Promise<void>;
  /** How many API calls of each `METHOD path` were answered, for counting quota. */
  calls(): Record<string, number>;
  /** Stops timers and deliveries. */
  close(): void;
}
