import type { FieldValue } from '#core/records';
import type { Report } from './check.ts';
import { consentLanguage, type ConsentView } from './consent-language.ts';
import { evaluate } from './expression.ts';
import { writePath } from './place.ts';
import type { ConsentWriteRule, WritebackMapping } from './schema.ts';

/** What a consent act writes to a contact of whoever acted; where two rules write one field, the later rule holds. Empty where no rule is about it. @throws Problem `mapping.failed` */
export function planConsentWrites(writeback: WritebackMapping, consent: ConsentView): Record<string, FieldValue> {
  const bound = consentLanguage.bind({ consent: { ...consent } });
  const set: Record<string, FieldValue> = {};
  writeback.consents.forEach((rule, index) => {
    if (!isAbout(rule, consent)) return;
    for (const [field, text] of Object.entries(rule.set)) set[field] = evaluate(text, consentLanguage, bound, writePath(['consents', index, 'set', field]));
  });
  return set;
}

/** An act about all purposes or channels is also about the one that a rule names. */
function isAbout({ type, purpose, channel }: ConsentWriteRule, consent: ConsentView): boolean {
  const fits = (named: string | undefined, said: string): boolean => named === undefined || said === '' || named === said;
  return type === consent.type && fits(purpose, consent.purpose) && fits(channel, consent.channel);
}

/** Ids name the rules in timelines, as those of the other rules do. */
export function checkConsentRules(writeback: WritebackMapping, report: Report): void {
  const seen = new Set(writeback.rules.map(({ id }) => id));
  writeback.consents.forEach(({ id }, index) => {
    if (seen.has(id)) report(writeback, ['consents', index, 'id'], `Another rule has the id "${id}" already.`);
    seen.add(id);
  });
}
