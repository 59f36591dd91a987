import { Problem } from '#core/problem';

/** What a group of five letters may end in: one letter or digit for each pattern of large and small ones. */
const SUFFIXES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const GROUP = 5;
const SHORT = /^[A-Za-z0-9]{15}$/;
const LONG = /^[A-Za-z0-9]{15}[A-Z0-5]{3}$/;

/**
 * Whether `text` is an id as Salesforce writes it: 15 letters and digits in which case matters, or those and three more that tell the case. An id whose three
 * do not fit was changed on the way, by a spreadsheet that ignores case for example, and would name another record.
 */
export function isId(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  return SHORT.test(text) || (LONG.test(text) && text.slice(15) === suffixOf(text));
}

/**
 * The 18-character form, the one that we keep and compare: both forms name the same record, and reports, formulas and old integrations give the short one.
 * @throws Problem `vendor.odd-answer` for what is no id: check with `isId` what people or other systems sent
 */
export function id18(id: string): string {
  if (!isId(id)) throw new Problem('vendor.odd-answer', { say: 'Salesforce named a record by something that is not an id.' });
  return id.slice(0, 15) + suffixOf(id);
}

/** For each five characters one that says which of them are capitals, the first in the lowest bit. */
function suffixOf(id: string): string {
  let suffix = '';
  for (let start = 0; start < 3 * GROUP; start += GROUP) {
    let capitals = 0;
    for (let at = 0; at < GROUP; at++) if (/[A-Z]/.test(id.charAt(start + at))) capitals += 1 << at;
    suffix += SUFFIXES.charAt(capitals);
  }
  return suffix;
}
