import { chunk } from '#lib/group';
import type { EffectData } from '#core/effect';
import type { DealPurpose, Fact, ReadPurpose } from '#core/fact';
import type { EffectId } from '#core/ids';
import type { Snapshot } from '#core/records';
import type { Call } from '#ports/call';
import type { Crm } from '#ports/crm';
import type { OutboxEffect } from '#store/outbox';
import type { Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

type Data = EffectData['deal.read'];

/** Reads deals with what stands around them; what they are now becomes a fact. */
export async function readDeals(flow: Flow, crm: Crm, call: Call, effects: OutboxEffect[], batch: number): Promise<Outcome[]> {
  return (await Promise.all(chunk(effects, batch).map((some) => readChunk(flow, crm, call, some)))).flat();
}

async function readChunk(flow: Flow, crm: Crm, call: Call, effects: OutboxEffect[]): Promise<Outcome[]> {
  const deals = [...new Set(effects.map((effect) => dataOf<Data>(effect).deal))];
  try {
    const snapshots = new Map((await crm.read(call, deals)).map((snapshot) => [snapshot.deal.id, snapshot]));
    return effects.map((effect) => settle(flow, effect, snapshots.get(dataOf<Data>(effect).deal)));
  } catch (error) {
    return effects.map((effect) => failed(effect, error, { deals }));
  }
}

function settle(flow: Flow, effect: OutboxEffect, snapshot: Snapshot | undefined): Outcome {
  const { deal, purpose } = dataOf<Data>(effect);
  // Dated by our clock, which is the one that asks whether it is still fresh.
  const fact = snapshot ? readFact(effect.id, { ...snapshot, readAt: flow.clock.now() }, purpose) : absentFact(effect.id, deal, flow.clock.now());
  const scrubbed = JSON.stringify({ deal, purpose: impersonal(purpose) });
  return { effect, result: { done: true, remote: deal }, asked: { deal }, detail: { found: snapshot !== undefined }, facts: [fact], scrubbed };
}

function readFact(effect: EffectId, snapshot: Snapshot, purpose: ReadPurpose): Fact {
  const { id, stage, pipeline, enteredAt } = snapshot.deal;
  const personal = purpose.kind === 'request' ? { snapshot, request: purpose.request } : { snapshot };
  return { type: 'deal.read', at: snapshot.readAt, data: { deal: id, stage, pipeline, enteredAt, purpose: impersonal(purpose), effect }, personal };
}

function absentFact(effect: EffectId, deal: string, at: number): Fact {
  return { type: 'deal.read-failed', at, data: { deal, code: 'vendor.not-found', effect } };
}

const impersonal = (purpose: ReadPurpose): DealPurpose => (purpose.kind === 'request' ? { kind: 'request', key: purpose.request.key } : purpose);
