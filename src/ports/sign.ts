import type { EnvelopeId } from '#core/ids';
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
  recipients: { role: string; name: string; email: string; order: number }[];
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
  draft(call: Call, request: EnvelopeRequest): Promise<RemoteEnvelope>;
  /** Mails the first recipients. Sending what is already out returns its state. */
  send(call: Call, remote: string): Promise<RemoteEnvelope>;
  /** @throws Problem `envelope.final` */
  void(call: Call, remote: string, reason: string): Promise<void>;
  remind(call: Call, remote: string): Promise<void>;
  /** The present state as a notice that `Inbound.decode` understands. Callers keep to one call an envelope in 15 minutes. */
  read(call: Call, remote: string): Promise<Notice>;
  changes(call: Call, cursor: Json, now: number): Promise<Changes>;
}
