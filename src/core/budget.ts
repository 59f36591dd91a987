/** What a vendor said last of one of the windows in which it counts an account's calls. */
export interface HeardWindow {
  /** The kind of call that it counts apart; null for all the others. */
  counted: string | null;
  windowMs: number;
  limit: number;
  left: number;
  heardAt: number;
  /** When the count begins anew, or has surely begun anew where the window rolls. */
  resetsAt: number;
  /** How many calls we allow ourselves in it; null where other windows govern the pace. */
  ours: number | null;
}

/** Part of what a vendor allows that we take: its count and ours never begin at the same moment, and a refusal costs more than the last tenth brings. 100 of the usual 110. */
const PART = 0.91;
/** How far what we learn may lead away from the manifest. A vendor that says "a million" has changed its units. */
const LEAST = 0.1;
const MOST = 3;

/** Requests that we allow ourselves in a window, from what the manifest says and what the vendor has said. */
export function learned(requests: number, limit: number | null): number {
  if (limit === null || !Number.isFinite(limit) || limit <= 0) return requests;
  const bounded = Math.min(requests * MOST, Math.max(requests * LEAST, limit * PART));
  return Math.max(1, Math.floor(bounded));
}

/** Shorter windows come and go while somebody looks. */
const FORECAST_FROM_MS = 10 * 60_000;

/** When a window's calls would be used up at the rate since it began, whoever makes them; null where they last until it begins anew. */
export function windowEndsAt({ windowMs, limit, left, heardAt, resetsAt }: HeardWindow, now: number): number | null {
  if (windowMs < FORECAST_FROM_MS || now >= resetsAt) return null;
  if (left <= 0) return now;
  const elapsed = heardAt - (resetsAt - windowMs);
  const used = limit - left;
  if (used <= 0 || elapsed <= 0) return null;
  const at = heardAt + (left / used) * elapsed;
  return at < resetsAt ? Math.max(now, at) : null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** A window as people call it: "hour", "30 seconds". */
export function windowName(windowMs: number): string {
  for (const [unitMs, unit] of [
    [DAY_MS, 'day'],
    [HOUR_MS, 'hour'],
    [MINUTE_MS, 'minute'],
    [1000, 'second'],
  ] as const) {
    if (windowMs < unitMs || windowMs % unitMs !== 0) continue;
    return windowMs === unitMs ? unit : `${windowMs / unitMs} ${unit}s`;
  }
  return `${windowMs} ms`;
}

/** "At this rate the day's quota ends at 15:40 UTC.": with the day where that is not today. */
export function sayEnd(what: string, at: number, now: number): string {
  if (at <= now) return `The ${what} is used up.`;
  // To the minute before, so that nobody is told of a time at which it has ended already.
  const end = new Date(Math.floor(at / MINUTE_MS) * MINUTE_MS);
  const time = end.toISOString().slice(11, 16);
  const sameDay = Math.floor(at / DAY_MS) === Math.floor(now / DAY_MS);
  const day = sameDay ? '' : ` on ${end.getUTCDate()} ${MONTHS[end.getUTCMonth()] ?? ''}`;
  return `At this rate the ${what} ends at ${time} UTC${day}.`;
}
