import * as z from 'zod';
import type { Json } from '#lib/json';

/**
 * The parts of the vendor's messages that we read. Whatever is not named here is dropped on reading: names, addresses and documents
 * never get further than the raw delivery. The vendor writes every number and boolean as text; a real number is taken as its text.
 */
const text = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? undefined : String(value)));

function listOf<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
}

const recipient = z.object({
  recipientId: text,
  roleName: text,
  status: text,
  sentDateTime: text,
  deliveredDateTime: text,
  signedDateTime: text,
  declinedDateTime: text,
  declinedReason: text,
});
export type WireRecipient = z.infer<typeof recipient>;

/** Kinds of recipient whose act is a signature, then those who only receive or pass on. */
export const SIGNING_KINDS = ['signers', 'inPersonSigners', 'witnesses', 'notaries', 'seals'] as const;
export const PASSIVE_KINDS = ['carbonCopies', 'certifiedDeliveries', 'agents', 'editors', 'intermediaries'] as const;

const recipientLists = Object.fromEntries([...SIGNING_KINDS, ...PASSIVE_KINDS].map((kind) => [kind, listOf(recipient)])) as Record<
  (typeof SIGNING_KINDS)[number] | (typeof PASSIVE_KINDS)[number],
  ReturnType<typeof listOf<typeof recipient>>
>;

/** `envelope` of the API and `envelopeSummary` of Connect: one shape as far as we read it. */
export const envelopeShape = z.object({
  envelopeId: text,
  status: text,
  transactionId: text,
  createdDateTime: text,
  sentDateTime: text,
  statusChangedDateTime: text,
  voidedDateTime: text,
  expireDateTime: text,
  voidedReason: text,
  customFields: z.object({ textCustomFields: listOf(z.object({ name: text, value: text })) }).nullish(),
  recipients: z.object(recipientLists).nullish(),
});
export type WireEnvelope = z.infer<typeof envelopeShape>;

/** What tells one message from another. */
const connectData = z.object({ accountId: text, envelopeId: text, recipientId: text });
export const connectHeadShape = z.object({ event: z.string().min(1), generatedDateTime: z.string().min(1), configurationId: text, data: connectData });
export const connectMessageShape = connectHeadShape.extend({ data: connectData.extend({ envelopeSummary: envelopeShape.nullish() }) });

export const envelopeListShape = z.object({
  envelopes: listOf(envelopeShape),
  envelopeTransactionStatuses: listOf(z.object({ transactionId: text, envelopeId: text, status: text })),
});
export const createdShape = z.object({ envelopeId: z.string().min(1), status: text });

/** Tabs that a sender may fill with a text, by the vendor's name of their list. */
export const FILLABLE_TABS = ['textTabs', 'numberTabs', 'dateTabs', 'emailTabs', 'zipTabs', 'listTabs', 'noteTabs'] as const;
export type FillableTabs = (typeof FILLABLE_TABS)[number];
const tabLists = Object.fromEntries(FILLABLE_TABS.map((kind) => [kind, listOf(z.object({ tabLabel: text, locked: text }))])) as Record<
  FillableTabs,
  ReturnType<typeof listOf<z.ZodObject<{ tabLabel: typeof text; locked: typeof text }>>>
>;
const templateRecipient = z.object({ roleName: text, routingOrder: text, tabs: z.object({ ...tabLists, checkboxTabs: listOf(z.object({ tabLabel: text })) }).nullish() });
const templateRecipientLists = Object.fromEntries([...SIGNING_KINDS, ...PASSIVE_KINDS].map((kind) => [kind, listOf(templateRecipient)])) as Record<
  (typeof SIGNING_KINDS)[number] | (typeof PASSIVE_KINDS)[number],
  ReturnType<typeof listOf<typeof templateRecipient>>
>;
export const templateShape = z.object({ templateId: text, name: text, recipients: z.object(templateRecipientLists).nullish() });
export type WireTemplate = z.infer<typeof templateShape>;
export const templateListShape = z.object({ envelopeTemplates: listOf(z.object({ templateId: z.string(), name: text })) });

/** The vendor's time as milliseconds since the epoch; null where it is absent or no time. It writes seven digits after the second. */
export function instant(text: string | undefined): number | null {
  const time = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/** A read value as plain JSON, without its undefined members. */
export function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
