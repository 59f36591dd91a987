import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';

/** How long the event loop is watched at a time, milliseconds of this machine: it is about this process's own time, not about the story's clock. */
const WATCH_MS = 5;
/** Parts of a watch beyond which others are said to use the process, and to need it. */
const USED = 0.1;
const NEEDED = 0.5;
/**
 * Under a flood a turn of work is followed by a pause, so long that turns are a tenth. A short one where several tenants wait: those who did not flood would wait in line for their turns.
 * With nine times what the turn took, one of 60 ms that the flood ran into kept everybody waiting for half a second.
 */
const PAUSE_MS = { one: 100, several: 10 };
/** How long a turn should take, so that whoever is next waits no longer: while others use the process, and on a calm machine. With 60 ms for both, at 1,000 events a second one of a hundred waited for 92 ms. */
const TURN_MS = { shared: 8, calm: 60 };

/** The process' time, milliseconds: what it is, what its event loop spent at work and in waiting since it began, and ways to let some of it pass. */
export interface LoopTime {
  now(): number;
  spent(): { active: number; idle: number };
  nextTurn(): Promise<void>;
  pause(ms: number): Promise<void>;
}
const LOOP_TIME: LoopTime = { now: () => performance.now(), spent: () => performance.eventLoopUtilization(), nextTurn: () => setImmediate(), pause: (ms) => setTimeout(ms) };

/** Whether a turn has taken as long as it should. */
export type IsOver = () => boolean;
/** What is known after a turn: whether more than one tenant waits for the next. */
export interface Left {
  several: boolean;
}

/**
 * Work gives way to answers. A webhook has to be stored within seconds and then waits at no cost; SQLite answers without leaving the thread, so work that
 * never paused kept all requests waiting until its queue was empty (a p99 of 1.5 s). Under a flood work gets about a tenth of the process
 * and half where several tenants wait; on a calm machine, and where only other work uses the process, it waits for nothing. `requests` counts those that came.
 */
export function createCourtesy(requests: () => number, { now, spent, nextTurn, pause } = LOOP_TIME): <T extends Left>(turn: (isOver: IsOver) => Promise<T>) => Promise<T> {
  let mark = { ...spent(), requests: requests() };
  let several = false;

  const watch = () => (mark = { ...spent(), requests: requests() });

  /** Part of the time since the mark in which others used the loop; null where that was too short to tell. */
  function usedByOthers(): number | null {
    const { active, idle } = spent();
    const [worked, waited] = [active - mark.active, idle - mark.idle];
    return worked + waited < WATCH_MS ? null : worked / (worked + waited);
  }

  return async (turn) => {
    await nextTurn();
    const until = now() + (several ? PAUSE_MS.several : PAUSE_MS.one);
    let used = usedByOthers();
    while ((used === null || (used > NEEDED && requests() > mark.requests)) && now() < until) {
      // What is too short to tell is watched on. Taken for used, calm processes worked at a tenth of their speed: timers fire up to a millisecond early.
      if (used !== null) watch();
      await pause(WATCH_MS);
      used = usedByOthers();
    }
    const takes = used === null || used > USED ? TURN_MS.shared : TURN_MS.calm;
    const begun = now();
    try {
      const result = await turn(() => now() - begun > takes);
      ({ several } = result);
      return result;
    } finally {
      watch();
    }
  };
}
