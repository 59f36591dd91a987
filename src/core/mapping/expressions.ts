import { consentLanguage } from './consent-language.ts';
import type { Language } from './language.ts';
import { envelopeLanguages, sendLanguages } from './languages.ts';
import type { CrmSchema } from '#core/records';
import { ofRecipients, type AnyMapping, type JourneyMapping, type SendMapping, type SendRule, type WritebackMapping } from './schema.ts';
import type { Path } from './place.ts';

/** One expression of a mapping: where it stands and what may be said there. */
export interface Located {
  path: Path;
  text: string;
  language: Language;
  /** A condition gives yes or no; anything else one value. */
  condition: boolean;
  /** Attribution is never worth blocking a contract for: its faults are warnings. */
  optional: boolean;
}

/** What is known when a mapping's expressions are checked; nulls where it is not. */
export interface Known {
  schema: CrmSchema | null;
  /** Names that the `send` mapping freezes as attribution. */
  attribution: readonly string[] | null;
}

/** Every expression of a mapping, in the order of the file. */
export function listExpressions(mapping: AnyMapping, known: Known): Located[] {
  if (mapping.kind === 'send') return ofSend(mapping, known.schema);
  return mapping.kind === 'writeback' ? ofWriteback(mapping, known) : ofJourney(mapping, known);
}

/** A rule's templates, in the order in which they are tried. */
export function choicesOf(rule: SendRule): { if?: string | undefined; use: string }[] {
  return typeof rule.template === 'string' ? [{ use: rule.template }] : rule.template;
}

function ofSend(mapping: SendMapping, schema: CrmSchema | null): Located[] {
  const { condition, content, people } = sendLanguages(schema);
  const open = sendLanguages(null).condition;
  const values = (language: Language, path: Path, map: Record<string, string>): Located[] => Object.entries(map).map(([name, text]) => value(language, [...path, name], text));
  return [
    ...values(people, ['people'], mapping.people),
    // Checked against the account, although they run without its types: see `optional`.
    ...values(schema ? condition : open, ['attribution'], mapping.attribution).map((located) => ({ ...located, optional: true })),
    ...mapping.rules.flatMap((rule, index) => {
      const at: Path = ['rules', index];
      return [
        ...conditionAt(condition, [...at, 'if'], rule.if),
        ...choicesOf(rule).flatMap((choice, i) => conditionAt(condition, [...at, 'template', i, 'if'], choice.if)),
        value(content, [...at, 'subject'], rule.subject),
        ...(rule.message === undefined ? [] : [value(content, [...at, 'message'], rule.message)]),
        ...rule.recipients.flatMap((recipient, i) => conditionAt(condition, [...at, 'recipients', i, 'if'], recipient.if)),
        ...values(content, [...at, 'fields'], rule.fields),
        ...rule.consents.flatMap(({ locale }, i) => (locale === undefined ? [] : [value(condition, [...at, 'consents', i, 'locale'], locale)])),
      ];
    }),
  ];
}

function ofWriteback(mapping: WritebackMapping, { attribution }: Known): Located[] {
  const languages = envelopeLanguages(attribution);
  const consents = mapping.consents.flatMap((rule, index) => Object.entries(rule.set).map(([name, text]) => value(consentLanguage, ['consents', index, 'set', name], text)));
  const rules = mapping.rules.flatMap((rule, index) => {
    const language = ofRecipients(rule.record) ? languages.recipient : languages.envelope;
    const at: Path = ['rules', index];
    const assigned = (key: 'set' | 'once'): Located[] => Object.entries(rule[key]).map(([name, text]) => value(language, [...at, key, name], text));
    return [...conditionAt(language, [...at, 'if'], rule.if), ...assigned('set'), ...assigned('once')];
  });
  return [...rules, ...consents];
}

function ofJourney(mapping: JourneyMapping, { attribution }: Known): Located[] {
  const { envelope, recipient } = envelopeLanguages(attribution);
  return mapping.rules.flatMap((rule, index) => {
    const at: Path = ['rules', index];
    const steps = rule.steps.flatMap((step, i): Located[] => {
      const place: Path = [...at, 'steps', i];
      const when = conditionAt('task' in step ? envelope : recipient, [...place, 'if'], step.if);
      if ('set' in step) return [...when, ...Object.entries(step.set).map(([name, text]) => value(recipient, [...place, 'set', name], text))];
      if ('leave' in step) return when;
      if ('list' in step) return [...when, ...(step.status === undefined ? [] : [value(recipient, [...place, 'status'], step.status)])];
      if ('event' in step) return [...when, ...Object.entries(step.data).map(([name, text]) => value(recipient, [...place, 'data', name], text))];
      return [...when, value(envelope, [...place, 'task', 'subject'], step.task.subject), value(envelope, [...place, 'task', 'body'], step.task.body)];
    });
    return [...conditionAt(envelope, [...at, 'if'], rule.if), ...steps];
  });
}

function conditionAt(language: Language, path: Path, text: string | undefined): Located[] {
  return text === undefined ? [] : [{ path, text, language, condition: true, optional: false }];
}

function value(language: Language, path: Path, text: string): Located {
  return { path, text, language, condition: false, optional: false };
}
