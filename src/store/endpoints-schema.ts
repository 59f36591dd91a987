import type { EventType } from '#core/events';
import type { Correlation, EndpointId, EnvelopeId, MessageId, TenantId } from '#core/ids';
import type { JsonText, Sealed, Time } from '#store/columns';

/** An address that a tenant wants events to be told to. It is a lane of its own: one process at a time serves it. */
export interface EndpointsTable {
  tenant: TenantId;
  id: EndpointId;
  url: string;
  /** The types that it subscribes to; empty: all. */
  events: JsonText;
  description: string;
  state: 'active' | 'disabled';
  /** Why it is disabled. */
  reason: string | null;
  secret: Sealed;
  /** The one before, which signs beside the present one until `old_until`. */
  old_secret: Sealed | null;
  old_until: Time | null;
  /** Since when nothing has come through; null while something does. */
  failing_since: Time | null;
  last_ok_at: Time | null;
  next_at: Time;
  lease_until: Time;
  served_at: Time;
  epoch: number;
  created_by: string;
  created_at: Time;
  updated_at: Time;
}
export interface MessagesTable {
  tenant: TenantId;
  /** The `webhook-id`: equal in every attempt, so that a receiver knows a message again. */
  id: MessageId;
  endpoint: EndpointId;
  /** What caused it: equal causes are one message. */
  key: string;
  /** The place of the fact that caused it: what happened first goes first. */
  ordinal: number;
  type: EventType;
  at: Time;
  /** The body, byte for byte as it is signed and sent. */
  payload: string;
  envelope: EnvelopeId | null;
  correlation: Correlation;
  state: 'ready' | 'leased' | 'done' | 'failed';
  attempts: number;
  epoch: number;
  run_at: Time;
  /** What the last attempt was answered with; null where no answer came. */
  status: number | null;
  answer: string | null;
  /** Why the last attempt did not succeed. */
  error: string | null;
  created_at: Time;
  updated_at: Time;
}
