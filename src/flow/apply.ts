import { newId } from '#lib/ids';
import type { Decision, NewEnvelope } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { Correlation, TenantId } from '#core/ids';
import type { EnvelopeChange, RecipientChange } from '#core/state';
import { raiseAlarm } from '#store/alarms';
import { appendConsents } from '#store/consents';
import type { Tx } from '#store/database';
import { insertEnvelope, updateEnvelope, updateRecipient, type EnvelopeDocument } from '#store/envelopes';
import { introducePerson } from '#store/objections';
import { freezeMappings } from '#store/mappings';
import { erasePeople, sealPersonal } from '#store/people';
import { getVendor, type Flow } from '#flow/flow';
import type { Accounts, Versions } from '#flow/rule-book';

export interface Application {
  tenant: TenantId;
  correlation: Correlation;
  accounts: Accounts;
  versions: Versions;
  decision: Decision;
  fact: Fact;
}

/** Writes what a decision changes: the new envelope, the moved ones, the erased. Its effects are the outbox's. */
export async function applyDecision(flow: Flow, tx: Tx, application: Application): Promise<void> {
  const { tenant, decision } = application;
  if (decision.create) await createEnvelope(flow, tx, application, decision.create);
  const now = flow.clock.now();
  for (const { envelope, set, recipients } of decision.changes) {
    if (Object.keys(set).length > 0) await updateEnvelope(tx, tenant, envelope, { ...envelopeColumns(set), updated_at: now });
    for (const [id, change] of recipients) await updateRecipient(tx, tenant, id, recipientColumns(change));
  }
  if (decision.alarm !== undefined) await raiseAlarm(tx, { code: 'mapping-failed', subject: tenant, tenant, say: `A mapping failed on a record: ${decision.alarm}` }, now);
  if (decision.wordingDiffers) {
    const { envelope, say } = decision.wordingDiffers;
    await raiseAlarm(tx, { code: 'consent-wording-differs', subject: envelope, tenant, say }, now);
  }
  const { consents } = decision;
  if (consents?.introduced) await introducePerson(tx, tenant, { ...consents.introduced, person: consents.person }, now);
  if (consents) await appendConsents(tx, flow.sealer, tenant, { ...consents, identity: application.fact.personal?.identity ?? null, correlation: application.correlation }, now);
  if (decision.erase !== undefined) await erasePeople(tx, flow.sealer, tenant, decision.erase, now);
}

async function createEnvelope(flow: Flow, tx: Tx, { tenant, correlation, accounts, versions }: Application, envelope: NewEnvelope): Promise<void> {
  if (!accounts.sign) throw new Error('An envelope was decided on without a provider.');
  const { plan } = envelope;
  const now = flow.clock.now();
  const { owner, company } = envelope.deal;
  // A provider that makes no address to sign at mails everybody.
  const views = getVendor(flow, accounts.sign.vendor).connector.sign?.view !== undefined;
  const embedded = views ? plan.recipients.filter((one) => one.embedded).map(({ role }) => role) : [];
  const document: EnvelopeDocument = {
    subject: plan.subject,
    message: plan.message,
    fields: plan.fields,
    policies: plan.policies,
    owner,
    company,
    leads: envelope.leads,
    ...(embedded.length > 0 ? { embedded } : {}),
    ...(plan.consents ? { consents: plan.consents } : {}),
  };
  const people = await Promise.all(plan.recipients.map(({ name, email }) => sealPersonal(tx, flow.sealer, tenant, { name, email })));
  const row = {
    tenant,
    id: envelope.id,
    intent: envelope.intent,
    deal: envelope.deal.id,
    deal_name: envelope.deal.name,
    crm: accounts.crm.id,
    sign: accounts.sign.id,
    remote: null,
    rule: plan.rule,
    template: plan.template.id,
    template_name: plan.template.name,
    status: 'requested' as const,
    document: JSON.stringify(document),
    attribution: JSON.stringify(plan.attribution),
    send_mapping: versions.send,
    writeback_mapping: versions.writeback,
    journey_mapping: versions.journey,
    pipeline: envelope.pipeline,
    stage: envelope.stage,
    attempt: envelope.attempt,
    void_by: null,
    reason: null,
    correlation,
    requested_at: now,
    sent_at: null,
    viewed_at: null,
    completed_at: null,
    closed_at: null,
    expires_at: null,
    updated_at: now,
  };
  const recipients = plan.recipients.flatMap((recipient, index) => {
    const sealed = people[index];
    if (!sealed) return [];
    const base = { tenant, id: newId('sgn', now), envelope: envelope.id, role: recipient.role, position: recipient.order, contact: recipient.contact, ...sealed };
    return [{ ...base, status: 'waiting' as const, remote: null, viewed_at: null, signed_at: null }];
  });
  await insertEnvelope(tx, row, recipients);
  await freezeMappings(tx, tenant, Object.values(versions), now);
}

const ENVELOPE_COLUMNS = {
  remote: 'remote',
  status: 'status',
  voidBy: 'void_by',
  reason: 'reason',
  sentAt: 'sent_at',
  viewedAt: 'viewed_at',
  completedAt: 'completed_at',
  closedAt: 'closed_at',
  expiresAt: 'expires_at',
} as const satisfies Record<keyof EnvelopeChange, string>;
const RECIPIENT_COLUMNS = { status: 'status', remote: 'remote', viewedAt: 'viewed_at', signedAt: 'signed_at' } as const satisfies Record<keyof RecipientChange, string>;

/** A change as the columns of an envelope's row. */
export const envelopeColumns = (set: EnvelopeChange) => renamed(set, ENVELOPE_COLUMNS);
const recipientColumns = (set: RecipientChange) => renamed(set, RECIPIENT_COLUMNS);

function renamed<Key extends string, Column extends string>(set: Partial<Record<Key, unknown>>, columns: Record<Key, Column>): Partial<Record<Column, never>> {
  return Object.fromEntries(Object.entries(set).map(([key, value]) => [columns[key as Key], value])) as Partial<Record<Column, never>>;
}
