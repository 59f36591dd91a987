import { newId } from '#lib/ids';
import type { JsonObject } from '#lib/json';
import type { TenantId } from '#core/ids';
import { append } from '#store/ledger';
import type { Flow } from '#flow/flow';

/** Writes into the audit ledger who did what. */
export async function audited(flow: Flow, tenant: TenantId, done: { by: string; action: string; subject: string; detail?: JsonObject | undefined }): Promise<void> {
  const now = flow.clock.now();
  const { by: actor, action, subject, detail = {} } = done;
  await flow.db.transaction().execute((tx) => append(tx, tenant, 'audit', [{ id: newId('aud', now), at: now, actor, action, subject, detail: JSON.stringify(detail) }]));
}
