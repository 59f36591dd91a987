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
export type MappingId = Branded<'map'>;
/** One story from the first byte to the last receipt. */
export type Correlation = Branded<'cor'>;
