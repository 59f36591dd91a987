import type { SendRequest } from '#core/fact';
import { touches } from '#core/attribution';
import type { ShownText } from '#core/pinned-consent';
import { fillNames } from '#core/frozen-attribution';
import type { PlannedField, PlannedRecipient, Policies, SendDecision } from '#core/plan';
import type { Contact, CrmSchema, Snapshot, Template } from '#core/records';
import { entryOf } from '#lib/json';
import { evaluateCondition, evaluateText } from './expression.ts';
import { choicesOf } from './expressions.ts';
import { sendLanguages } from './languages.ts';
import { LIMITS } from './limits.ts';
import { writePath, type Path } from './place.ts';
import { Reasons } from './reasons.ts';
import { firstSigner, planRecipients } from './recipients.ts';
import { planConsents } from './send-consents.ts';
import type { SendMapping, SendRule } from './schema.ts';
import { bindSnapshot } from './snapshot-values.ts';
import { findTemplate, matchStage, same } from './stages.ts';

export { matchStage } from './stages.ts';

export type SendTrigger = { kind: 'stage' } | { kind: 'request'; request: SendRequest };
export interface SendInput {
  snapshot: Snapshot;
  schema: CrmSchema;
  templates: readonly Template[];
  trigger: SendTrigger;
  /** First and last touch as our own ledger knows them, by name. */
  touched?: Readonly<Record<string, string>>;
  /** Consent texts of which a version is valid now. */
  texts?: readonly ShownText[];
}
type Refused = Extract<SendDecision, { send: false }>;
/** A rule at work on one deal. */
interface Work {
  mapping: SendMapping;
  rule: SendRule;
  at: Path;
  input: SendInput;
  request: SendRequest | undefined;
  contact: Contact | null;
}

/** Whether and what to send for a deal. Pure, never throws; where it refuses, it gives every reason that it can find. */
export function planSend(send: SendMapping, input: SendInput): SendDecision {
  const chosen = chooseRule(send, input);
  return 'send' in chosen ? chosen : planRule(chosen);
}

/** The first rule that matches and whose condition holds. */
function chooseRule(send: SendMapping, input: SendInput): Work | Refused {
  const request = input.trigger.kind === 'request' ? input.trigger.request : undefined;
  const candidates = request ? requestable(send, request, input.templates) : matchStage(send, input.schema, input.snapshot.deal);
  let refused: Refused | undefined;
  for (const rule of candidates) {
    const work: Work = { mapping: send, rule, at: ['rules', send.rules.indexOf(rule)], input, request, contact: firstSigner(rule, input.snapshot, request?.recipients ?? []) };
    const reasons = new Reasons();
    const holds = reasons.attempt(() => ruleHolds(work));
    if (holds === true) return work;
    if (holds === undefined) return { send: false, rule: rule.id, reasons: reasons.list };
    reasons.add('condition', [...work.at, 'if'], `The condition of the rule ${rule.id} does not hold for this deal: ${rule.if ?? ''}`);
    refused ??= { send: false, rule: rule.id, reasons: reasons.list };
  }
  return refused ?? nothingMatches(request);
}

/** The rules that a request may follow: the one that it names, or all that may be requested, those with its template first. */
function requestable(send: SendMapping, request: SendRequest, templates: readonly Template[]): SendRule[] {
  const rules = send.rules.filter((rule) => rule.when.request && (request.rule === undefined || rule.id === request.rule));
  const wanted = request.template === undefined ? undefined : findTemplate(templates, request.template);
  const sends = (rule: SendRule): boolean => wanted !== undefined && choicesOf(rule).some(({ use }) => findTemplate(templates, use) === wanted);
  return rules.toSorted((one, other) => Number(sends(other)) - Number(sends(one)));
}

function nothingMatches(request: SendRequest | undefined): Refused {
  const reasons = new Reasons();
  if (!request) reasons.add('no-rule', ['rules'], 'No rule of the mapping speaks of this stage.');
  else if (request.rule === undefined) reasons.add('no-rule', ['rules'], 'No rule of the mapping may be requested. Add request: true to one.');
  else reasons.add('no-rule', ['request', 'rule'], `There is no rule "${request.rule}" that may be requested.`);
  return { send: false, rule: null, reasons: reasons.list };
}

function ruleHolds({ rule, at, input, contact }: Work): boolean {
  if (rule.if === undefined) return true;
  const { condition } = sendLanguages(input.schema);
  return evaluateCondition(rule.if, condition, bindSnapshot(condition, input.snapshot, contact), writePath([...at, 'if']));
}

function planRule(work: Work): SendDecision {
  const { mapping, rule, at, input, request, contact } = work;
  const { snapshot, schema } = input;
  const reasons = new Reasons();
  const refuse = (): SendDecision => ({ send: false, rule: rule.id, reasons: reasons.list });
  const template = chooseTemplate(work, reasons);
  if (!template) return refuse();
  const languages = sendLanguages(schema);
  const bound = bindSnapshot(languages.condition, snapshot, contact);
  const recipients = planRecipients({ send: mapping, rule, at, template, snapshot, requested: request?.recipients ?? [], languages, bound }, reasons);
  // Where a recipient is missing, an expression that speaks of recipients would only repeat that.
  if (reasons.list.length > 0) return refuse();
  const content = writeContent(work, template, recipients, reasons);
  const { consents, fields } = planConsents({ rule, at, template, texts: input.texts ?? [], language: languages.condition, bound }, reasons);
  if (reasons.list.length > 0) return refuse();
  const open = sendLanguages(null).condition;
  const attribution = fillNames(touches(mapping.attribution, open, bindSnapshot(open, snapshot, contact)), input.touched ?? {});
  const plan = { rule: rule.id, template: { id: template.id, name: template.name }, ...content, fields: [...content.fields, ...fields], recipients: embed(recipients, request) };
  return { send: true, plan: { ...plan, ...(consents.length > 0 ? { consents } : {}), policies: policiesOf(rule), attribution } };
}

/** Whoever is here signs at once, if it is their turn at once: nobody would call them back later. */
function embed(recipients: PlannedRecipient[], request: SendRequest | undefined): PlannedRecipient[] {
  const { embedded } = request ?? {};
  if (embedded === undefined) return recipients;
  const turn = Math.min(...recipients.map(({ order }) => order));
  return recipients.map((one) => (one.order === turn && same(one.email, embedded) ? { ...one, embedded: true } : one));
}

function chooseTemplate({ rule, at, input, request, contact }: Work, reasons: Reasons): Template | undefined {
  const missing = (path: Path, name: string): undefined =>
    reasons.add('template-missing', path, `There is no template "${name}" in the signing account. Make it, or name another.`) as undefined;
  if (request?.template !== undefined) return findTemplate(input.templates, request.template) ?? missing(['request', 'template'], request.template);
  const { condition } = sendLanguages(input.schema);
  const bound = bindSnapshot(condition, input.snapshot, contact);
  for (const [index, { if: when, use }] of choicesOf(rule).entries()) {
    const path: Path = [...at, 'template', index];
    const holds = when === undefined ? true : reasons.attempt(() => evaluateCondition(when, condition, bound, writePath([...path, 'if'])));
    if (holds === undefined) return undefined;
    if (holds) return findTemplate(input.templates, use) ?? missing(typeof rule.template === 'string' ? [...at, 'template'] : [...path, 'use'], use);
  }
  reasons.add('template-none', [...at, 'template'], `No template of the rule ${rule.id} is meant for this deal. End the list with a template that has no condition.`);
  return undefined;
}

function writeContent(
  { rule, at, input, contact }: Work,
  template: Template,
  recipients: PlannedRecipient[],
  reasons: Reasons,
): { subject: string; message: string; fields: PlannedField[] } {
  const { content } = sendLanguages(input.schema);
  const bound = bindSnapshot(content, input.snapshot, contact, recipients);
  const write = (text: string, ...path: string[]): string | undefined => reasons.attempt(() => evaluateText(text, content, bound, writePath([...at, ...path])));
  const subject = write(rule.subject, 'subject');
  if (subject?.trim() === '') reasons.add('subject-empty', [...at, 'subject'], 'The subject of the mail is empty for this deal.');
  if (subject !== undefined && subject.length > LIMITS.subjectChars) {
    reasons.add(
      'subject-long',
      [...at, 'subject'],
      `The subject of the mail has ${subject.length} characters and may have ${LIMITS.subjectChars}. Use shorten(…, ${LIMITS.subjectChars}) in the mapping.`,
    );
  }
  const message = rule.message === undefined ? '' : write(rule.message, 'message');
  // Once for each label, of however many roles: a fault is told once.
  const labels = new Set(template.fields.map(({ label }) => label));
  const written = new Map<string, string | undefined>();
  for (const label of labels) {
    const text = entryOf(rule.fields, label);
    if (text !== undefined) written.set(label, write(text, 'fields', label));
  }
  const fields = template.fields.flatMap(({ label, role }) => {
    const value = written.get(label);
    return value === undefined ? [] : [{ role, label, value }];
  });
  return { subject: subject ?? '', message: message ?? '', fields };
}

function policiesOf({ policies }: SendRule): Policies {
  const { remind, expire, backward, retries } = policies;
  return { reminders: remind ? { afterDays: remind.after, everyDays: remind.every } : null, expiresAfterDays: expire ?? null, backward, retries };
}
