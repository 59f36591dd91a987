import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';

/** The longest that a loop sleeps without looking: what another process wrote is found by then. */
const LONGEST_SLEEP_MS = 2_000;
/** The shortest: work that is due and cannot be taken, because another has it, must not make a loop spin. */
const SHORTEST_SLEEP_MS = 20;
const AFTER_FAILURE_MS = 1_000;

export interface Loop {
  /** Something may be waiting: look now. */
  wake(): void;
  /** Ends after the turns that are running. */
  stop(): Promise<void>;
}

/**
 * Calls `turn` as long as it finds work, then sleeps until it is woken, until `nextAt`, or for a while. Up to `width` turns run at once, so that
 * one slow vendor does not hold up the others.
 */
export function startLoop(options: { name: string; width: number; turn: () => Promise<boolean>; nextAt: () => Promise<number | null>; clock: Clock; log: Logger }): Loop {
  const { name, width, turn, nextAt, clock, log } = options;
  let stopping = false;
  let woken = false;
  let sleeper: AbortController | null = null;

  async function work(): Promise<void> {
    while (!stopping) {
      woken = false;
      if (await safely(turn, false)) continue;
      if (!woken && !stopping) await sleep();
    }
  }

  async function sleep(): Promise<void> {
    const at = await safely(nextAt, null);
    if (woken || stopping) return;
    const ms = at === null ? LONGEST_SLEEP_MS : Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, at - clock.now()));
    sleeper ??= new AbortController();
    const { signal } = sleeper;
    await clock.sleep(ms, signal);
  }

  async function safely<T>(run: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await run();
    } catch (error) {
      log.error({ loop: name, err: error }, 'turn failed');
      await clock.sleep(AFTER_FAILURE_MS);
      return otherwise;
    }
  }

  function wake(): void {
    woken = true;
    sleeper?.abort();
    sleeper = null;
  }

  const workers = Array.from({ length: width }, work);
  return {
    wake,
    async stop() {
      stopping = true;
      wake();
      await Promise.all(workers);
    },
  };
}
