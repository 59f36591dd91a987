import { hashWords, pickText, type PinnedConsent, type ShownText } from '#core/pinned-consent';
import type { PlannedField } from '#core/plan';
import type { Template } from '#core/records';
import { evaluateText } from './expression.ts';
import type { Language } from './language.ts';
import { nearest } from './nearest.ts';
import { writePath, type Path } from './place.ts';
import type { ReasonCode, Reasons } from './reasons.ts';
import type { ConsentRule, SendRule } from './schema.ts';
import { same } from './stages.ts';

/** What a template lacks for a consent: which key of the rule names it, in words, and the name that was probably meant. */
export interface Lack {
  key: 'role' | 'checkbox' | 'hash' | 'wording';
  code: ReasonCode;
  say: string;
  suggestion?: string;
}

/** Without the checkbox there is no answer, and without the hash nothing ties the answer to a wording: such a template is refused, never sent without. */
export function lacksOf(consent: ConsentRule, template: Template): Lack[] {
  const role = template.roles.find(({ name }) => same(name, consent.role))?.name;
  if (role === undefined) {
    const say = `The template "${template.name}" has no role "${consent.role}" to ask for consent.`;
    return [
      {
        key: 'role',
        code: 'consent-field',
        say,
        ...suggest(
          consent.role,
          template.roles.map(({ name }) => name),
        ),
      },
    ];
  }
  const labels = (fields: readonly { role: string; label: string }[]) => fields.filter((field) => field.role === role).map(({ label }) => label);
  const boxes = labels(template.checkboxes ?? []);
  const fields = labels(template.fields);
  const lacks: Lack[] = [];
  const lack = (key: Lack['key'], say: string, more: { suggestion?: string } = {}) =>
    lacks.push({ key, code: 'consent-field', say: `${say} of the template "${template.name}"`, ...more });
  const { checkbox, hash, wording } = consent;
  if (!boxes.includes(checkbox)) lack('checkbox', `There is no checkbox "${checkbox}" for the role "${role}"`, suggest(checkbox, boxes));
  const open = (label: string) => template.fields.some((field) => field.role === role && field.label === label && field.open);
  for (const [key, label, what] of [
    ['hash', hash, 'could carry the hash of the wording'],
    ['wording', wording, 'could show the wording'],
  ] as const) {
    if (label === undefined) continue;
    if (!fields.includes(label)) lack(key, `There is no text field "${label}" that ${what} for the role "${role}"`, suggest(label, fields));
    else if (open(label)) lack(key, `The signer can write over the field "${label}". Make it read-only in the provider's editor, for the role "${role}"`);
  }
  return lacks.map((one) => ({ ...one, say: `${one.say}.` }));
}

function suggest(typed: string, names: readonly string[]): { suggestion?: string } {
  const suggestion = nearest(typed, names);
  return suggestion === undefined ? {} : { suggestion };
}

export interface ConsentInput {
  rule: SendRule;
  /** Of the rule. */
  at: Path;
  template: Template;
  texts: readonly ShownText[];
  language: Language;
  bound: Readonly<Record<string, unknown>>;
}

/** The versions that the template will show, pinned, and the fields that carry them. What stands in the way goes into `reasons`. */
export function planConsents({ rule, at, template, texts, language, bound }: ConsentInput, reasons: Reasons): { consents: PinnedConsent[]; fields: PlannedField[] } {
  const consents: PinnedConsent[] = [];
  const fields: PlannedField[] = [];
  for (const [index, consent] of rule.consents.entries()) {
    const path: Path = [...at, 'consents', index];
    const lacks = lacksOf(consent, template);
    for (const { key, code, say } of lacks) reasons.add(code, [...path, key], say);
    const asked = consent.locale;
    const locale = asked === undefined ? '' : reasons.attempt(() => evaluateText(asked, language, bound, writePath([...path, 'locale'])));
    if (locale === undefined) continue;
    const text = pickText(texts, consent.text, locale);
    if (!text) reasons.add('consent-text', [...path, 'text'], `No version of the consent text "${consent.text}" is valid now. Publish it, or correct its name in the mapping.`);
    if (!text || lacks.length > 0) continue;
    const role = template.roles.find(({ name }) => same(name, consent.role))?.name ?? consent.role;
    consents.push(pinned(consent, role, text));
    fields.push({ role, label: consent.hash, value: text.hash });
    if (consent.wording !== undefined) fields.push({ role, label: consent.wording, value: text.wording.trimEnd() });
  }
  return { consents, fields };
}

function pinned({ checkbox, hash, wording }: ConsentRule, role: string, text: ShownText): PinnedConsent {
  const { id, name, version, type, purpose, channel, locale, jurisdiction } = text;
  const shown = wording === undefined ? {} : { wording: { label: wording, words: hashWords(text.wording) } };
  return { role, checkbox, hash, ...shown, text: { id, name, version, hash: text.hash }, topic: { type, purpose, channel }, locale, jurisdiction };
}
