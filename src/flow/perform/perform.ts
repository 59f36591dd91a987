import { groupBy } from '#lib/group';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import { newId } from '#lib/ids';
import { withLogContext } from '#lib/log';
import type { EffectKind } from '#core/effect';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import { raiseAlarm } from '#store/alarms';
import type { Tx } from '#store/database';
import { putOwnNotice } from '#store/inbox';
import { getInstall, updateInstall, type Install } from '#store/installs';
import { append, type Entry } from '#store/ledger';
import { claimLane, LANE_LEASE_MS, parkLeft, releaseLane, renewLane, scrubEffect, settleEffects, type Lane, type OutboxEffect, type Settlement } from '#store/outbox';
import { getVendor, type Flow } from '#flow/flow';
import { flagInstall } from '#flow/tokens';
import { readDeals } from '#flow/perform/deal-read';
import { createEnvelope, remindEnvelope, voidEnvelope } from '#flow/perform/envelope';
import { createTask, joinLists } from '#flow/perform/journey';
import { failed, retryAt, type Outcome } from '#flow/perform/outcome';
import { writeRecords } from '#flow/perform/record-write';

/** Takes several batches of each kind at once, so that few calls go half empty: 300 filled three of four, 2,000 nearly all. Bounds a turn's transaction. */
const REAUTHORIZE_MS = 60_000;
const EFFECTS_A_TURN = 2_000;

/** Serves one lane for one turn. False when no lane has anything due. */
export function createPerform(flow: Flow): () => Promise<boolean> {
  return async () => {
    const claimed = await claimLane(flow.db, flow.clock.now(), EFFECTS_A_TURN);
    if (!claimed) return false;
    const { lane, effects } = claimed;
    const lease = keepLane(flow, lane);
    let pauseUntil = 0;
    try {
      const install = await getInstall(flow.db, lane.tenant, lane.install);
      const { connector } = getVendor(flow, install.vendor);
      const turns = [...groupBy(effects, (effect) => effect.kind)].map(async ([kind, some]) => {
        // A read takes several calls and changes nothing, so it may insist; what changes something is tried again by its lane alone.
        const manner = kind === 'deal.read' ? 'insistent' : 'once';
        const call = flow.bind(install, Math.min(...some.map((effect) => effect.priority)), manner, lease.signal);
        const outcomes = await runSafely(flow, connector, call, kind, some);
        pauseUntil = Math.max(pauseUntil, await settle(flow, lane, install, outcomes));
      });
      await Promise.all(turns);
    } finally {
      lease.end();
      await releaseLane(flow.db, lane, pauseUntil);
    }
    return true;
  };
}

/** Renews the lane's lease while a turn runs; aborts the turn's calls once another process has taken the lane over. */
function keepLane(flow: Flow, lane: Lane): { signal: AbortSignal; end: () => void } {
  const lost = new AbortController();
  const renew = () =>
    void renewLane(flow.db, lane, flow.clock.now()).then(
      (ours) => ours || lost.abort(),
      (error: unknown) => flow.log.warn({ install: lane.install, err: error }, 'the lease of a lane could not be renewed'),
    );
  const timer = setInterval(renew, LANE_LEASE_MS / 3);
  return { signal: lost.signal, end: () => clearInterval(timer) };
}

async function runSafely(flow: Flow, connector: Connector, call: Call, kind: EffectKind, effects: OutboxEffect[]): Promise<Outcome[]> {
  try {
    return await run(flow, connector, call, kind, effects);
  } catch (error) {
    return effects.map((effect) => failed(effect, error));
  }
}

async function run(flow: Flow, { manifest, crm, sign, journey }: Connector, call: Call, kind: EffectKind, effects: OutboxEffect[]): Promise<Outcome[]> {
  const { batch } = manifest.limits;
  const each = (perform: (effect: OutboxEffect) => Promise<Outcome>) =>
    Promise.all(
      effects.map((effect) => withLogContext({ correlation: effect.correlation, effect: effect.id }, () => perform(effect).catch((error: unknown) => failed(effect, error)))),
    );
  if (crm && kind === 'record.write') return writeRecords(flow, crm, call, effects, batch);
  if (crm && kind === 'deal.read') return readDeals(flow, crm, call, effects, batch);
  if (crm && kind === 'task.create') return each((effect) => createTask(flow, crm, call, effect));
  if (journey && kind === 'journey.emit') return joinLists(journey, call, effects);
  if (sign && kind === 'envelope.create') return each((effect) => createEnvelope(flow, sign, call, effect));
  if (sign && kind === 'envelope.void') return each((effect) => voidEnvelope(flow, sign, call, effect));
  if (sign && kind === 'envelope.remind') return each((effect) => remindEnvelope(flow, sign, call, effect));
  return effects.map((effect) => failed(effect, new Problem('feature.unsupported', { say: `${manifest.name} cannot do "${kind}".` })));
}

/** Writes receipts, settles the effects and puts what is known now on the line, in one transaction. Returns until when the vendor wants the lane closed. */
async function settle(flow: Flow, lane: Lane, install: Install, outcomes: Outcome[]): Promise<number> {
  const now = flow.clock.now();
  const settled = outcomes.map((outcome) => ({ outcome, settlement: settlementOf(flow, outcome, now) }));
  await flow.db.transaction().execute(async (tx) => {
    const mine = await settleEffects(
      tx,
      lane,
      settled.map(({ settlement }) => settlement),
      now,
    );
    const ours = settled.filter(({ settlement }) => mine.has(settlement.id));
    await append(
      tx,
      lane.tenant,
      'receipts',
      ours.map(({ outcome, settlement }) => receiptOf(outcome, settlement, now)),
    );
    for (const { outcome } of ours) await tell(tx, lane, outcome, now);
  });
  flow.wake.inbox();
  await report(flow, install, settled, now);
  return Math.max(0, ...settled.map(({ outcome }) => (outcome.result.done ? 0 : pauseOf(outcome.result.problem, now))));
}

const pauseOf = (problem: Problem, now: number): number => (problem.code === 'vendor.rate-limited' && problem.retryAfterMs !== undefined ? now + problem.retryAfterMs : 0);

function settlementOf(flow: Flow, { effect, result }: Outcome, now: number): Settlement {
  if (result.done) return { id: effect.id, state: result.cancelled ? 'cancelled' : 'done' };
  const { problem } = result;
  const error = JSON.stringify({ code: problem.code, say: problem.message, facts: problem.facts });
  // Flagging the install holds what is ready; should it be authorised again meanwhile, this goes on by itself.
  if (problem.remedy === 'reauthorize') return { id: effect.id, state: 'ready', runAt: now + REAUTHORIZE_MS, error };
  const again = problem.remedy === 'retry' ? retryAt(problem, effect.attempts, now, flow.random) : null;
  return again === null ? { id: effect.id, state: 'parked', error } : { id: effect.id, state: 'ready', runAt: again, untried: problem.code === 'vendor.rate-limited', error };
}

const RECEIPT_OUTCOME = { done: 'done', cancelled: 'cancelled', ready: 'retry', parked: 'parked' } as const;

function receiptOf({ effect, result, asked, detail, mapping, left }: Outcome, settlement: Settlement, now: number): Entry<'receipts'> {
  const said = result.done ? {} : { code: result.problem.code, say: result.problem.message };
  const refused = left && left.length > 0 ? { left: left.map(({ field, problem }) => ({ field, code: problem.code })) } : {};
  return {
    id: newId('rcp', now),
    effect: effect.id,
    kind: effect.kind,
    at: now,
    outcome: left && left.length > 0 ? 'partly' : RECEIPT_OUTCOME[settlement.state],
    envelope: effect.envelope,
    correlation: effect.correlation,
    remote: result.done ? result.remote : null,
    mapping: mapping ?? null,
    request_hash: sha256(canonicalJson(asked)),
    detail: JSON.stringify({ ...said, ...refused, ...detail, attempt: effect.attempts }),
  };
}

async function tell(tx: Tx, lane: Lane, { effect, facts, left, scrubbed }: Outcome, now: number): Promise<void> {
  if (scrubbed !== undefined) await scrubEffect(tx, lane.tenant, effect.id, scrubbed);
  for (const { field, value, problem } of left ?? [])
    await parkLeft(tx, effect, field, value, JSON.stringify({ code: problem.code, say: problem.message, facts: problem.facts }), now);
  if (!facts || facts.length === 0) return;
  const key = `${effect.id}|${effect.attempts}`;
  await putOwnNotice(tx, lane.tenant, { install: lane.install, key, kind: effect.kind, at: now, correlation: effect.correlation, facts }, now);
}

async function report(flow: Flow, install: Install, settled: { outcome: Outcome; settlement: Settlement }[], now: number): Promise<void> {
  for (const { outcome, settlement } of settled) {
    flow.metrics.effects.inc({ kind: outcome.effect.kind, outcome: RECEIPT_OUTCOME[settlement.state] });
    if (outcome.result.done) continue;
    const { problem } = outcome.result;
    const level = settlement.state === 'parked' ? 'error' : 'warn';
    flow.log[level](
      {
        effect: outcome.effect.id,
        kind: outcome.effect.kind,
        tenant: install.tenant,
        correlation: outcome.effect.correlation,
        code: problem.code,
        attempts: outcome.effect.attempts,
        err: problem.cause,
      },
      'effect did not succeed',
    );
  }
  const parked = settled.filter(({ outcome, settlement }) => settlement.state === 'parked' || (outcome.left?.length ?? 0) > 0).length;
  if (parked > 0)
    await raiseAlarm(
      flow.db,
      { code: 'dead-letters', subject: install.id, tenant: install.tenant, say: `${install.name}: something was refused and waits for a person in the outbox.` },
      now,
    );
  const lost = settled.find(({ outcome }) => !outcome.result.done && outcome.result.problem.remedy === 'reauthorize');
  if (lost && !lost.outcome.result.done) await flagInstall(flow, install, lost.outcome.result.problem);
  if (settled.some(({ outcome }) => outcome.result.done)) await updateInstall(flow.db, install.tenant, install.id, { last_ok_at: now });
}
