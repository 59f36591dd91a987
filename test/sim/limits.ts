import type { Limits } from '#shared/limits';
import type { Scheduler } from './scheduler.ts';

/**
 * In the place of Bottleneck, whose own clock is the machine's: so many calls of an account at once, clicks first. What Bottleneck itself promises is
 * test/shared/limits.test.ts's to hold.
 */
export function createVirtualLimits(scheduler: Scheduler): Limits {
  const lines = new Map<string, { busy: number; waiting: { priority: number; order: number; go: () => void }[] }>();
  const restUntil = new Map<string, number>();
  let order = 0;

  return {
    async schedule({ key, concurrent }, priority, run) {
      const line = lines.get(key) ?? { busy: 0, waiting: [] };
      lines.set(key, line);
      if (line.busy >= concurrent) await new Promise<void>((go) => line.waiting.push({ priority, order: order++, go }));
      line.busy++;
      try {
        const rest = (restUntil.get(key) ?? 0) - scheduler.now();
        if (rest > 0) await new Promise<void>((resolve) => scheduler.after(rest, resolve));
        return await run();
      } finally {
        line.busy--;
        line.waiting.sort((a, b) => a.priority - b.priority || a.order - b.order);
        line.waiting.shift()?.go();
      }
    },
    rest: (key, ms) => void restUntil.set(key, scheduler.now() + ms),
    fault: () => null,
    size: () => lines.size,
    close: async () => undefined,
  };
}
