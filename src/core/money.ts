/** An amount in the smallest unit of its currency, so that sums are exact. `currency` is empty where nobody said which. */
export interface Money {
  minor: number;
  currency: string;
}

const CODE = /^[A-Z]{3}$/;
const AMOUNT = /^([+-]?)(\d{1,15})(?:\.(\d{1,20}))?$/;

/** An amount as a record tells it; null for what is no number. What is finer than the currency's smallest unit is rounded half up. */
export function readMoney(amount: string | undefined, currency: string | undefined): Money | null {
  const [, sign, whole, fraction = ''] = AMOUNT.exec((amount ?? '').trim()) ?? [];
  if (whole === undefined) return null;
  const code = (currency ?? '').trim().toUpperCase();
  const known = CODE.test(code) ? code : '';
  const digits = digitsOf(known);
  const padded = fraction.padEnd(digits + 1, '0');
  const up = Number(padded.charAt(digits)) >= 5 ? 1 : 0;
  const minor = Number(`${whole}${padded.slice(0, digits)}`) + up;
  if (!Number.isSafeInteger(minor)) return null;
  return { minor: sign === '-' && minor !== 0 ? -minor : minor, currency: known };
}

/** Digits after the point, as ISO 4217 has them: none for yen, three for Kuwaiti dinars. */
export function digitsOf(currency: string): number {
  if (currency === '') return 2;
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** As people read it: `EUR 48,000.00`. */
export function sayMoney({ minor, currency }: Money): string {
  const digits = digitsOf(currency);
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ',');
  const amount = `${minor < 0 ? '−' : ''}${whole}${digits > 0 ? `.${text.slice(text.length - digits)}` : ''}`;
  return currency === '' ? amount : `${currency} ${amount}`;
}

/** As machines read it: `48000.00`. */
export function plainMoney({ minor, currency }: Money): string {
  const digits = digitsOf(currency);
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  return `${minor < 0 ? '-' : ''}${text.slice(0, text.length - digits)}${digits > 0 ? `.${text.slice(text.length - digits)}` : ''}`;
}
