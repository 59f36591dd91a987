import { sayEnd, windowEndsAt, windowName, type HeardWindow } from '#core/budget';
import { ownUse, usedUpAt, type DayUse } from '#core/day-use';

const DAY_MS = 86_400_000;

/** How an account stands in one window, for people and programs. */
export interface Standing {
  /** Such as "day" or "10 seconds"; with the kind of call where it is counted apart. */
  window: string;
  windowMs: number;
  limit: number;
  /** By all integrations of the account, as the vendor said last. */
  used: number;
  left: number;
  heardAt: number;
  /** What Countersign may take of it, and has taken in the last 24 hours; null where that is not counted. */
  ours: number | null;
  own: number | null;
  endsAt: number | null;
  /** "At this rate the day's quota ends at 15:40 UTC."; null where it does not end. */
  forecast: string | null;
}

/** What is known of an account's windows, shortest first. */
export function standingOf(install: { day_use: string | null; budgets: string | null; day_share: number }, now: number): Standing[] {
  const windows = install.budgets === null ? [] : (JSON.parse(install.budgets) as HeardWindow[]);
  const standings = windows.map((window): Standing => {
    const over = now >= window.resetsAt;
    const endsAt = windowEndsAt(window, now);
    const name = windowName(window.windowMs);
    return {
      window: window.counted === null ? name : `${name}, ${window.counted}`,
      windowMs: window.windowMs,
      limit: window.limit,
      used: over ? 0 : window.limit - window.left,
      left: over ? window.limit : window.left,
      heardAt: window.heardAt,
      ours: window.ours,
      own: null,
      endsAt,
      forecast: endsAt === null ? null : sayEnd(`${name}’s quota`, endsAt, now),
    };
  });
  const day = install.day_use === null ? [] : [dayStanding(JSON.parse(install.day_use) as DayUse, install.day_share, now)];
  return [...standings, ...day].sort((a, b) => a.windowMs - b.windowMs);
}

function dayStanding(use: DayUse, sharePercent: number, now: number): Standing {
  const endsAt = usedUpAt(use, sharePercent, now);
  return {
    window: 'day',
    windowMs: DAY_MS,
    limit: use.limit,
    used: use.used,
    left: Math.max(0, use.limit - use.used),
    heardAt: use.readAt,
    ours: Math.floor((use.limit * sharePercent) / 100),
    own: ownUse(use, now),
    endsAt,
    forecast: endsAt === null ? null : sayEnd('day’s quota', endsAt, now),
  };
}
