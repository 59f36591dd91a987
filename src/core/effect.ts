import type { EnvelopeId, InstallId } from '#core/ids';
import type { FieldValue, RecordRef } from '#core/records';
import type { ReadPurpose } from '#core/fact';

/** Something that we shall do to somebody. What each kind needs to be performed; names no person. */
export interface EffectData {
  'deal.read': { deal: string; purpose: ReadPurpose };
  'envelope.create': { envelope: EnvelopeId };
  'envelope.void': { envelope: EnvelopeId; reason: string };
  'envelope.remind': { envelope: EnvelopeId };
  /** `once` names fields that are written only while they are empty. */
  'record.write': { record: RecordRef; set: Record<string, FieldValue>; once?: string[] };
  'task.create': { deal: string; owner: string | null; subject: string; body: string };
  /** Adds a person to a list, by the list's name; the list is made if the account lacks it. */
  'journey.emit': { contact: string; list: string };
}
export type EffectKind = keyof EffectData;

/** People's clicks go first. Lower runs earlier (Bottleneck's order). */
export const PRIORITY = { click: 2, event: 5, background: 8 } as const;

export type Effect<Kind extends EffectKind = EffectKind> = {
  [K in Kind]: {
    kind: K;
    /** Equal keys are one effect for ever, per tenant. Derived from what caused it, never from chance. */
    key: string;
    install: InstallId;
    data: EffectData[K];
    priority: number;
    /** Earliest time to run, milliseconds since the epoch: the coalescing window. */
    notBefore: number;
    envelope: EnvelopeId | null;
    /** Why, in plain words, for the timeline. */
    why: string;
  };
}[Kind];
