import { isAllowed } from '#core/consent';
import { PRIORITY, type Effect } from '#core/effect';
import { isClosed, statusWords } from '#core/envelope';
import type { Fact } from '#core/fact';
import type { EnvelopeId } from '#core/ids';
import type { EnvelopeView, Moment, PlannedStep } from '#core/plan';
import { viewOf, type EnvelopeState } from '#core/state';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';
import { digest, mapped, type FollowUps } from '#core/decide/writes';

type View = EnvelopeView & { id: EnvelopeId };

/** Journey steps for what has just come about: a status, a wait that is over, mail that came back. */
export function journeyEffects(situation: Situation, view: View, moments: readonly Moment[], owner: string | null): FollowUps {
  // Consent is decided on here, before an effect exists: no mapping can forget it.
  const planned = moments.flatMap((moment) => situation.rules.steps(view, moment).map((step) => ({ moment, step })));
  const allowed = planned.filter(({ step }) => mayReach(situation, step));
  const kept = [...new Set(planned.filter((one) => !allowed.includes(one)).map(({ step }) => `"${step.rule}"`))];
  const suppressed = kept.length > 0 ? { suppressed: `Without the consent that it asks for, the journey rule ${kept.join(', ')} was left out.` } : {};
  const lost = allowed.find(({ step }) => !isReachable(situation, step))?.step;
  const effects = allowed.filter(({ step }) => isReachable(situation, step)).map(({ moment, step }) => stepEffect(situation, view, moment, owner, step));
  return lost
    ? { effects, ...suppressed, alarm: `the journey rule "${lost.rule}" names the account "${targetOf(lost) ?? ''}", which is not connected` }
    : { effects, ...suppressed };
}

function mayReach({ consents, now }: Situation, step: PlannedStep): boolean {
  return isAllowed(step.consent, 'contact' in step ? (consents.get(step.contact) ?? []) : [], now);
}

/** The account that a step names, beside the CRM. */
const targetOf = (step: PlannedStep): string | undefined => ('in' in step ? step.in : undefined);

function isReachable({ targets }: Situation, step: PlannedStep): boolean {
  const target = targetOf(step);
  return target === undefined || targets.has(target);
}

/** Part of a step's key: each moment comes once in an envelope's life, for statuses only ever rise. */
function nameOf(moment: Moment): string {
  if (typeof moment === 'string') return moment;
  return 'waited' in moment ? `${moment.status}|waited` : `bounced|${moment.bounced}`;
}

function whyOf(moment: Moment): string {
  if (typeof moment === 'string') return `The journey mapping says so for "${statusWords(moment)}".`;
  return 'waited' in moment
    ? `The journey mapping says so for an envelope that is still "${statusWords(moment.status)}".`
    : `The journey mapping says so where mail to ${moment.bounced} comes back.`;
}

function stepEffect(situation: Situation, view: View, moment: Moment, owner: string | null, step: PlannedStep): Effect {
  const base = {
    key: `journey|${view.id}|${nameOf(moment)}|${digest(step)}`,
    install: situation.targets.get(targetOf(step) ?? '') ?? situation.crm.id,
    priority: PRIORITY.event,
    notBefore: situation.now + situation.coalesceMs,
    envelope: view.id,
    why: whyOf(moment),
  };
  switch (step.kind) {
    case 'set':
      return { ...base, kind: 'record.write', data: { record: { type: 'contact', id: step.contact }, set: step.set } };
    case 'list':
      return { ...base, kind: 'journey.join', data: { contact: step.contact, list: step.list, ...(step.status === undefined ? {} : { status: step.status }), ...needOf(step) } };
    case 'leave':
      return { ...base, kind: 'journey.leave', data: { contact: step.contact, list: step.list } };
    case 'event':
      return { ...base, kind: 'journey.emit', data: { contact: step.contact, event: step.event, data: step.data, ...needOf(step) } };
    case 'task':
      return { ...base, kind: 'task.create', data: { deal: view.deal, owner, subject: step.subject, body: step.body } };
    default:
      return unreachable(step);
  }
}

const needOf = ({ consent }: PlannedStep) => (consent === 'none' ? {} : { consent });

function unreachable(step: never): never {
  throw new Error(`Unknown journey step ${JSON.stringify(step satisfies PlannedStep)}`);
}

/** Journey rules that wait in the status that was just reached. The time runs from when the provider says that it was reached, whenever we heard of it. */
export function waitEffects({ rules, now }: Situation, { id, sign, status }: EnvelopeState, at: number): Effect[] {
  if (isClosed(status)) return [];
  const since = Math.min(at, now);
  return rules.waits(status).map(({ rule, afterMs }) => ({
    kind: 'envelope.wait',
    key: `wait|${id}|${status}|${rule}`,
    install: sign,
    data: { envelope: id, status, rule, since },
    priority: PRIORITY.background,
    notBefore: since + afterMs,
    envelope: id,
    why: `The journey rule "${rule}" waits to see whether it is still "${status}" then.`,
  }));
}

/** The time of a rule is over. It runs if the envelope is still where it was: nothing else that was told since has moved it. */
export function onWaited({ data }: Fact<'envelope.waited'>, situation: Situation): Decision {
  const { envelope } = situation;
  const { rule, status } = data;
  if (!envelope) return noted('There is no such envelope.');
  if (envelope.status !== status) return noted(`The envelope is ${statusWords(envelope.status)} by now, so the journey rule "${rule}" does not run.`);
  if (envelope.voidBy !== null) return noted(`A void was asked for, so the journey rule "${rule}" does not run.`);
  const { suppressed, ...rest } = mapped(() => journeyEffects(situation, viewOf(envelope), [{ waited: rule, status }], envelope.owner));
  const why = [`The envelope is still ${status}, so the journey rule "${rule}" runs.`, ...(suppressed ? [suppressed] : [])].join(' ');
  return { ...moved(why, []), ...rest };
}
