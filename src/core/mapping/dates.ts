const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAY_MS = 86_400_000;

/** How a date may be written. Days are those of UTC, so that a document says the same on every server. */
const WRITTEN = {
  iso: (date) => date.toISOString().slice(0, 10),
  long: (date) => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`,
  us: (date) => `${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}/${date.getUTCFullYear()}`,
  eu: (date) => `${two(date.getUTCDate())}/${two(date.getUTCMonth() + 1)}/${date.getUTCFullYear()}`,
} as const satisfies Record<string, (date: Date) => string>;

export const DATE_STYLES = Object.keys(WRITTEN);

const two = (value: number): string => String(value).padStart(2, '0');

/** @throws Error where the text is no ISO 8601 date or the style is unknown */
export function writeDate(text: string, style: string): string {
  const write = Object.entries(WRITTEN).find(([name]) => name === style)?.[1];
  if (!write) throw new Error(`there is no date style "${style}"; say ${DATE_STYLES.join(', ')}`);
  return write(readDate(text));
}

/** @throws Error where the text is no ISO 8601 date or the result is outside the calendar */
export function addDays(text: string, days: number): string {
  const moved = new Date(readDate(text).getTime() + Math.round(days) * DAY_MS);
  if (!withinCalendar(moved)) throw new Error('the date is outside the years 0001 to 9999');
  return moved.toISOString().slice(0, 10);
}

export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/.test(text) && withinCalendar(new Date(text));
}

function readDate(text: string): Date {
  if (!isDate(text)) throw new Error('a date was expected, written such as 2026-03-31');
  // A time without a zone would be read in the server's own zone.
  return new Date(/T.*(Z|[+-]\d{2}:?\d{2})$/.test(text) || !text.includes('T') ? text : `${text}Z`);
}

function withinCalendar(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999;
}
