import { MODELS, type Model } from '#core/attribution-models';
import { Problem } from '#core/problem';
import { REPORT_BY, type ReportBy } from '#core/report';

/** What a report is asked for, whether in the console or at the command line. */
export interface ReportAsk {
  by: ReportBy;
  model: Model;
  /** The moments of sending that it is about, milliseconds since the epoch: from the first until before the second. */
  from: number;
  to: number;
}

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Days that a report is about where nobody says. */
const USUAL_DAYS = 90;
const isOneOf = <Value extends string>(values: readonly Value[], asked: string): asked is Value => (values as readonly string[]).includes(asked);

/** Reads what was asked; days are whole days in UTC, the last one included. @throws Problem `request.malformed` */
export function readAsk(asked: { by?: string | undefined; model?: string | undefined; from?: string | undefined; to?: string | undefined }, now: number): ReportAsk {
  const { by = 'source', model = 'first' } = asked;
  if (!isOneOf(REPORT_BY, by)) throw new Problem('request.malformed', { say: `A report is by ${REPORT_BY.join(', ')}.` });
  if (!isOneOf(MODELS, model)) throw new Problem('request.malformed', { say: `A model is one of ${MODELS.join(', ')}.` });
  const to = (asked.to ? readDay(asked.to) : Math.floor(now / DAY_MS) * DAY_MS) + DAY_MS;
  const from = asked.from ? readDay(asked.from) : to - USUAL_DAYS * DAY_MS;
  if (from >= to) throw new Problem('request.malformed', { say: 'The period ends before it begins.' });
  return { by, model, from, to };
}

/** A day as `2026-03-01`. */
export const writeDay = (at: number): string => new Date(at).toISOString().slice(0, 10);
/** The last day of a period, which ends before the next one. */
export const lastDay = ({ to }: Pick<ReportAsk, 'to'>): string => writeDay(to - DAY_MS);

function readDay(text: string): number {
  if (!isDay(text)) throw new Problem('request.malformed', { say: 'A day is written as 2026-03-01.' });
  return Date.parse(`${text}T00:00:00Z`);
}

export function isDay(text: string): boolean {
  const time = DAY.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isFinite(time) && writeDay(time) === text;
}

/** A length of time in its two largest units: `3 d 4 h`, `12 min 5 s`. */
export function sayDuration(ms: number | null): string {
  if (ms === null) return '–';
  const units: [string, number][] = [
    ['d', DAY_MS],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ];
  const start = units.findIndex(([, size]) => ms >= size);
  if (start < 0) return '< 1 s';
  let rest = ms;
  const parts = units.slice(start, start + 2).flatMap(([name, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount > 0 ? [`${amount} ${name}`] : [];
  });
  return parts.join(' ');
}
