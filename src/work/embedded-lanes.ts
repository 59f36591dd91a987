import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import type { LaneKind } from '#store/wakes';
import type { Lanes, LaneWork } from '#work/lanes';
import { startLoop, type Loop } from '#work/loop';

/**
 * Lanes in one process, for SQLite: loops that are woken by this process's own commits, and look for themselves every two seconds. Which lane is next, the claim
 * decides: the one that was served the longest ago.
 */
export function createEmbeddedLanes({ clock, log }: { clock: Clock; log: Logger }): Lanes {
  const loops = new Map<LaneKind, Loop>();
  return {
    wake: (kind) => loops.get(kind)?.wake(),
    start(work) {
      for (const [kind, { width, surge = 0, turn, nextAt }] of Object.entries(work) as [LaneKind, LaneWork][])
        loops.set(kind, startLoop({ clock, log, name: kind, width, surge, turn: () => turn(), nextAt: () => nextAt() }));
    },
    stop: async () => void (await Promise.all([...loops.values()].map((loop) => loop.stop()))),
  };
}
