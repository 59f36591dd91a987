import { hourOf, ownUse, withoutOldHours, type DayUse } from '#core/day-use';
import { PRIORITY } from '#core/effect';
import { Problem } from '#core/problem';
import type { Clock } from '#lib/clock';

/** From this part of our share on, rounds that only look wait for quieter hours. */
const SLOW_FROM = 0.8;
/** From this part of the whole day's calls on, whoever made them, only people's clicks go on. */
const RESERVED_FROM = 0.95;
const PAUSE_MS = 15 * 60_000;
/** What is known is kept this often. */
const SAVE_MS = 60_000;

export interface Quotas {
  /** Takes up what was known before this process began. */
  recall(install: string, use: DayUse): void;
  /** Counts a call before it is made, or refuses it. Accounts whose vendor counts no days are never refused. @throws Problem `vendor.quota` */
  admit(install: string, sharePercent: number, priority: number): void;
  /** What the vendor has just said. True where what is known should be kept now. */
  heard(install: string, day: { used: number; limit: number }): boolean;
  known(install: string): DayUse | undefined;
  /** Our calls that no other process knows of yet, by hour; from now on they count as told. */
  untold(install: string): DayUse['hours'];
  /** They could not be told after all. */
  retell(install: string, news: DayUse['hours']): void;
  /** Takes up what all processes together have counted by hour. What is untold comes on top. */
  shared(install: string, hours: DayUse['hours']): void;
}

/**
 * Keeps to a share of the calls that an account may make in a rolling day, so that the customer's other integrations never starve for ours: first
 * rounds that only look give way, then everything but people's clicks.
 */
export function createQuotas(clock: Clock): Quotas {
  const days = new Map<string, DayUse>();
  const untold = new Map<string, DayUse['hours']>();

  return {
    recall(install, use) {
      if (!days.has(install)) days.set(install, use);
    },
    admit(install, sharePercent, priority) {
      const use = days.get(install);
      if (!use) return;
      const now = clock.now();
      if (priority !== PRIORITY.click) refuseOver(use, sharePercent, priority, now);
      const hour = hourOf(now);
      use.hours[hour] = (use.hours[hour] ?? 0) + 1;
      const news = untold.get(install) ?? {};
      news[hour] = (news[hour] ?? 0) + 1;
      untold.set(install, withoutOldHours(news, now));
    },
    heard(install, { used, limit }) {
      const now = clock.now();
      const before = days.get(install);
      const due = !before || now - before.readAt >= SAVE_MS;
      days.set(install, { used, limit, hours: withoutOldHours(before?.hours ?? {}, now), readAt: due ? now : before.readAt });
      return due;
    },
    known: (install) => days.get(install),
    untold(install) {
      const news = untold.get(install) ?? {};
      untold.delete(install);
      return news;
    },
    retell(install, news) {
      untold.set(install, added(news, untold.get(install) ?? {}));
    },
    shared(install, hours) {
      const use = days.get(install);
      if (!use) return;
      const now = clock.now();
      use.hours = withoutOldHours(added(hours, untold.get(install) ?? {}), now);
    },
  };
}

function added(a: DayUse['hours'], b: DayUse['hours']): DayUse['hours'] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((hour) => [hour, (a[hour] ?? 0) + (b[hour] ?? 0)]));
}

function refuseOver(use: DayUse, sharePercent: number, priority: number, now: number): void {
  const share = (use.limit * sharePercent) / 100;
  const own = ownUse(use, now);
  const looks = priority >= PRIORITY.background;
  const over = own >= share * (looks ? SLOW_FROM : 1);
  // Known so long ago it says nothing: whoever never asks is never told that there are calls again.
  const starving = use.used >= use.limit * RESERVED_FROM && now - use.readAt < PAUSE_MS;
  if (!over && !starving) return;
  const say = over
    ? `Countersign has made ${own} of the ${Math.floor(share)} calls that it may make in a day (${sharePercent} % of ${use.limit}). It goes on as the day moves on, or when the share is raised on the install page.`
    : `The account has used ${use.used} of its ${use.limit} calls of the day. What is left is kept for people and other integrations.`;
  throw new Problem('vendor.quota', { say, retryAfterMs: PAUSE_MS, facts: { own, used: use.used, limit: use.limit } });
}
