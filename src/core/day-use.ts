const HOUR_MS = 3_600_000;
const HOURS_A_DAY = 24;

/** A day's calls of an account: what the vendor counts of everybody, and what we counted of ourselves by the hour. */
export interface DayUse {
  used: number;
  limit: number;
  readAt: number;
  /** Our calls by hour since the epoch. */
  hours: Record<string, number>;
}

/** Our calls of the last 24 hours; those of the hour that began before them count whole, so that no 24 hours ever hold more than is told here. */
export function ownUse({ hours }: DayUse, now: number): number {
  const first = Math.floor(now / HOUR_MS) - HOURS_A_DAY;
  return Object.entries(hours).reduce((sum, [hour, calls]) => (Number(hour) >= first ? sum + calls : sum), 0);
}

/** When our share would be used up at the rate of the last hours; null where it would not be within a day. */
export function usedUpAt(use: DayUse, sharePercent: number, now: number): number | null {
  const left = (use.limit * sharePercent) / 100 - ownUse(use, now);
  const hour = Math.floor(now / HOUR_MS);
  const lately = (use.hours[hour] ?? 0) + (use.hours[hour - 1] ?? 0);
  const perMs = lately / (HOUR_MS + (now % HOUR_MS));
  const at = now + left / perMs;
  return perMs > 0 && at - now < HOURS_A_DAY * HOUR_MS ? Math.max(now, at) : null;
}

/** The same, with the hours that count no more left out. */
export function withoutOldHours(hours: DayUse['hours'], now: number): DayUse['hours'] {
  const first = Math.floor(now / HOUR_MS) - HOURS_A_DAY;
  return Object.fromEntries(Object.entries(hours).filter(([hour]) => Number(hour) >= first));
}

/** The hour that a call made now counts in. */
export const hourOf = (now: number): number => Math.floor(now / HOUR_MS);
