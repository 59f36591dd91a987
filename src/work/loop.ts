import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';

/** The longest that a loop sleeps without looking: what another process wrote is found by then. */
const LONGEST_SLEEP_MS = 2_000;
/** The shortest: work that is due and cannot be taken, because another has it, must not make a loop spin. */
const SHORTEST_SLEEP_MS = 20;
const AFTER_FAILURE_MS = 1_000;
/** How long all have to be at work before one more helps out, and how often that is looked at. */
const SURGE_AFTER_MS = 500;

export interface Loop {
  /** Something may be waiting: look now. */
  wake(): void;
  /** Ends after the turns that are running. */
  stop(): Promise<void>;
}

/**
 * Calls `turn` as long as it finds work, then sleeps until it is woken, until `nextAt`, or for a while. Up to `width` turns run at once, so that
 * one slow vendor does not hold up the others. When all of them have been at work for a while, perhaps for vendors that do not answer, up to `surge` more help
 * out until they find nothing: with 8 alone, a quiet tenant beside 12 whose CRM was silent waited 19 s instead of 1.5. As many loops all the time would each
 * look for work at every commit.
 */
export function startLoop(options: {
  name: string;
  width: number;
  surge?: number;
  turn: () => Promise<boolean>;
  nextAt: () => Promise<number | null>;
  clock: Clock;
  log: Logger;
}): Loop {
  const { name, width, surge = 0, turn, nextAt, clock, log } = options;
  let stopping = false;
  let idle = 0;
  let idleAt = performance.now();
  const helpers = new Set<Promise<void>>();
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
    idle += 1;
    await clock.sleep(ms, signal);
    idle -= 1;
    idleAt = performance.now();
  }

  async function help(): Promise<void> {
    while (!stopping && (await safely(turn, false)));
  }

  function look(): void {
    if (idle > 0 || stopping || helpers.size >= surge || performance.now() - idleAt < SURGE_AFTER_MS) return;
    const helper = help().finally(() => helpers.delete(helper));
    helpers.add(helper);
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
  const timer = surge > 0 ? setInterval(look, SURGE_AFTER_MS).unref() : null;
  return {
    wake,
    async stop() {
      stopping = true;
      wake();
      if (timer) clearInterval(timer);
      await Promise.all([...workers, ...helpers]);
    },
  };
}
