import type { EnvelopeView, PlannedStep } from '#core/plan';
import { canonicalJson } from '#lib/json';
import { evaluate, evaluateCondition, evaluateText } from './expression.ts';
import { envelopeLanguages } from './languages.ts';
import { writePath, type Path } from './place.ts';
import type { JourneyMapping, JourneyRule } from './schema.ts';
import { bindView, contactsOf, isOn } from './view.ts';

type Step = JourneyRule['steps'][number];

/**
 * What a status means for the people who sign and for the owner. A contact who signs in two roles gets each step once. Every step says
 * which consent it needs; nothing here knows whether it was given.
 * @throws Problem `mapping.failed`
 */
export function planJourney(journey: JourneyMapping, view: EnvelopeView, status: EnvelopeView['status']): { steps: PlannedStep[] } {
  const { envelope } = envelopeLanguages(null);
  const steps = new Map<string, PlannedStep>();
  journey.rules.forEach((rule, index) => {
    const at: Path = ['rules', index];
    if (!isOn(rule.on, status)) return;
    if (rule.if !== undefined && !evaluateCondition(rule.if, envelope, bindView(envelope, view), writePath([...at, 'if']))) return;
    rule.steps.forEach((step, i) => {
      for (const planned of planStep(rule, step, [...at, 'steps', i], view)) steps.set(canonicalJson(planned), planned);
    });
  });
  return { steps: [...steps.values()] };
}

function planStep(rule: JourneyRule, step: Step, at: Path, view: EnvelopeView): PlannedStep[] {
  const { envelope, recipient } = envelopeLanguages(null);
  const path = (...more: string[]): string => writePath([...at, ...more]);
  if ('task' in step) {
    const bound = bindView(envelope, view);
    if (step.if !== undefined && !evaluateCondition(step.if, envelope, bound, path('if'))) return [];
    const subject = evaluateText(step.task.subject, envelope, bound, path('task', 'subject'));
    const body = evaluateText(step.task.body, envelope, bound, path('task', 'body'));
    return [{ kind: 'task', subject, body, rule: rule.id, consent: 'none' }];
  }
  return contactsOf(view, rule.roles).flatMap((one): PlannedStep[] => {
    const bound = bindView(recipient, view, one);
    if (step.if !== undefined && !evaluateCondition(step.if, recipient, bound, path('if'))) return [];
    const common = { contact: one.contact, rule: rule.id, consent: step.consent };
    if ('list' in step) return [{ kind: 'list', list: step.list, ...common }];
    const set = Object.fromEntries(Object.entries(step.set).map(([field, text]) => [field, evaluate(text, recipient, bound, path('set', field))] as const));
    return [{ kind: 'set', set, ...common }];
  });
}
