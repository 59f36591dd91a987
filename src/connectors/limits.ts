import Bottleneck from 'bottleneck';
import type { Clock } from '#lib/clock';
import { Problem } from '#core/problem';
import type { Manifest } from '#ports/manifest';

/** Idle installs' limiters are let go after this long, milliseconds, or once their bucket is full again: a new one starts full. */
const IDLE_MS = 60_000;
/** Part of a window's requests that may go at once: a person's click takes some ten calls. With 0.1 a click on a fresh page waited a second, with 0.3 a long queue took 1.4 times as long as it had to. */
const BURST = 0.2;
const SECOND_MS = 1000;
/** How exactly Bottleneck keeps time, milliseconds. */
const TICK_MS = 250;

export interface Limits {
  /** Runs one request when the install's budget allows; lower priorities go first. */
  schedule<T>(manifest: Manifest, install: string, priority: number, run: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Lets an install rest until its window begins anew. */
  rest(install: string, ms: number): void;
  close(): Promise<void>;
}

/**
 * A limiter for each install, of Bottleneck. A bucket that fills by the second rather than a reservoir that refills by the window: vendors count
 * rolling windows, and two full windows side by side are twice what they allow. Below one request a second it fills more seldom.
 */
export function createLimits(clock: Clock): Limits {
  const groups = new Map<string, Bottleneck.Group>();
  const restUntil = new Map<string, number>();

  function group(manifest: Manifest): Bottleneck.Group {
    const known = groups.get(manifest.id);
    if (known) return known;
    const { requests, windowMs, concurrent } = manifest.limits;
    const burst = Math.ceil(requests * BURST);
    const steady = Math.max(1, requests - burst);
    const everyMs = Math.max(SECOND_MS, Math.ceil(windowMs / steady / TICK_MS) * TICK_MS);
    const increase = Math.floor((steady * everyMs) / windowMs);
    const made = new Bottleneck.Group({
      maxConcurrent: concurrent,
      reservoir: burst,
      reservoirIncreaseAmount: increase,
      reservoirIncreaseInterval: everyMs,
      reservoirIncreaseMaximum: burst,
      timeout: Math.max(IDLE_MS, (burst / increase) * everyMs),
    });
    groups.set(manifest.id, made);
    return made;
  }

  async function rested(install: string, signal?: AbortSignal): Promise<void> {
    const wait = (restUntil.get(install) ?? 0) - clock.now();
    if (wait > 0) await clock.sleep(wait, signal);
    else restUntil.delete(install);
  }

  return {
    schedule: (manifest, install, priority, run, signal) =>
      group(manifest)
        .key(install)
        .schedule({ priority }, async () => {
          await rested(install, signal);
          if (signal?.aborted) throw new Problem('vendor.unreachable', { say: 'The server stopped before it asked.' });
          return run();
        }),
    rest(install, ms) {
      restUntil.set(install, clock.now() + ms);
    },
    async close() {
      await Promise.all([...groups.values()].map((one) => one.disconnect()));
    },
  };
}
