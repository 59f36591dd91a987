import { newId } from '#lib/ids';
import type { InstallId, TenantId } from '#core/ids';
import { publishText } from '#store/consent-texts';
import { appendConsents } from '#store/consents';
import { append } from '#store/ledger';
import { putEffects } from '#store/outbox';
import { ensurePerson } from '#store/people';
import { consentGiven } from '../store/fixtures.ts';
import type { World } from './world.ts';

/** A person of `name` who agreed to a text of two versions; the CRM was told of it, late. */
export async function seedConsent({ db, clock, options: { sealer } }: World, { tenant, crm, name }: { tenant: TenantId; crm: InstallId; name: string }) {
  const now = clock.now();
  const topic = { name: 'newsletter', type: 'marketing', purpose: 'newsletter', channel: 'email', locale: 'en', jurisdiction: null } as const;
  return db.transaction().execute(async (tx) => {
    const words = { ...topic, title: `News of ${name}`, validFrom: now };
    const text = await publishText(tx, tenant, { ...words, wording: `${name} may write to me.` }, 'operator', now);
    await publishText(tx, tenant, { ...words, wording: `${name} may write to me once a month.` }, 'operator', now);
    const email = `ada@${name.toLowerCase()}.example.com`;
    const { id: person } = await ensurePerson(tx, sealer, tenant, email);
    const consent = newId('cns', now);
    const identity = { name: `Ada of ${name}`, email, method: 'mail-link', ip: null, userAgent: null };
    const act = consentGiven({ text, locale: 'en', capturedAt: now - 60_000, how: 'capture', source: 'news' });
    await appendConsents(tx, sealer, tenant, { person, acts: [{ id: consent, act }], identity, correlation: 'cor_of_consent' }, now);
    const data = { contact: '501', person, consent, topic: { type: 'marketing', purpose: 'newsletter', channel: 'email' }, status: 'granted', dueAt: now - 30_000 } as const;
    const effect = {
      kind: 'consent.tell',
      key: `consent|${consent}|${crm}`,
      install: crm,
      data,
      priority: 5,
      notBefore: now,
      envelope: null,
      why: 'Every system shall know.',
    } as const;
    await putEffects(tx, tenant, [effect], { ordinal: 900, correlation: 'cor_of_consent' }, now);
    const told = await tx.selectFrom('outbox').select('id').where('tenant', '=', tenant).where('key', '=', effect.key).executeTakeFirstOrThrow();
    await tx.updateTable('outbox').set({ state: 'done' }).where('tenant', '=', tenant).where('id', '=', told.id).execute();
    const receipt = {
      id: newId('rcp', now),
      effect: told.id,
      kind: effect.kind,
      at: now,
      outcome: 'done',
      envelope: null,
      correlation: 'cor_of_consent',
      remote: null,
      mapping: null,
      request_hash: '',
    } as const;
    await append(tx, tenant, 'receipts', [{ ...receipt, detail: JSON.stringify({ outcome: 'kept-out', note: `Objected at ${name}.` }) }]);
    return { person, consent, text: text.id };
  });
}
