import type { EffectKind } from '#core/effect';
import type { TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import { gated } from '#flow/perform/gated';
import { findEnvelope, type Envelope } from '#store/envelopes';
import type { OutboxEffect } from '#store/outbox';
import { stopOf } from '#store/stops';
import type { Flow } from '#flow/flow';
import { failed, type Outcome } from '#flow/perform/outcome';
import { throwProblem } from '#flow/weather';

/**
 * What reaches people. A void, a withdrawal of consent and what is written back are never stopped: they take nothing out to anybody, and a person who
 * stops a tenant in haste must not break the promises that are already made.
 */
const STOPPED: ReadonlySet<EffectKind> = new Set(['envelope.remind', 'journey.join', 'journey.emit']);
/** Said as well for one rule, because it is that rule's envelope; journeys have rules of their own. */
const OF_RULE: ReadonlySet<EffectKind> = new Set(['envelope.remind']);

/** A call that takes an envelope further: the database is asked when its turn has come, so that a stop holds in every process from its commit on. @throws Problem `send.stopped` */
export const unlessRuleStopped = (flow: Flow, call: Call, envelope: Pick<Envelope, 'tenant' | 'crm' | 'rule'>): Call => gated(call, () => insistGoing(flow, envelope));

async function insistGoing(flow: Flow, { tenant, crm, rule }: Pick<Envelope, 'tenant' | 'crm' | 'rule'>): Promise<void> {
  if (await stopOf(flow.db, tenant, { crm, rule }).catch(throwProblem)) throw new Problem('send.stopped');
}

/** Performs what is not stopped; the rest is held. What a tenant's stop means is asked again when a call's turn has come. */
export async function unlessStopped(
  flow: Flow,
  kind: EffectKind,
  call: Call,
  effects: OutboxEffect[],
  perform: (call: Call, effects: OutboxEffect[]) => Promise<Outcome[]>,
): Promise<Outcome[]> {
  if (!STOPPED.has(kind)) return perform(call, effects);
  const stopped = await Promise.all(effects.map((effect) => isStopped(flow, effect)));
  const some = effects.filter((_, place) => !stopped[place]);
  const [first] = some;
  const outcomes = first ? await perform(OF_RULE.has(kind) ? call : gated(call, () => insistTenantGoing(flow, first.tenant)), some) : [];
  return [...outcomes, ...effects.filter((_, place) => stopped[place]).map((effect) => failed(effect, new Problem('send.stopped')))];
}

async function insistTenantGoing(flow: Flow, tenant: TenantId): Promise<void> {
  if (await stopOf(flow.db, tenant, null).catch(throwProblem)) throw new Problem('send.stopped');
}

async function isStopped(flow: Flow, effect: OutboxEffect): Promise<boolean> {
  if (!STOPPED.has(effect.kind)) return false;
  const found = OF_RULE.has(effect.kind) && effect.envelope !== null ? await findEnvelope(flow.db, effect.tenant, effect.envelope) : undefined;
  return (await stopOf(flow.db, effect.tenant, found ? { crm: found.envelope.crm, rule: found.envelope.rule } : null)) !== null;
}
