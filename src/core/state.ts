import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { EnvelopeId, InstallId, RecipientId } from '#core/ids';
import type { PinnedConsent } from '#core/pinned-consent';
import type { EnvelopeView, Policies } from '#core/plan';

/** An envelope as `decide` sees it: no person in it. */
export interface EnvelopeState {
  id: EnvelopeId;
  /** The e-sign account that it is with. */
  sign: InstallId;
  intent: string;
  deal: string;
  /** The CRM's id of the deal's company at send. */
  company: string | null;
  rule: string;
  template: { id: string; name: string };
  /** The provider, as people write it. */
  provider: string;
  remote: string | null;
  status: EnvelopeStatus;
  pipeline: string;
  stage: string;
  attempt: number;
  voidBy: string | null;
  reason: string | null;
  policies: Policies | null;
  attribution: Record<string, string>;
  /** Checkboxes tied to wordings, as pinned at send; absent where there are none. */
  consents?: readonly PinnedConsent[];
  requestedAt: number;
  sentAt: number | null;
  viewedAt: number | null;
  completedAt: number | null;
  closedAt: number | null;
  expiresAt: number | null;
  recipients: RecipientState[];
  /** The CRM's id of the deal's owner at send. */
  owner: string | null;
  /** Its page in the console. */
  url: string;
}
export interface RecipientState {
  id: RecipientId;
  role: string;
  order: number;
  status: RecipientStatus;
  contact: string | null;
  /** An open lead of the same person at send. */
  lead: string | null;
  remote: string | null;
  viewedAt: number | null;
  signedAt: number | null;
}
/** What a decision changes in an envelope. */
export type EnvelopeChange = Partial<Pick<EnvelopeState, 'remote' | 'status' | 'voidBy' | 'reason' | 'sentAt' | 'viewedAt' | 'completedAt' | 'closedAt' | 'expiresAt'>>;
export type RecipientChange = Partial<Pick<RecipientState, 'status' | 'remote' | 'viewedAt' | 'signedAt'>>;

export function applyChange(state: EnvelopeState, change: EnvelopeChange, recipients: ReadonlyMap<RecipientId, RecipientChange>): EnvelopeState {
  return { ...state, ...change, recipients: state.recipients.map((recipient) => ({ ...recipient, ...recipients.get(recipient.id) })) };
}

const OUT = new Set<EnvelopeStatus>(['sent', 'viewed', 'partially_signed']);

/** Roles whose turn it is: while an envelope is out, those of the lowest routing order that is not through who have not signed. */
export function waitingFor({ status, recipients }: Pick<EnvelopeState, 'status' | 'recipients'>): string[] {
  if (!OUT.has(status)) return [];
  const open = recipients.filter((recipient) => recipient.status !== 'signed' && recipient.status !== 'declined');
  const turn = Math.min(...open.map((recipient) => recipient.order));
  return open.filter((recipient) => recipient.order === turn).map((recipient) => recipient.role);
}

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

/** What write-back and journey expressions see. */
export function viewOf(state: EnvelopeState): EnvelopeView & { id: EnvelopeId } {
  return {
    id: state.id,
    deal: state.deal,
    company: state.company,
    status: state.status,
    rule: state.rule,
    template: state.template.name,
    provider: state.provider,
    url: state.url,
    requestedAt: iso(state.requestedAt),
    sentAt: iso(state.sentAt),
    viewedAt: iso(state.viewedAt),
    completedAt: iso(state.completedAt),
    closedAt: iso(state.closedAt),
    expiresAt: iso(state.expiresAt),
    recipients: state.recipients.map(({ role, order, status, contact, lead, signedAt }) => ({ role, order, status, contact, lead, signedAt: iso(signedAt) })),
    waitingFor: waitingFor(state),
    reason: state.reason ?? '',
    attribution: state.attribution,
  };
}
