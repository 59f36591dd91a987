import type { InstallId } from '#core/ids';
import { clearAlarm, clearSettledAlarms, raiseAlarm } from '#store/alarms';
import { overdueEffects } from '#store/health';
import { sweepDeliveries } from '#store/retention';
import { sweepSessions } from '#store/sessions';
import type { Flow } from '#flow/flow';

const EVERY_MS = 60_000;
const OVERDUE_MS = 10 * 60_000;
/** Raw deliveries are kept this long: longer than any vendor goes on repeating one. */
const KEEP_DELIVERIES_MS = 30 * 86_400_000;

/** What has to be looked at once a minute: old rows, ended sessions, lanes that stand still. */
export function createUpkeep(flow: Flow): { turn: () => Promise<boolean>; nextAt: () => Promise<number> } {
  let next = flow.clock.now() + EVERY_MS;
  let stuck = new Set<InstallId>();

  async function watchLanes(now: number): Promise<void> {
    const overdue = await overdueEffects(flow.db, now - OVERDUE_MS);
    for (const { install, tenant, count } of overdue) {
      await raiseAlarm(flow.db, { code: 'lane-stuck', subject: install, tenant, say: `${count} effects of this account should have run ten minutes ago and have not.` }, now);
    }
    const still = new Set(overdue.map(({ install }) => install));
    for (const install of stuck) if (!still.has(install)) await clearAlarm(flow.db, 'lane-stuck', install);
    stuck = still;
  }

  return {
    nextAt: async () => next,
    async turn() {
      const now = flow.clock.now();
      if (now < next) return false;
      next = now + EVERY_MS;
      await watchLanes(now);
      await clearSettledAlarms(flow.db);
      await sweepSessions(flow.db, now);
      const swept = await sweepDeliveries(flow.db, now - KEEP_DELIVERIES_MS);
      if (swept > 0) flow.log.info({ swept }, 'old deliveries removed');
      return false;
    },
  };
}
