import type { Verdict } from '#core/brakes';
import { PRIORITY, type Effect } from '#core/effect';
import type { Tx } from '#store/database';
import type { HeldSend } from '#store/holds';
import { putEffects } from '#store/outbox';

/** Each deal is read first: what is sent is what is true by then. Behind what enters now, which somebody may be waiting for. */
export async function readAgain(tx: Tx, taken: readonly HeldSend[], verdict: Verdict, now: number): Promise<void> {
  for (const { tenant, id, crm, deal, intent, correlation } of taken) {
    const effect: Effect = {
      kind: 'deal.read',
      key: `read|${crm}|held|${id}|${verdict}|${now}`,
      install: crm,
      data: { deal, purpose: { kind: 'held', intent, verdict } },
      priority: PRIORITY.background,
      notBefore: now,
      envelope: null,
      why: verdict === 'discard' ? 'To say on the deal that its send was discarded.' : 'Its send was held and may go on, from what is true now.',
    };
    await putEffects(tx, tenant, [effect], { ordinal: 0, correlation }, now);
  }
}
