import type { Fact } from '#core/fact';
import type { Json } from '#lib/json';
import type { Secret } from '#lib/secret';

/** Bytes that somebody sent us. */
export interface RawDelivery {
  method: string;
  /** The configured public URL of this server with the request's raw path and query, never built from `Host`. */
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Uint8Array;
}
export type Verdict = { ok: true } | { ok: false; reason: 'missing' | 'mismatch' | 'stale' | 'future' };

/** One event inside a delivery: whose account, which key. */
export interface Notice {
  /** The vendor's id of the account; null where the delivery does not say. */
  account: string | null;
  /** Stays the same when the vendor sends or signs the event again, and differs for another event. */
  key: string;
  /** The vendor's own name of the event. */
  kind: string;
  /** The vendor's time, milliseconds since the epoch. */
  at: number;
  payload: Json;
}

/** The receiving side of a connector. Pure: no clock, no network, no state. */
export interface Inbound {
  /** Compares in constant time, over the raw bytes, against each live secret. */
  verify(delivery: RawDelivery, secrets: readonly Secret[], now: number): Verdict;
  /** @throws Problem `delivery.malformed` */
  split(delivery: RawDelivery): Notice[];
  /** What the notice means; an unknown event is `[]`. `own` is our app's id at the vendor, which marks our own writes coming back. @throws Problem `delivery.malformed` where a known event lacks what it is about */
  decode(notice: Notice, own: { appId: string }): Fact[];
}
