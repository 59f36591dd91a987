import { evaluate } from '#core/mapping/expression';
import type { Language } from '#core/mapping/language';
import { LIMITS } from '#core/mapping/limits';
import { cleanText } from '#core/touch';

/**
 * First and last touch as the records tell it at this moment, by the names that the `send` mapping gives (`first_source`, `last_campaign`).
 * Which fields hold a touch is the vendor's business, so it is data. Values are cut to what providers take in a custom field and name nobody, since they
 * enter a ledger; what is empty or cannot be read is left out: a contract never waits for marketing.
 */
export function touches(attribution: Readonly<Record<string, string>>, language: Language, bound: Readonly<Record<string, unknown>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, expression] of Object.entries(attribution)) {
    const value = attempt(() => evaluate(expression, language, bound, `attribution.${name}`));
    if (value === undefined || value === null || value === '') continue;
    const text = [...cleanText(String(value))].slice(0, LIMITS.attributionChars).join('');
    if (text !== '') found[name] = text;
  }
  return found;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
