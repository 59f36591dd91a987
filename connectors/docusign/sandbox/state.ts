import type { Json } from '#lib/json';

/** What the sandbox's DocuSign account holds. Plain JSON, so that it outlives a restart. */
export interface SandboxState {
  /** Whether a person has ever consented, which the JWT grant needs. */
  consented: boolean;
  codes: Record<string, { challenge: string; scopes: string[]; redirectUri: string; expiresAt: number }>;
  accessTokens: Record<string, { expiresAt: number; scopes: string[] }>;
  refreshTokens: Record<string, { scopes: string[] }>;
  envelopes: StoredEnvelope[];
  /** Times of reads by envelope, for the polling rule. */
  polls: Record<string, number[]>;
  /** Addresses at which embedded recipients sign, by their unguessable part. */
  views: Record<string, StoredView>;
  /** Grows with each webhook, and dates them apart within one millisecond. */
  sequence: number;
}

export type StoredStatus = 'created' | 'sent' | 'delivered' | 'completed' | 'declined' | 'voided' | 'deleted';
export interface StoredEnvelope {
  envelopeId: string;
  templateId: string;
  status: StoredStatus;
  emailSubject: string;
  emailBlurb: string;
  transactionId: string | null;
  customFields: { fieldId: string; name: string; value: string; show: string; required: string }[];
  recipients: StoredRecipient[];
  createdAt: number;
  sentAt: number | null;
  deliveredAt: number | null;
  completedAt: number | null;
  declinedAt: number | null;
  voidedAt: number | null;
  voidedReason: string;
  statusChangedAt: number;
  expireAfterDays: number | null;
  reminders: { afterDays: number; everyDays: number; remindedAt: number | null } | null;
  eventNotification: StoredNotification | null;
  history: { at: number; action: string; who: string; words: string }[];
}
export interface StoredRecipient {
  recipientId: string;
  guid: string;
  role: string;
  name: string;
  email: string;
  order: number;
  /** The sender's own name for whom it lets in itself: an embedded recipient, who is mailed nothing. */
  clientUserId?: string;
  /** Unguessable part of the signing page's address. */
  token: string;
  status: 'created' | 'sent' | 'delivered' | 'completed' | 'declined' | 'autoresponded';
  sentAt: number | null;
  deliveredAt: number | null;
  signedAt: number | null;
  declinedAt: number | null;
  declinedReason: string;
  /** Labels of the boxes that were ticked; absent before signing. */
  ticked?: string[];
  /** As typed on the signing page. */
  signedName: string;
  fields: Record<string, string>;
}
export interface StoredView {
  envelopeId: string;
  recipientId: string;
  returnUrl: string;
  /** Of the address, and after its one use of the session that it began. */
  expiresAt: number;
  /** Unguessable name of the session; null while the address is unused. */
  session: string | null;
}
/** The webhook of one envelope, as asked for when it was made. */
export interface StoredNotification {
  url: string;
  events: string[];
  includeData: string[];
  hmac: boolean;
  acknowledged: boolean;
}

export const DAY_MS = 86_400_000;
export const isOut = (envelope: StoredEnvelope): boolean => envelope.status === 'sent' || envelope.status === 'delivered';
export const dueAt = (envelope: StoredEnvelope): number | null =>
  envelope.sentAt === null || envelope.expireAfterDays === null ? null : envelope.sentAt + envelope.expireAfterDays * DAY_MS;
/** Recipients whose turn it is: the lowest order that has not signed. */
export function currentRecipients(envelope: StoredEnvelope): StoredRecipient[] {
  if (!isOut(envelope)) return [];
  const open = envelope.recipients.filter(({ status }) => status !== 'completed');
  const order = Math.min(...open.map((one) => one.order));
  return open.filter((one) => one.order === order);
}

export function restoreState(saved: Json | undefined): SandboxState {
  const fresh: SandboxState = { consented: false, codes: {}, accessTokens: {}, refreshTokens: {}, envelopes: [], polls: {}, views: {}, sequence: 0 };
  return saved && typeof saved === 'object' && !Array.isArray(saved) ? { ...fresh, ...(structuredClone(saved) as unknown as SandboxState) } : fresh;
}

/** The account that every sandbox holds; the ids never change, so that connecting again is the same account. */
export const ACCOUNT = {
  id: '6f1c2d7e-0b64-4a53-9f0e-5d2b8c3a7e10',
  name: 'Harbour & Pine Ltd',
  user: { id: '0d9a4b6c-31f5-4c8e-8a27-94e6b1f0c352', name: 'Robin Vega', email: 'robin.vega@example.com' },
} as const;
