import type { EnvelopeId } from '#core/ids';
import type { SignedForm } from '#core/pinned-consent';
import type { Template } from '#core/records';
import type { EnvelopeStatus } from '#core/envelope';
import type { Call } from '#ports/call';
import type { Changes } from '#ports/crm';
import type { Json } from '#lib/json';
import type { Notice } from '#ports/inbound';

export interface EnvelopeRequest {
  /** Our id: the correlation key at the provider. */
  envelope: EnvelopeId;
  template: string;
  subject: string;
  message: string;
  /** `embedded`: the provider mails them nothing; they sign at an address that `Sign.view` makes. Only where the slot is there. */
  recipients: { role: string; name: string; email: string; order: number; embedded?: boolean }[];
  /** Template fields by label, of the role that owns them. */
  fields: { role: string; label: string; value: string }[];
  /** Carried along and given back: correlation, deal, attribution. At most 100 characters each. */
  labels: Record<string, string>;
  reminders: { afterDays: number; everyDays: number } | null;
  expiresAfterDays: number | null;
}
export interface RemoteEnvelope {
  id: string;
  /** `draft` is made and not sent. */
  status: EnvelopeStatus | 'draft';
}

/** The signing side of a connector. Making an envelope is draft, then send; nothing here retries. */
export interface Sign {
  templates(call: Call): Promise<Template[]>;
  /** The envelope that carries our id, made since `since`; null where there is surely none. @throws Problem where it is not certain */
  find(call: Call, envelope: EnvelopeId, since: number): Promise<RemoteEnvelope | null>;
  /** The envelope whose label `intent` is this, made since `since`; null where there is none. Asked only after a restore. @throws Problem where there are several */
  findIntent?(call: Call, intent: string, since: number): Promise<RemoteEnvelope | null>;
  draft(call: Call, request: EnvelopeRequest): Promise<RemoteEnvelope>;
  /** Mails the first recipients. Sending what is already out returns its state. */
  send(call: Call, remote: string): Promise<RemoteEnvelope>;
  /** @throws Problem `envelope.final` */
  void(call: Call, remote: string, reason: string): Promise<void>;
  remind(call: Call, remote: string): Promise<void>;
  /** The present state as a notice that `Inbound.decode` understands. Callers keep to one call an envelope in 15 minutes. */
  read(call: Call, remote: string): Promise<Notice>;
  /** The signed document, all of its parts in one PDF, certificate included. @throws Problem `vendor.not-found` where it is not completed */
  document?(call: Call, remote: string): Promise<Uint8Array>;
  /** What the signers filled in and ticked, who they were and the hash of what they signed. @throws Problem `vendor.not-found` where it is not completed */
  answers?(call: Call, remote: string): Promise<SignedForm>;
  /**
   * Where an embedded recipient signs: an address for one use, good for minutes. Afterwards the browser is sent to `returnUrl`, which gets `event` in its query: a hint for
   * words on a page, never a status. @throws Problem `envelope.final` where there is nothing to sign any more, `vendor.rejected` where it is not their turn
   */
  view?(call: Call, remote: string, recipient: { role: string; name: string; email: string }, returnUrl: string): Promise<string>;
  changes(call: Call, cursor: Json, now: number): Promise<Changes>;
}
