import { newId } from '#lib/ids';
import type { Effect } from '#core/effect';
import type { Correlation, TenantId } from '#core/ids';
import type { FieldValue, RecordRef } from '#core/records';
import { createTenant, putInstall, type Install } from '#store/installs';
import { putEffects, type OutboxEffect } from '#store/outbox';
import type { TestWorld } from './world.ts';

/** Far above the ordinals of facts, so that later ones are later. */
let ordinal = 1_000_000;

export interface Wanted {
  record: RecordRef;
  set: Record<string, FieldValue>;
  once?: string[];
}
export const deal = (id: string): RecordRef => ({ type: 'deal', id });

export function write(install: Install, { record, set, once }: Wanted, more: { priority?: number; notBefore?: number } = {}): Effect {
  const data = { record, set, ...(once ? { once } : {}) };
  return { kind: 'record.write', key: newId('cor'), install: install.id, data, priority: more.priority ?? 5, notBefore: more.notBefore ?? 0, envelope: null, why: 'A test.' };
}

/** Puts effects into the outbox as facts would, each of its own fact, and lets the lanes look. */
export async function put(test: TestWorld, tenant: TenantId, effects: Effect[]): Promise<Correlation> {
  const correlation = newId('cor');
  await test.db.transaction().execute(async (tx) => {
    for (const effect of effects) await putEffects(tx, tenant, [effect], { ordinal: ++ordinal, correlation }, test.clock.now());
  });
  test.world.flow.wake.outbox();
  return correlation;
}

export async function effectsOf(test: TestWorld, correlation: Correlation): Promise<OutboxEffect[]> {
  return test.db.selectFrom('outbox').selectAll().where('correlation', '=', correlation).orderBy('ordinal').execute();
}

/** Waits until each is done, parked, held or cancelled; gives back how they ended. */
export async function ended(test: TestWorld, correlation: Correlation): Promise<OutboxEffect['state'][]> {
  const effects = await test.until('the effects to end', async () => {
    const found = await effectsOf(test, correlation);
    return found.every(({ state }) => state !== 'ready' && state !== 'leased') && found;
  });
  return effects.map(({ state }) => state);
}

/** Calls that the CRM answered so far whose name holds `part`. */
export function crmCalls(test: TestWorld, part: string): number {
  return Object.entries(test.sandbox.hubspot.calls()).reduce((sum, [name, count]) => (name.includes(part) ? sum + count : sum), 0);
}

/** Another company with a CRM account of its own, which the same sandbox answers. */
export async function secondTenant(test: TestWorld): Promise<{ tenant: TenantId; crm: Install }> {
  const now = test.clock.now();
  const tenant = await createTenant(test.db, 'Another company', now);
  const { sealer } = test.world.flow;
  const {
    id,
    tokens,
    base_url: baseUrl,
    details,
    name,
    expires_at: expiresAt,
  } = (await test.db.selectFrom('installs').selectAll().where('id', '=', test.crm.id).executeTakeFirst()) ?? test.crm;
  const opened = sealer.open(tokens ?? '', `${test.tenant}|installs|tokens|${id}`);
  const values = { vendor: 'hubspot', account: newId('cor'), name, environment: 'live' as const, baseUrl, details, scopes: [], expiresAt };
  const crm = await test.db.transaction().execute((tx) => putInstall(tx, tenant, values, (made) => sealer.seal(opened, `${tenant}|installs|tokens|${made}`), now));
  return { tenant, crm };
}
