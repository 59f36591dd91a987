const SECOND = 1000;
const STEPS: [number, string][] = [
  [86_400 * SECOND, 'd'],
  [3600 * SECOND, 'h'],
  [60 * SECOND, 'min'],
  [SECOND, 's'],
];

/** How long before or after `now`, in one unit: `3 min ago`, `in 2 h`, `now`. */
export function relative(at: number, now: number): string {
  const span = Math.abs(now - at);
  const step = STEPS.find(([size]) => span >= size);
  if (!step) return 'now';
  const amount = `${Math.floor(span / step[0])} ${step[1]}`;
  return at <= now ? `${amount} ago` : `in ${amount}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number) => String(value).padStart(2, '0');

/** Date and time in UTC, to the second where asked. */
export function absolute(at: number, seconds = false): string {
  const date = new Date(at);
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${seconds ? `:${two(date.getUTCSeconds())}` : ''}`;
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}, ${clock} UTC`;
}

/** The time of day alone, where the day is told beside it. */
export const timeOfDay = (at: number): string => new Date(at).toISOString().slice(11, 19);

/** A moment, absolute and relative. The server writes UTC; the page's script turns it into the reader's own zone and keeps the age fresh. */
export function When({ at, now, seconds, timeOnly }: { at: number | null; now: number; seconds?: boolean; timeOnly?: boolean }) {
  if (at === null) return <span class="soft">never</span>;
  return (
    <time
      datetime={new Date(at).toISOString()}
      data-seconds={seconds ? '' : undefined}
      data-time-only={timeOnly ? '' : undefined}
      title={timeOnly ? absolute(at, true) : undefined}
    >
      <span class="abs">{timeOnly ? timeOfDay(at) : absolute(at, seconds)}</span> <span class="ago">{relative(at, now)}</span>
    </time>
  );
}
