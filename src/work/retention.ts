import type { TenantId } from '#core/ids';
import type { Flow } from '#flow/flow';
import { sweepApiCalls } from '#store/api-keys';
import { sweepMessages } from '#store/messages';
import { KEEP_DAYS, ROWS_A_PASS, sweepDeliveries, sweepEffects, sweepExpired, sweepNotices, tenantsBehind } from '#store/retention';
import { sweepSessions } from '#store/sessions';

const DAY_MS = 86_400_000;

/** A workflow's wait that is over, and a sign-in that nobody ended, are of no use after this. */
const KEEP_EXPIRED_MS = DAY_MS;
/** Passes over one table in one turn, once a minute: 160 deliveries a second are kept up with. */
const PASSES = 10;
/** Tenants of a turn: ten thousand have theirs within three and a half hours. */
const TENANTS_A_TURN = 50;

/** Removes what is settled and old, a bounded part of it in each turn. Returns how many rows went, by table. */
export function createRetention(flow: Flow): () => Promise<Record<string, number>> {
  let after: TenantId | null = null;

  async function passes(sweep: () => Promise<number>): Promise<number> {
    let swept = 0;
    for (let pass = 0; pass < PASSES; pass++) {
      const some = await sweep();
      swept += some;
      if (some < ROWS_A_PASS) break;
    }
    return swept;
  }

  return async () => {
    const { db, clock, keepDays: keep = KEEP_DAYS } = flow;
    const now = clock.now();
    const before = (days: number) => now - days * DAY_MS;
    const swept = { deliveries: await passes(() => sweepDeliveries(db, before(keep.deliveries))), inbox: 0, outbox: 0, messages: 0, expired: 0 };
    const tenants = await tenantsBehind(db, after, TENANTS_A_TURN);
    for (const tenant of tenants) {
      swept.inbox += await passes(() => sweepNotices(db, tenant, before(keep.inbox)));
      swept.outbox += await passes(() => sweepEffects(db, tenant, before(keep.outbox)));
    }
    after = tenants.length < TENANTS_A_TURN ? null : (tenants.at(-1) ?? null);
    swept.messages = await passes(() => sweepMessages(db, { done: before(keep.messages), failed: before(keep.failedMessages) }, now));
    swept.expired = (await sweepExpired(db, now - KEEP_EXPIRED_MS)) + (await sweepApiCalls(db, now));
    await sweepSessions(db, now);
    return swept;
  };
}
