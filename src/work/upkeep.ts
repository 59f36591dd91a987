import { isAhead } from '#lib/clock';
import { clearAlarmsBut, clearSettledAlarms, raiseAlarm, tellAlarm } from '#store/alarms';
import { TOLD_WITHIN_MS } from '#core/decide/consent';
import { deadNotices, lateTellings, overdueEffects } from '#store/health';
import { sweepEntries } from '#store/entries';
import { shortenLeases } from '#store/leases';
import type { Flow } from '#flow/flow';
import { thawRest } from '#flow/thaw';
import { signMovedHeads } from '#flow/proof/signing';
import { createStamping } from '#flow/proof/stamping';
import { createRetention } from './retention.ts';

const EVERY_MS = 60_000;
const OVERDUE_MS = 10 * 60_000;

/** Who entered a stage is kept for twice as long as the longest ceiling looks back. */
const KEEP_ENTRIES_MS = 2 * 86_400_000;

/** What has to be looked at once a minute: old rows, ended sessions, lanes that stand still. */
export function createUpkeep(flow: Flow): { turn: () => Promise<boolean>; nextAt: () => Promise<number> } {
  let next = flow.clock.now() + EVERY_MS;
  const stamping = createStamping(flow);
  const retain = createRetention(flow);

  async function watchLanes(now: number): Promise<void> {
    const overdue = await overdueEffects(flow.db, now - OVERDUE_MS);
    for (const { install, tenant, count } of overdue) {
      await raiseAlarm(flow.db, { code: 'lane-stuck', subject: install, tenant, say: `${count} effects of this account should have run ten minutes ago and have not.` }, now);
    }
    await clearAlarmsBut(
      flow.db,
      'lane-stuck',
      overdue.map(({ install }) => install),
    );
  }

  /** A withdrawal is owed to every system within a day. The alarm names the system, and ends once nothing is owed any more. */
  async function watchConsents(now: number): Promise<void> {
    const late = await lateTellings(flow.db, now - TOLD_WITHIN_MS);
    for (const { install, tenant, name, count } of late) {
      const say = `${name} should have been told of ${count === 1 ? 'one act' : `${count} acts`} of consent by now and has not been.`;
      await raiseAlarm(flow.db, { code: 'consent-late', subject: install, tenant, say }, now);
    }
    await clearAlarmsBut(
      flow.db,
      'consent-late',
      late.map(({ install }) => install),
    );
  }

  /** What came and could not be settled did not happen, and no later word of it is heard as new. */
  async function watchInbox(now: number): Promise<void> {
    const dead = await deadNotices(flow.db);
    for (const { tenant, count } of dead) {
      const say = `${count === 1 ? 'One thing that was heard has' : `${count} things that were heard have`} not been acted on, because of a fault, and ${count === 1 ? 'waits' : 'wait'} for a person in the inbox.`;
      await tellAlarm(flow.db, { code: 'dead-notices', subject: tenant, tenant, say }, now);
    }
    await clearAlarmsBut(
      flow.db,
      'dead-notices',
      dead.map(({ tenant }) => tenant),
    );
  }

  return {
    nextAt: async () => (isAhead(next, flow.clock.now(), EVERY_MS) ? next : flow.clock.now()),
    async turn() {
      const now = flow.clock.now();
      if (isAhead(next, now, EVERY_MS)) return false;
      next = now + EVERY_MS;
      await watchLanes(now);
      await watchConsents(now);
      await watchInbox(now);
      await thawRest(flow);
      if (flow.leaseTime) await shortenLeases(flow.db);
      await sweepEntries(flow.db, now - KEEP_ENTRIES_MS);
      await clearSettledAlarms(flow.db);
      await signMovedHeads(flow);
      await stamping.turn();
      const swept = await retain();
      if (Object.values(swept).some((count) => count > 0)) flow.log.info({ swept }, 'old rows removed');
      return false;
    },
  };
}
