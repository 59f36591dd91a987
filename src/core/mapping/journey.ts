import type { EnvelopeView, Moment, PlannedStep, PlannedWait } from '#core/plan';
import { canonicalJson } from '#lib/json';
import { evaluate, evaluateCondition, evaluateText } from './expression.ts';
import { envelopeLanguages } from './languages.ts';
import { writePath, type Path } from './place.ts';
import { waitMs, type JourneyMapping, type JourneyRule } from './schema.ts';
import { same } from './stages.ts';
import { bindView, contactsOf, isOn } from './view.ts';

type Step = JourneyRule['steps'][number];

/**
 * What a moment means for the people who sign and for the owner: a status, a wait that is over, or a recipient whose mail came back, and then it is about that
 * recipient alone. A contact who signs in two roles gets each step once. Every step says which consent it needs; nothing here knows whether it was given.
 * @throws Problem `mapping.failed`
 */
export function planJourney(journey: JourneyMapping, view: EnvelopeView, moment: Moment): { steps: PlannedStep[] } {
  const { envelope } = envelopeLanguages(null);
  const steps = new Map<string, PlannedStep>();
  journey.rules.forEach((rule, index) => {
    const at: Path = ['rules', index];
    if (!runsAt(rule, moment)) return;
    const people = concerned(rule, view, moment);
    if (people === null) return;
    if (rule.if !== undefined && !evaluateCondition(rule.if, envelope, bindView(envelope, view), writePath([...at, 'if']))) return;
    rule.steps.forEach((step, i) => {
      for (const planned of planStep(rule, step, [...at, 'steps', i], view, people)) steps.set(canonicalJson(planned), planned);
    });
  });
  return { steps: [...steps.values()] };
}

/** Rules that wait in this status before they run. Their conditions are asked when the wait is over: what they are about may have changed by then. */
export function planWaits(journey: JourneyMapping, status: EnvelopeView['status']): PlannedWait[] {
  return journey.rules.flatMap((rule) => (rule.after !== undefined && isOn(rule.on, status) ? [{ rule: rule.id, afterMs: waitMs(rule.after) }] : []));
}

function runsAt(rule: JourneyRule, moment: Moment): boolean {
  if (typeof moment === 'string') return rule.after === undefined && isOn(rule.on, moment);
  if ('waited' in moment) return rule.after !== undefined && rule.id === moment.waited && isOn(rule.on, moment.status);
  return rule.after === undefined && rule.on !== 'any' && rule.on.includes('bounced');
}

/** Contacts that the steps are about; null where the rule is not about whoever the moment is about. */
function concerned({ roles }: JourneyRule, view: EnvelopeView, moment: Moment): ReturnType<typeof contactsOf> | null {
  const people = contactsOf(view, roles);
  if (typeof moment === 'string' || 'waited' in moment) return people;
  if (roles && !roles.some((role) => same(role, moment.bounced))) return null;
  return people.filter(({ role }) => role === moment.bounced);
}

function planStep(rule: JourneyRule, step: Step, at: Path, view: EnvelopeView, people: ReturnType<typeof contactsOf>): PlannedStep[] {
  const { envelope, recipient } = envelopeLanguages(null);
  const path = (...more: string[]): string => writePath([...at, ...more]);
  if ('task' in step) {
    const bound = bindView(envelope, view);
    if (step.if !== undefined && !evaluateCondition(step.if, envelope, bound, path('if'))) return [];
    const subject = evaluateText(step.task.subject, envelope, bound, path('task', 'subject'));
    const body = evaluateText(step.task.body, envelope, bound, path('task', 'body'));
    return [{ kind: 'task', subject, body, rule: rule.id, consent: 'none' }];
  }
  return people.flatMap((one): PlannedStep[] => {
    const bound = bindView(recipient, view, one);
    if (step.if !== undefined && !evaluateCondition(step.if, recipient, bound, path('if'))) return [];
    const about = { contact: one.contact, rule: rule.id };
    const values = (place: string, texts: Record<string, string>) =>
      Object.fromEntries(Object.entries(texts).map(([field, text]) => [field, evaluate(text, recipient, bound, path(place, field))] as const));
    if ('set' in step) return [{ kind: 'set', set: values('set', step.set), ...about, consent: step.consent }];
    const elsewhere = step.in === undefined ? {} : { in: step.in };
    // Nobody is reached by being left alone.
    if ('leave' in step) return [{ kind: 'leave', list: step.leave, ...elsewhere, ...about, consent: 'none' }];
    const common = { ...elsewhere, ...about, consent: step.consent };
    if ('event' in step) return [{ kind: 'event', event: step.event, data: values('data', step.data), ...common }];
    const status = step.status === undefined ? {} : { status: evaluateText(step.status, recipient, bound, path('status')) };
    return [{ kind: 'list', list: step.list, ...status, ...common }];
  });
}
