import { withoutOldHours, type DayUse } from '#core/day-use';
import type { Clock } from '#lib/clock';
import type { Quotas } from '#shared/quota';
import type { RedisLink } from '#shared/redis';

/** How often an account's own calls are told to the other processes and heard from them, milliseconds. A share may be overstepped by what all of them call in that time. */
const TELL_MS = 2_000;
/** Longer than a day's count reaches back. */
const KEEP_SECONDS = 26 * 3600;
/** Accounts whose last telling is remembered; beyond it the oldest is told of again early. */
const MOST_ACCOUNTS = 20_000;

/** Our calls of a day by all processes, added up in Redis. */
export interface DayCounts {
  /** A call of this account was just counted. */
  touch(install: string): void;
  /** Tells what is left to tell, before the process ends. */
  flush(): Promise<void>;
}

export function createDayCounts(link: RedisLink, quotas: Quotas, clock: Clock, prefix = 'countersign'): DayCounts {
  const toldAt = new Map<string, number>();
  const owed = new Set<string>();
  const running = new Map<string, Promise<void>>();

  async function tell(install: string): Promise<void> {
    const use = quotas.known(install);
    if (!use || !link.isUp()) return;
    owed.delete(install);
    const known = { ...use.hours };
    const news = quotas.untold(install);
    const key = `${prefix}:day:${install}`;
    const turn = link.client.multi();
    // Where Redis has forgotten an hour, it is as much as is known here without what is new.
    for (const [hour, calls] of Object.entries(known)) turn.hsetnx(key, hour, calls - (news[hour] ?? 0));
    for (const [hour, calls] of Object.entries(news)) turn.hincrby(key, hour, calls);
    turn.expire(key, KEEP_SECONDS).hgetall(key);
    try {
      const results = (await turn.exec()) ?? [];
      const told = numbers(results.at(-1)?.[1]);
      const kept = withoutOldHours(told, clock.now());
      quotas.shared(install, kept);
      const old = Object.keys(told).filter((hour) => !(hour in kept));
      if (old.length > 0) await link.client.hdel(key, ...old);
    } catch {
      // Counted here all the same; it is told with the next.
      quotas.retell(install, news);
    }
  }

  function begin(install: string): Promise<void> {
    const before = running.get(install);
    if (before) return before;
    toldAt.delete(install);
    toldAt.set(install, clock.now());
    if (toldAt.size > MOST_ACCOUNTS) for (const oldest of toldAt.keys()) if (toldAt.size > MOST_ACCOUNTS) toldAt.delete(oldest);
    const turn = tell(install).finally(() => running.delete(install));
    running.set(install, turn);
    return turn;
  }

  return {
    touch(install) {
      owed.add(install);
      if (clock.now() - (toldAt.get(install) ?? 0) >= TELL_MS) void begin(install).catch(() => undefined);
    },
    async flush() {
      await Promise.allSettled(running.values());
      await Promise.allSettled([...owed].map(begin));
    },
  };
}

function numbers(told: unknown): DayUse['hours'] {
  return Object.fromEntries(Object.entries(told as Record<string, string>).map(([hour, calls]) => [hour, Number(calls)]));
}
