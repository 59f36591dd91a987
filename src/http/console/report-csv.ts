import { digitsOf, plainMoney, type Money } from '#core/money';
import type { Report, Spread } from '#core/report';
import { csvOf } from './csv.ts';

/** A report's rows for a spreadsheet: times in seconds, the signed value in a column of its own for each currency. */
export function reportCsv({ by, rows, total }: Report): string {
  const currencies = total.value.map(({ currency }) => currency);
  const times = ['touch_to_send', 'send_to_view', 'view_to_sign'].flatMap((name) => [`${name}_count`, `${name}_median_s`, `${name}_p90_s`]);
  const head = [by, 'sent', 'viewed', 'signed', ...times, ...currencies.map((currency) => (currency ? `signed_value_${currency}` : 'signed_value'))];
  const lines = rows.map((row) => [
    row.key,
    ...[row.sent, row.viewed, row.signed].map(String),
    ...[row.touchToSend, row.sendToView, row.viewToSign].flatMap(spread),
    ...currencies.map((currency) => plainMoney(amountIn(row.value, currency))),
  ]);
  return csvOf([head, ...lines]);
}

const seconds = (ms: number | null): string => (ms === null ? '' : String(Math.round(ms / 1000)));
const spread = ({ count, medianMs, p90Ms }: Spread): string[] => [String(count), seconds(medianMs), seconds(p90Ms)];

export const amountIn = (value: readonly Money[], currency: string): Money => value.find((one) => one.currency === currency) ?? { minor: 0, currency };

/** The currency in which most was signed, as far as numbers of different currencies can be compared. */
export function mainCurrency(value: readonly Money[]): string | null {
  const [largest] = value.toSorted((a, b) => b.minor / 10 ** digitsOf(b.currency) - a.minor / 10 ** digitsOf(a.currency));
  return largest?.currency ?? null;
}
