import type { EnvelopeState } from '#core/state';
import type { EnvelopeDocument, EnvelopeWithRecipients } from '#store/envelopes';
import { envelopeUrl, type Flow } from '#flow/flow';

/** A stored envelope as `decide` sees it. */
export function toState(flow: Flow, { envelope, recipients }: EnvelopeWithRecipients, provider: string): EnvelopeState {
  const document = JSON.parse(envelope.document) as Partial<EnvelopeDocument>;
  return {
    id: envelope.id,
    sign: envelope.sign,
    intent: envelope.intent,
    deal: envelope.deal,
    company: document.company ?? null,
    rule: envelope.rule,
    template: { id: envelope.template, name: envelope.template_name },
    provider,
    remote: envelope.remote,
    status: envelope.status,
    pipeline: envelope.pipeline,
    stage: envelope.stage,
    attempt: envelope.attempt,
    voidBy: envelope.void_by,
    reason: envelope.reason,
    policies: document.policies ?? null,
    attribution: JSON.parse(envelope.attribution) as Record<string, string>,
    ...(document.consents ? { consents: document.consents } : {}),
    requestedAt: envelope.requested_at,
    sentAt: envelope.sent_at,
    viewedAt: envelope.viewed_at,
    completedAt: envelope.completed_at,
    closedAt: envelope.closed_at,
    expiresAt: envelope.expires_at,
    owner: document.owner ?? null,
    url: envelopeUrl(flow, envelope.tenant, envelope.id),
    recipients: recipients.map((recipient) => ({
      id: recipient.id,
      role: recipient.role,
      order: recipient.position,
      status: recipient.status,
      contact: recipient.contact,
      lead: document.leads?.[recipient.role] ?? null,
      remote: recipient.remote,
      viewedAt: recipient.viewed_at,
      signedAt: recipient.signed_at,
    })),
  };
}
