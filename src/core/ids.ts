import type { Branded } from '#lib/ids';

export type TenantId = Branded<'ten'>;
export type InstallId = Branded<'ins'>;
export type DeliveryId = Branded<'dlv'>;
export type NoticeId = Branded<'ntc'>;
export type FactId = Branded<'fct'>;
export type EnvelopeId = Branded<'env'>;
export type RecipientId = Branded<'sgn'>;
export type EffectId = Branded<'eff'>;
export type ReceiptId = Branded<'rcp'>;
export type PersonId = Branded<'per'>;
export type ConsentId = Branded<'cns'>;
export type ConsentTextId = Branded<'ctx'>;
export type TouchId = Branded<'tch'>;
export type AttributionId = Branded<'atr'>;
export type EndpointId = Branded<'enp'>;
export type MessageId = Branded<'msg'>;
/** One post of a capture page's form. */
export type CaptureId = Branded<'cap'>;
export type ApiKeyId = Branded<'key'>;
/** Sends of a rule that wait for a person, one of them, and what stops sending. */
export type HoldId = Branded<'hld'>;
export type HeldSendId = Branded<'hls'>;
export type StopId = Branded<'stp'>;
export type MappingId = Branded<'map'>;
/** One story from the first byte to the last receipt. */
export type Correlation = Branded<'cor'>;
