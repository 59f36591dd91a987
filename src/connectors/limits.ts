import Bottleneck from 'bottleneck';
import { isAhead, type Clock } from '#lib/clock';
import { createPacer, IDLE_MS, type Rests } from '#shared/pacer';

/** Part of a window's requests that may go at once: a person's click takes some ten calls. With 0.1 a click on a fresh page waited a second, with 0.3 a long queue took 1.4 times as long as it had to. */
const BURST = 0.2;
const SECOND_MS = 1000;
/** How exactly Bottleneck keeps time, milliseconds. */
export const TICK_MS = 250;

/** What one account of a vendor may be asked, and for how long one call takes at most. */
export interface Budget {
  /** Of the install, and of the kind of call where the vendor counts some apart. */
  key: string;
  requests: number;
  windowMs: number;
  concurrent: number;
  timeoutMs: number;
}

export interface Limits {
  /**
   * Runs one request when the budget allows; lower priorities go first.
   * @throws Problem `vendor.rate-limited` where the vendor wants a long rest, `limits.unreachable` where nobody can count at the moment, and whatever `run` throws
   */
  schedule<T>(budget: Budget, priority: number, run: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Lets an account rest until its window begins anew. */
  rest(key: string, ms: number): void;
  /** Why no call can be made at the moment; null where all is well. */
  fault(): string | null;
  /** Limiters that are held in memory. */
  size(): number;
  close(): Promise<void>;
}

export interface Pace {
  minTime?: number;
  reservoir?: number;
  reservoirIncreaseAmount?: number;
  reservoirIncreaseInterval?: number;
  reservoirIncreaseMaximum?: number;
}

/**
 * A bucket that fills by the second rather than a reservoir that refills by the window: vendors count rolling windows, and two full windows side by side are
 * twice what they allow. Below one request a second it fills more seldom; where the window is no longer than a second, calls are spaced evenly instead.
 */
export function paceOf({ requests, windowMs }: Pick<Budget, 'requests' | 'windowMs'>): Pace {
  if (windowMs <= SECOND_MS) return { minTime: Math.ceil(windowMs / requests) };
  const burst = Math.ceil(requests * BURST);
  const steady = Math.max(1, requests - burst);
  const everyMs = Math.max(SECOND_MS, Math.ceil(windowMs / steady / TICK_MS) * TICK_MS);
  const increase = Math.floor((steady * everyMs) / windowMs);
  return { reservoir: burst, reservoirIncreaseAmount: increase, reservoirIncreaseInterval: everyMs, reservoirIncreaseMaximum: burst };
}

/** The same for a limiter that is there: what is in its bucket stays there. */
export function changedPace(budget: Budget): Pace {
  const { reservoir, ...pace } = paceOf(budget);
  void reservoir;
  return pace;
}

/** How long it takes until an empty bucket is full again, milliseconds. */
export function fullAfterMs(budget: Budget): number {
  const { reservoir = 0, reservoirIncreaseAmount: amount = 1, reservoirIncreaseInterval: everyMs = 0 } = paceOf(budget);
  return (reservoir / amount) * everyMs;
}

/** Limits that hold within this process. */
export function createLimits(clock: Clock, { idleMs = IDLE_MS } = {}): Limits {
  const rests = createRests(clock);
  const pacer = createPacer({
    clock,
    idleMs,
    rests,
    make: (budget) => unmoved(new Bottleneck({ maxConcurrent: budget.concurrent, ...paceOf(budget) }), budget),
    change: (limiter, budget) => void retune(limiter, budget),
    // A new limiter starts with a full bucket, so that one is not forgotten before its own is.
    keepMs: (budget) => Math.max(idleMs, fullAfterMs(budget)),
    expiresMs: () => null,
  });
  return { schedule: pacer.schedule, rest: rests.begin, fault: () => null, size: pacer.size, close: async () => pacer.close() };
}

/**
 * Bottleneck 2.19.5 ends the timer that fills a bucket whenever settings are changed, and never begins it again: from then on nobody gets a place. So it is begun here.
 * A second limiter beside the first would let both paces through while calls wait in the first.
 */
async function retune(limiter: Bottleneck, budget: Budget): Promise<void> {
  // A promise, whatever its types say.
  await (limiter.updateSettings(changedPace(budget)) as unknown as Promise<unknown>);
  const { _store: store } = limiter as unknown as { _store: { heartbeat: NodeJS.Timeout | null; _startHeartbeat(): void } };
  if (store.heartbeat) clearInterval(store.heartbeat);
  store.heartbeat = null;
  store._startHeartbeat();
}

/**
 * Bottleneck 2.19.5 dates by the clock on the wall: after that had gone back, calls waited and buckets stayed empty until it had caught up. What lies further
 * ahead than it can is therefore read as now.
 */
function unmoved(limiter: Bottleneck, { concurrent }: Pick<Budget, 'concurrent'>): Bottleneck {
  const { _store: store } = limiter as unknown as { _store: Record<'_nextRequest' | '_lastReservoirIncrease', number> & { storeOptions: { minTime: number } } };
  const limit = (name: '_nextRequest' | '_lastReservoirIncrease', aheadMs: () => number) => {
    let at = store[name];
    const get = () => (at = isAhead(at, Date.now(), aheadMs()) ? at : Math.min(at, Date.now()));
    Object.defineProperty(store, name, { get, set: (next: number) => void (at = next) });
  };
  // Each call that runs may have put the next one off.
  limit('_nextRequest', () => (concurrent + 1) * store.storeOptions.minTime);
  limit('_lastReservoirIncrease', () => 0);
  return limiter;
}

/** In memory: only accounts that rest are held, and looked at when they are asked again. */
export function createRests(clock: Clock): Omit<Rests, 'left'> & { left: Rests['known'] } {
  const rests = new Map<string, { until: number; ms: number }>();
  const left = (key: string): number => {
    const { until, ms } = rests.get(key) ?? { until: 0, ms: 0 };
    const now = clock.now();
    if (isAhead(until, now, ms)) return until - now;
    rests.delete(key);
    return 0;
  };
  const begin = (key: string, ms: number): void => {
    if (left(key) < ms) rests.set(key, { until: clock.now() + ms, ms });
  };
  return { left, known: left, begin };
}
