import { newId } from '#lib/ids';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { EnvelopeId, InstallId, MappingId, TenantId } from '#core/ids';
import { sealPersonal } from '#store/people';
import type { World } from './world.ts';

const MINUTE = 60_000;

interface EnvelopeSeed {
  tenant: TenantId;
  crm: InstallId;
  sign: InstallId;
  mappings: Record<'send' | 'writeback' | 'journey', MappingId>;
  deal: string;
  status: EnvelopeStatus;
  recipients: RecipientStatus[];
  at: number;
}

export async function seedEnvelope({ db, options }: World, of: EnvelopeSeed): Promise<EnvelopeId> {
  const id = newId('env', of.at);
  const deal = String(9_000_000_000 + (of.at % 1_000_000));
  const out = of.status !== 'requested';
  const document = {
    subject: `Contract for ${of.deal}`,
    message: 'Please read and sign. If anything is unclear, answer to this message.',
    fields: [
      { role: 'Customer', label: 'Amount', value: 'EUR 48,000' },
      { role: 'Customer', label: 'Company', value: of.deal },
    ],
    policies: { reminders: { afterDays: 3, everyDays: 3 }, expiresAfterDays: 30, backward: 'ask', retries: 1 },
  };
  await db
    .insertInto('envelopes')
    .values({
      tenant: of.tenant,
      id,
      intent: `stage|${id}`,
      deal,
      deal_name: of.deal,
      crm: of.crm,
      sign: of.sign,
      remote: out ? `7d4c${id.slice(-20)}` : null,
      rule: 'contract-sent',
      template: 'tpl-1',
      template_name: 'Order form',
      status: of.status,
      document: JSON.stringify(document),
      attribution: JSON.stringify({ first_source: 'ORGANIC_SEARCH', first_campaign: 'spring webinar', last_source: 'EMAIL_MARKETING' }),
      send_mapping: of.mappings.send,
      writeback_mapping: of.mappings.writeback,
      journey_mapping: of.mappings.journey,
      pipeline: 'default',
      stage: 'contractsent',
      attempt: 0,
      void_by: null,
      reason: of.status === 'declined' ? 'The payment terms are not what we agreed.' : null,
      correlation: newId('cor', of.at),
      requested_at: of.at,
      sent_at: out ? of.at + 2100 : null,
      viewed_at: ['viewed', 'partially_signed', 'completed'].includes(of.status) ? of.at + 9 * MINUTE : null,
      completed_at: of.status === 'completed' ? of.at + 64 * MINUTE : null,
      closed_at: ['completed', 'declined', 'expired'].includes(of.status) ? of.at + 64 * MINUTE : null,
      expires_at: null,
      updated_at: of.at,
    })
    .execute();
  const people = [
    { role: 'Customer', name: 'Amara Okafor', email: 'amara.okafor@example.com' },
    { role: 'Legal', name: 'Jonas Lindqvist', email: 'legal@example.com' },
  ];
  for (const [index, { role, ...data }] of people.entries()) {
    const sealed = await db.transaction().execute((tx) => sealPersonal(tx, options.sealer, of.tenant, data));
    const status = of.recipients[index] ?? 'waiting';
    const times = { viewed_at: null, signed_at: status === 'signed' ? of.at + (30 + index) * MINUTE : null };
    await db
      .insertInto('recipients')
      .values({ tenant: of.tenant, id: newId('sgn', of.at), envelope: id, role, position: index + 1, status, contact: String(501 + index), ...sealed, remote: null, ...times })
      .execute();
  }
  return id;
}
