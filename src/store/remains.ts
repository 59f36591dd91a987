import { newId } from '#lib/ids';
import type { EffectId, TenantId } from '#core/ids';
import type { Tx } from '#store/database';
import type { OutboxEffect } from '#store/outbox';

/** Replaces an effect's data by what names no person, once it is done. */
export async function scrubEffect(tx: Tx, tenant: TenantId, id: EffectId, data: string): Promise<void> {
  await tx.updateTable('outbox').set({ data }).where('tenant', '=', tenant).where('id', '=', id).execute();
}

/** A field that the CRM refused becomes a dead letter of its own: the others have landed, and a person can mend and replay this one. */
export async function parkLeft(tx: Tx, effect: OutboxEffect, field: string, value: string | number | boolean | null, error: string, now: number): Promise<void> {
  const { record, once } = JSON.parse(effect.data) as { record: unknown; once?: string[] };
  const data = JSON.stringify({ record, set: { [field]: value }, ...(once?.includes(field) ? { once: [field] } : {}) });
  const row = { ...effect, id: newId('eff', now), key: `left|${effect.id}|${field}`, data, state: 'parked' as const, error, created_at: now, updated_at: now };
  await tx
    .insertInto('outbox')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant', 'key']).doNothing())
    .execute();
}
