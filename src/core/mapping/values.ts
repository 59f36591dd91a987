/** A value as functions take and give it. */
export type Value = string | number | boolean | null;

export const isBlank = (value: Value): value is null | '' => value === null || (typeof value === 'string' && value.trim() === '');
export const words = (value: Value): string => (value === null ? '' : String(value));

/** @throws Error where a text is not a number */
export function toNumber(value: Value): number | null {
  if (isBlank(value)) return null;
  const number = typeof value === 'boolean' ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) throw new Error('a number was expected');
  return number;
}

/** @throws Error where the digits are not a whole number from 0 to 10 */
export function round(value: Value, digits: Value): Value {
  return value === null ? null : Number(written(Number(value), toDigits(digits), false));
}

function toDigits(value: Value): number {
  const digits = Number(value);
  if (!Number.isInteger(digits) || digits < 0 || digits > 10) throw new Error('digits must be between 0 and 10');
  return digits;
}

/** Rounds as people do on paper (half away from zero) on the number's decimal form: 1.005 gives 1.01. */
function written(value: number, digits: number, grouped: boolean): string {
  return new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: grouped }).format(value);
}

/** `EUR 12,500.00`: the ISO code, because one sign such as $ names a dozen currencies. */
export function money(amount: Value, currency: Value): string {
  if (amount === null) return '';
  if (isBlank(currency)) return written(Number(amount), 2, true);
  const code = words(currency).trim().toUpperCase();
  if (!/^[A-Z]{3}$/.test(code)) throw new Error('a currency is a code of three letters, such as EUR');
  const digits = new Intl.NumberFormat('en-US', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits ?? 2;
  return `${code} ${written(Number(amount), digits, true)}`;
}

export function shorten(text: string, length: number): string {
  if (!Number.isInteger(length) || length < 1) throw new Error('a length must be a whole number from 1');
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join('')}…`;
}
