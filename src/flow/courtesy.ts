import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

/** How long the event loop is watched at a time, milliseconds of this machine: it is about this process's own time, not about the story's clock. */
const WATCH_MS = 5;
/** Part of a watch beyond which others are said to need the process. */
const BUSY = 0.5;
/** Under a flood a turn of work is followed by a pause of so many times its own length, and of at least the second figure, so that turns are worth their commit. */
const PAUSE_TIMES = 9;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** How long a turn should take, so that whoever is next waits no longer: under a flood, where pauses follow it, and on a calm machine. */
const TURN_MS = { flood: 12, calm: 60 };

/** Whether a turn has taken as long as it should. */
export type IsOver = () => boolean;

/**
 * Work gives way to answers. A webhook has to be stored within seconds and then waits at no cost; SQLite answers without leaving the thread, so work that
 * never paused kept all requests waiting until its queue was empty (a p99 of 1.5 s). Under a flood work gets about a tenth of the process
 * and never less; on a calm machine it waits for nothing.
 */
export function createCourtesy(): <T>(turn: (isOver: IsOver) => Promise<T>) => Promise<T> {
  let mark: EventLoopUtilization = performance.eventLoopUtilization();
  let tookMs = 0;

  /** Whether others used the loop since the mark; a moment too short to tell counts as busy, to be watched on. */
  function isBusy(): boolean {
    const { active, idle } = performance.eventLoopUtilization(mark);
    return active + idle < WATCH_MS || active / (active + idle) > BUSY;
  }

  return async (turn) => {
    await nextTurn();
    const until = performance.now() + Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, PAUSE_TIMES * tookMs));
    let takes = TURN_MS.calm;
    while (isBusy() && performance.now() < until) {
      takes = TURN_MS.flood;
      mark = performance.eventLoopUtilization();
      await pause(WATCH_MS);
    }
    const begun = performance.now();
    try {
      return await turn(() => performance.now() - begun > takes);
    } finally {
      tookMs = performance.now() - begun;
      mark = performance.eventLoopUtilization();
    }
  };
}
