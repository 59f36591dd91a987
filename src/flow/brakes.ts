import { DEFAULT_CEILING, FIRST_RUN_MS, sayHold, type Brake, type Ceiling, type HoldCause } from '#core/brakes';
import type { Decision, Rules, Situation } from '#core/decide/situation';
import type { Fact } from '#core/fact';
import type { Correlation, InstallId, TenantId } from '#core/ids';
import { tellAlarm } from '#store/alarms';
import type { Tx } from '#store/database';
import { countCrowd, countRun, findRun, forgetEntry, hearEntry, knowEntry, sendsSince, type RuleRun } from '#store/entries';
import { heldStateOf, holdSend, type Hold } from '#store/holds';
import { stopOf } from '#store/stops';
import type { Flow } from '#flow/flow';

interface Asked {
  crm: InstallId;
  rules: Rules;
  fact: Fact;
  /** The rule that would send for the deal; null where none would. */
  rule: string | null;
  intent: string | null;
}

export const ceilingOf = (flow: Flow, rules: Rules, rule: string): Ceiling => ({ ...(flow.ceiling ?? DEFAULT_CEILING), ...rules.brake(rule).ceiling });

/** What keeps back the rule that would send for a deal. Asked in the transaction that decides, under the tenant's lock, so that no two processes count past each other. */
export async function brakeFor(flow: Flow, tx: Tx, tenant: TenantId, { crm, rules, fact, rule, intent }: Asked): Promise<Brake | null> {
  if (fact.type !== 'deal.read' || rule === null || intent === null) return null;
  const now = flow.clock.now();
  const ceiling = ceilingOf(flow, rules, rule);
  const stop = await stopOf(tx, tenant, { crm, rule });
  const held = await heldStateOf(tx, tenant, crm, intent);
  const none: Brake = { ceiling, stop, entered: 0, unread: 0, sent: 0, roomAt: now, firstRun: null, held };
  if (fact.data.purpose.kind === 'request' || stop || held === 'released') return none;
  const { sends: most, withinMs } = ceiling;
  const crowd = await countCrowd(tx, tenant, { ...entryOf(crm, fact, now), rule, withinMs, most });
  const sends = await sendsSince(tx, tenant, crm, rule, now - withinMs, most);
  return { ...none, ...crowd, sent: sends.length, roomAt: (sends[0] ?? now) + withinMs, firstRun: firstRunOf(await findRun(tx, tenant, crm, rule, rules.brake(rule).start), now) };
}

/** What a rule has sent on its first run; null once that is over. */
export function firstRunOf(run: RuleRun | undefined, now: number): number | null {
  if (!run) return 0;
  return run.reviewed_at !== null || now - run.first_at > FIRST_RUN_MS ? null : run.sent;
}

const entryOf = (crm: InstallId, { data }: Fact<'deal.read'>, now: number) => ({ crm, deal: data.deal, stage: data.stage, at: data.enteredAt ?? now });

interface Decided {
  tenant: TenantId;
  crm: InstallId;
  fact: Fact;
  decision: Decision;
  situation: Situation;
  /** Whether it has effects that were not known before. */
  isNews: boolean;
  correlation: Correlation;
}

/** Writes down what ceilings count: who enters, which rule sends for them, what it has sent, and what waits for a person instead. */
export async function keepBrakes(flow: Flow, tx: Tx, decided: Decided): Promise<void> {
  const { tenant, crm, fact, situation, isNews } = decided;
  if (fact.type === 'deal.read-failed') return forgetEntry(tx, tenant, crm, fact.data.deal);
  if (fact.type === 'deal.stage-changed') {
    const { deal, stage } = fact.data;
    const starts = stage === null || situation.rules.startsAt(null, stage);
    // Heard again it is not read again, so nobody would ever know more of it.
    if (starts && isNews) await hearEntry(tx, tenant, { crm, deal, stage: stage ?? '', at: fact.at });
    return;
  }
  if (fact.type !== 'deal.read' || fact.data.purpose.kind === 'request') return;
  await keepRead(flow, tx, fact, decided);
}

async function keepRead(flow: Flow, tx: Tx, fact: Fact<'deal.read'>, { tenant, crm, decision, situation, correlation }: Decided): Promise<void> {
  const { create, hold, settling } = decision;
  const isAgain = settling === undefined && decision.effects.some(({ kind }) => kind === 'deal.read');
  if (isAgain) return;
  const now = flow.clock.now();
  // What a person released is theirs: the rule's own sends do not wait for it to pass.
  const byItself = situation.brake?.held !== 'released';
  const entry = entryOf(crm, fact, now);
  const rule = create?.plan.rule ?? hold?.rule ?? settling ?? null;
  await knowEntry(tx, tenant, entry, { rule, sentAt: create && byItself ? now : null, dated: fact.data.enteredAt !== null });
  if (create && byItself) await countRun(tx, tenant, crm, create.plan.rule, situation.rules.brake(create.plan.rule).start, now);
  if (!hold) return;
  const opened = await holdSend(tx, tenant, { ...hold, crm, sent: sentBefore(situation, hold.cause), at: entry.at, correlation }, now);
  if (opened) await tellHold(tx, opened, now);
}

/** What the rule had sent of the same crowd, or of its first run. */
function sentBefore({ brake }: Situation, cause: HoldCause): number {
  return (cause === 'first-run' ? brake?.firstRun : brake?.sent) ?? 0;
}

/** The alarm of a hold says the figures of now. Those of a stop have the stop's alarm. */
export async function tellHold(tx: Tx, hold: Hold, now: number): Promise<void> {
  if (hold.cause === 'stop') return;
  await tellAlarm(tx, { code: 'sends-held', subject: hold.id, tenant: hold.tenant, say: sentenceOf(hold) }, now);
}

export const sentenceOf = ({ rule, cause, waiting, sent, first_at: firstAt, last_at: lastAt }: Hold): string => sayHold({ rule, cause, waiting, sent, firstAt, lastAt });
