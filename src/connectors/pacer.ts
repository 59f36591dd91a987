import { setMaxListeners } from 'node:events';
import type Bottleneck from 'bottleneck';
import type { Clock } from '#lib/clock';
import { Problem } from '#core/problem';
import type { Budget } from '#shared/limits';

/** Who has asked nothing for so long is let go, milliseconds, where the limiter's memory does not have to be kept for longer. */
export const IDLE_MS = 30_000;
/** They are looked for so many times while one becomes idle. */
const SWEEPS = 3;
/** How long a call waits in its place until the vendor wants calls again. Whoever has to wait for longer is told when to come back: a place that is held for an hour is taken from everybody. */
export const LONGEST_REST_MS = 15_000;

/** When accounts may be asked again. */
export interface Rests {
  /** How long the rest still is, milliseconds. */
  left(key: string): number | Promise<number>;
  /** The same, of what this process knows without asking. */
  known(key: string): number;
  /** Begins a rest, or makes one longer; never shorter. */
  begin(key: string, ms: number): void;
}

export interface PacerDeps {
  clock: Clock;
  idleMs: number;
  rests: Rests;
  make(budget: Budget): Bottleneck;
  /** Makes a limiter that is there already obey another number. */
  change(limiter: Bottleneck, budget: Budget): void;
  /** How long a limiter has to be kept after its last call. */
  keepMs(budget: Budget): number;
  /** After how long a call that nobody ended gives its place back; null where places die with the process. */
  expiresMs(budget: Budget): number | null;
}

/** What a call gets that was still waiting when the limiter was lost. It has not begun. */
export class Lost extends Error {}

export interface Pacer {
  /** @throws Lost · whatever `run` throws · Problem `vendor.rate-limited`, `vendor.unreachable` */
  schedule<T>(budget: Budget, priority: number, run: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Limiters of whom somebody waits. */
  waiting(): Bottleneck[];
  size(): number;
  close(): void;
}

interface Kept {
  limiter: Bottleneck;
  budget: Budget;
  /** Calls that wait or run. */
  busy: number;
  waits: number;
  usedAt: number;
}

/**
 * A limiter of Bottleneck for each budget, made when it is needed and let go when it is idle. Its own `Group` is not used: it forgets a limiter by the time of its last
 * start alone, also while calls wait in it, which then wait for ever, and it cannot give one account a larger budget than the next.
 */
export function createPacer(deps: PacerDeps): Pacer {
  const { rests } = deps;
  const kept = new Map<string, Kept>();
  const givenUp = new Set<() => void>();
  let sweeper: NodeJS.Timeout | undefined;

  function sweep(): void {
    const now = Date.now();
    for (const [key, one] of kept) {
      if (one.busy > 0 || now - one.usedAt < deps.keepMs(one.budget)) continue;
      kept.delete(key);
      leave(one.limiter);
    }
    if (kept.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  }

  function keep(budget: Budget): Kept {
    const known = kept.get(budget.key);
    if (known) {
      if (known.budget.requests !== budget.requests) deps.change(known.limiter, budget);
      known.budget = budget;
      return known;
    }
    const made = { limiter: deps.make(budget), budget, busy: 0, waits: 0, usedAt: Date.now() };
    kept.set(budget.key, made);
    sweeper ??= setInterval(sweep, deps.idleMs / SWEEPS).unref();
    return made;
  }

  /** Waits for a place, then runs. What `run` gives is handed on as soon as it is there, whatever then becomes of the place. */
  function start<T>(one: Kept, priority: number, run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { limiter, budget } = one;
    return new Promise((resolve, reject) => {
      let waits = true;
      const begin = () => {
        waits = false;
        one.waits--;
        givenUp.delete(lose);
        signal?.removeEventListener('abort', stop);
      };
      const giveUp = (error: Error) => {
        if (!waits) return;
        begin();
        reject(error);
      };
      const lose = () => giveUp(new Lost());
      const stop = () => giveUp(new Problem('vendor.unreachable', { say: 'The server stopped before it asked.' }));
      one.waits++;
      givenUp.add(lose);
      if (signal?.aborted) return stop();
      if (signal) {
        // The calls of a whole server wait for one signal; eleven of them are no leak.
        setMaxListeners(0, signal);
        signal.addEventListener('abort', stop, { once: true });
      }
      const job = async () => {
        if (waits) await rested(deps, budget.key, signal);
        if (!waits) return;
        begin();
        await run().then(resolve, reject);
      };
      const expiration = deps.expiresMs(budget);
      const options = expiration === null ? { priority } : { priority, expiration };
      limiter.schedule(options, job).catch((error: unknown) => giveUp(error instanceof Problem ? error : new Lost()));
    });
  }

  return {
    async schedule(budget, priority, run, signal) {
      // Before it takes a place: a long rest is nobody's turn.
      const left = rests.known(budget.key);
      if (left > LONGEST_REST_MS) throw new Problem('vendor.rate-limited', { retryAfterMs: left });
      const one = keep(budget);
      one.busy++;
      try {
        return await start(one, priority, run, signal);
      } finally {
        one.busy--;
        one.usedAt = Date.now();
      }
    },
    waiting: () => [...kept.values()].filter(({ waits }) => waits > 0).map(({ limiter }) => limiter),
    size: () => kept.size,
    close() {
      clearInterval(sweeper);
      for (const lose of [...givenUp]) lose();
      for (const { limiter } of kept.values()) leave(limiter);
      kept.clear();
    },
  };
}

/** Waits until the vendor wants calls again. @throws Problem `vendor.rate-limited` */
async function rested({ clock, rests }: PacerDeps, key: string, signal?: AbortSignal): Promise<void> {
  // A rest may be made longer while it is waited for; one look more is enough, for a vendor that goes on lengthening it is not asked meanwhile.
  for (let look = 0; look < 2; look++) {
    const left = await rests.left(key);
    if (left <= 0) return;
    if (left > LONGEST_REST_MS) throw new Problem('vendor.rate-limited', { retryAfterMs: left });
    await clock.sleep(left, signal);
  }
}

/** Ends its timers. What it cannot tell Redis any more, Redis forgets by itself. */
function leave(limiter: Bottleneck): void {
  // On Redis it gives nothing back, whatever its types say.
  Promise.resolve(limiter.disconnect()).catch(() => undefined);
}
