import type { Correlation, InstallId, TenantId } from '#core/ids';
import { holdSend } from '#store/holds';
import { putStop } from '#store/stops';
import type { World } from './world.ts';

const MINUTE = 60_000;

/** A bulk edit that waits for a review, and a rule that is stopped; all of it carries `name`. */
export async function seedBrakes(
  { db, clock }: World,
  { tenant, crm, correlation, name }: { tenant: TenantId; crm: InstallId; correlation: Correlation; name: string },
): Promise<{ hold: string }> {
  const now = clock.now();
  return db.transaction().execute(async (tx) => {
    let id = '';
    for (let place = 0; place < 63; place++) {
      const deal = { id: `70000${place}`, name: `Renewal ${place + 1} ${name}` };
      const rest = { crm, rule: 'contract-sent', stage: 'contractsent', cause: 'ceiling', stop: null, sent: 0, correlation } as const;
      const say = 'Held: more deals entered this stage at once than the rule "contract-sent" may send to by itself (50 within 3 minutes). It waits for a review in Countersign.';
      const hold = await holdSend(tx, tenant, { ...rest, say, deal, intent: `stage|${deal.id}|${name}`, at: now - 9 * MINUTE + place * 2000 }, now - 8 * MINUTE);
      id = hold?.id ?? id;
    }
    await putStop(tx, tenant, { crm, rule: 'nda' }, { because: `Last year's terms are in the template of ${name}`, by: 'operator' }, now - 20 * MINUTE);
    return { hold: id };
  });
}
