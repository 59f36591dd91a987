import { newId } from '#lib/ids';
import { chainUntil, namesOf } from '#core/frozen-attribution';
import type { EnvelopeId, TenantId } from '#core/ids';
import { freezePoint } from '../store/fixtures.ts';
import { append } from '#store/ledger';
import { recordTouches } from '#store/touches';
import type { World } from './world.ts';

const DAY = 86_400_000;

/** What brought each envelope that went out, all texts carrying `name`; the rows at send, by envelope. */
export async function seedAttribution({ db }: World, tenant: TenantId, name: string): Promise<Map<EnvelopeId, string>> {
  const envelopes = await db.selectFrom('envelopes').selectAll().where('tenant', '=', tenant).where('sent_at', 'is not', null).orderBy('id').execute();
  const sources = ['google', 'newsletter', `trade fair ${name}`];
  const rows = new Map<EnvelopeId, string>();
  await db.transaction().execute(async (tx) => {
    for (const [index, envelope] of envelopes.entries()) {
      const sent = envelope.sent_at ?? 0;
      const touches = [
        { at: sent - (9 + index) * DAY, source: sources[index % sources.length] ?? '', medium: 'cpc', campaign: `spring ${name}`, clickIds: { gclid: 'Cj0KCQ' } },
        { at: sent - 4 * DAY, source: 'newsletter', medium: 'email' },
        { at: sent - DAY, source: 'direct' },
      ];
      const known = await recordTouches(tx, tenant, newId('per', sent), touches, 'capture', sent);
      const shared = { names: namesOf(chainUntil(known, sent)), deal: envelope.deal, rule: envelope.rule, template: envelope.template_name, owner: '70001', recipients: 2 };
      const data = { ...chainUntil(known, sent), ...shared, value: { minor: 4_800_000 + index * 123_457, currency: index % 4 === 3 ? 'JPY' : 'EUR' } };
      const row = await freezePoint(tx, tenant, { envelope: envelope.id, point: 'sent', at: sent, data, why: 'The envelope went out.' }, sent);
      rows.set(envelope.id, row.id);
      const facts = [
        [envelope.viewed_at, 'viewed', 'viewed'],
        [envelope.status === 'partially_signed' ? envelope.viewed_at : null, 'partially_signed', 'signed'],
        [envelope.closed_at, envelope.status, envelope.status === 'completed' ? 'signed' : 'declined'],
      ] as const;
      const told = facts.flatMap(([at, status, recipient]) =>
        at === null ? [] : [{ at, data: { remote: 'r', envelope: null, status, seenBy: 'webhook', recipients: [{ role: 'Customer', remote: '1', status: recipient, at }] } }],
      );
      const base = {
        type: 'envelope.status' as const,
        notice: null,
        envelope: envelope.id,
        deal: envelope.deal,
        correlation: newId('cor', sent),
        outcome: 'moved' as const,
        why: 'Told.',
      };
      await append(
        tx,
        tenant,
        'facts',
        told.map(({ at, data: heard }) => ({ ...base, id: newId('fct', at), at, recorded_at: at, data: JSON.stringify(heard) })),
      );
      if (envelope.completed_at !== null)
        await freezePoint(tx, tenant, { envelope: envelope.id, point: 'signed', at: envelope.completed_at, data, why: 'Everybody has signed.' }, sent);
    }
  });
  return rows;
}
