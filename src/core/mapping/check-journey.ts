import { covers, type ConsentChannel, type ConsentTopic } from '#core/consent';
import type { Report } from './check.ts';
import { nearest } from './nearest.ts';
import type { Path } from './place.ts';
import { MOMENTS, type JourneyMapping, type JourneyRule } from './schema.ts';

/** What the journeys of an account can be asked for. */
export interface JourneyAbilities {
  name: string;
  list: boolean;
  leave: boolean;
  event: boolean;
  /** Why an account cannot take events though its vendor can, in words. */
  lacks?: string | undefined;
}
/** What is known of journeys' accounts; what is absent is not checked. */
export interface JourneyGround {
  /** Accounts that journeys can be told through, by the id of their connector. */
  targets?: readonly string[] | undefined;
  /** What they can do; the CRM itself stands under an empty id. */
  abilities?: ReadonlyMap<string, JourneyAbilities> | undefined;
  /** What published texts ask consent to. */
  topics?: readonly ConsentTopic[] | undefined;
}

type Step = JourneyRule['steps'][number];

/** Statuses that an envelope may stay in: the others are a moment, or its end. */
const LASTING = new Set<string>(['sent', 'viewed', 'partially_signed']);

/** Whether the accounts that steps name are there and can do what they are asked for, and waits can end. */
export function checkJourney(journey: JourneyMapping, ground: JourneyGround, report: Report): void {
  journey.rules.forEach((rule, index) => {
    checkWait(journey, rule, index, report);
    rule.steps.forEach((step, i) => {
      const at: Path = ['rules', index, 'steps', i];
      checkTarget(journey, step, at, ground, report);
      checkAbility(journey, step, at, ground, report);
      checkConsent(journey, step, at, ground, report);
    });
  });
}

function checkWait(journey: JourneyMapping, rule: JourneyRule, index: number, report: Report): void {
  if (rule.after === undefined) return;
  const momentary = rule.on === 'any' ? [] : MOMENTS.filter((moment) => rule.on.includes(moment) && !LASTING.has(moment));
  const named = [...LASTING].join(', ');
  if (rule.on === 'any') report(journey, ['rules', index, 'after'], `Say which statuses the rule waits in, of: ${named}.`);
  for (const moment of momentary)
    report(journey, ['rules', index, 'after'], `Nothing follows "${moment}" that could be waited for. Take after out, or name statuses that an envelope passes through: ${named}.`);
}

function checkTarget(journey: JourneyMapping, step: Step, at: Path, { targets }: JourneyGround, report: Report): void {
  if (!targets || !('in' in step) || step.in === undefined || targets.includes(step.in)) return;
  report(journey, [...at, 'in'], `No account of "${step.in}" is connected. Connect one, or correct the name.`, { suggestion: nearest(step.in, targets) });
}

/** The step would be a dead letter each time: that is told before the first. */
function checkAbility(journey: JourneyMapping, step: Step, at: Path, { abilities }: JourneyGround, report: Report): void {
  const can = abilities?.get('in' in step ? (step.in ?? '') : '');
  if (!can) return;
  const warn = (key: string, say: string) => report(journey, [...at, key], say, { level: 'warning' });
  if ('list' in step && !can.list) warn('list', `${can.name} has no lists that people can be put on.`);
  if ('leave' in step && !can.leave) warn('leave', `${can.name} takes nobody off a list.`);
  if ('event' in step && !can.event) warn('event', `${can.name} takes no events.`);
  if ('event' in step && can.event && can.lacks !== undefined) warn('event', can.lacks);
}

function checkConsent(journey: JourneyMapping, step: Step, at: Path, { topics }: JourneyGround, report: Report): void {
  const need = 'consent' in step ? step.consent : 'none';
  if (!topics || typeof need === 'string') return;
  const asked: ConsentTopic & { channel: ConsentChannel; purpose: string } = { type: 'marketing', ...need };
  if (topics.some((topic) => covers(topic, asked))) return;
  const purposes = topics.flatMap(({ type, purpose }) => (type === 'marketing' && purpose !== null ? [purpose] : []));
  report(journey, [...at, 'consent', 'purpose'], `No consent text is published for marketing by ${need.channel} for "${need.purpose}", so nobody is asked for it here.`, {
    suggestion: nearest(need.purpose, purposes),
    level: 'warning',
  });
}
