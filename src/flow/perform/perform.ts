import { setImmediate as nextTurn } from 'node:timers/promises';
import { chunk, groupBy } from '#lib/group';
import { canonicalJson } from '#lib/json';
import { sha256 } from '#lib/hmac';
import { newId } from '#lib/ids';
import { withLogContext } from '#lib/log';
import type { EffectKind } from '#core/effect';
import type { InstallId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { Connector } from '#ports/connector';
import { raiseAlarm } from '#store/alarms';
import type { Tx } from '#store/database';
import { putOwnNotice } from '#store/inbox';
import { getInstall, updateInstall, type Install } from '#store/installs';
import { append, type Entry } from '#store/ledger';
import { claimLane, LANE_LEASE_MS, releaseLane, renewLane, settleEffects, type Lane, type OutboxEffect, type Settlement } from '#store/outbox';
import { parkLeft, scrubEffect } from '#store/remains';
import { asTenant } from '#store/scope';
import { gatherWakes } from '#store/wakes';
import { getVendor, present, type Flow, type Manner } from '#flow/flow';
import { giveBack } from '#flow/give-back';
import { flagInstall } from '#flow/tokens';
import { readDeals } from '#flow/perform/deal-read';
import { createEnvelope, remindEnvelope, voidEnvelope } from '#flow/perform/envelope';
import { unlessStopped } from '#flow/perform/brakes';
import { readAnswers } from '#flow/perform/answers';
import { attachDocument } from '#flow/perform/attach';
import { takeIn } from '#flow/capture/intake';
import { isStillAllowed, tellConsents, withheld } from '#flow/perform/consent';
import { completeWorkflow, createTask, emitEvents, endWait, moveMembers } from '#flow/perform/journey';
import { failed, retryAt, type Outcome } from '#flow/perform/outcome';
import { writeRecords } from '#flow/perform/record-write';

const REAUTHORIZE_MS = 60_000;
/** How often a turn looks whether its lease should be renewed. */
const LOOK_AT_LEASE_MS = 1_000;
/** Takes several batches of each kind at once, so that few calls go half empty: of 100 records a batch, 300 effects filled three of four, 2,000 nearly all. Bounds a turn's transaction, and how long a click waits for it. */
const BATCHES_A_TURN = 20;

/** A read takes several calls and changes nothing, so it may insist; what changes something is tried again by its lane alone. */
const MANNERS: { [Kind in EffectKind]?: Manner } = { 'deal.read': 'insistent', 'answers.read': 'insistent', 'envelope.create': 'insistent-reads' };

/** Outcomes that one transaction writes: SQLite does not leave the thread while it does. */
const OUTCOMES_AT_ONCE = 100;

/** Serves the lane of the install that is named, or the one that has waited longest, for one turn. False when it has nothing due. */
export function createPerform(flow: Flow): (install?: InstallId) => Promise<boolean> {
  return async (install) => {
    const claimed = await claimLane(flow.db, present(flow), (vendor) => BATCHES_A_TURN * (flow.vendors.get(vendor)?.connector.manifest.limits.batch ?? 1), install);
    if (!claimed) return false;
    await asTenant(claimed.lane.tenant, () => serve(flow, claimed));
    return true;
  };
}

async function serve(flow: Flow, { lane, effects }: { lane: Lane; effects: OutboxEffect[] }): Promise<void> {
  const lease = keepLane(flow, lane);
  let pauseUntil = 0;
  try {
    const install = await getInstall(flow.db, lane.tenant, lane.install);
    const { connector } = getVendor(flow, install.vendor);
    const turns = [...groupBy(effects, ({ kind }) => TOGETHER[kind] ?? kind)].map(async ([kind, some]) => {
      const call = flow.bind(install, Math.min(...some.map((effect) => effect.priority)), MANNERS[kind] ?? 'once', lease.signal);
      const outcomes = await runSafely(flow, connector, call, kind, some);
      // Oldest first: what a crash leaves unsettled is done again, and must not be older than what is settled.
      const inOrder = outcomes.sort((a, b) => a.effect.ordinal - b.effect.ordinal);
      for (const some of chunk(inOrder, OUTCOMES_AT_ONCE)) {
        const until = await settle(flow, lane, install, some);
        // Read once it is over: kinds settle beside each other.
        pauseUntil = Math.max(pauseUntil, until);
        await nextTurn();
      }
    });
    await allEnded(turns);
  } finally {
    lease.end();
    await giveBack(flow, () => releaseLane(flow.db, lane, pauseUntil));
  }
}

/** Waits for all of them, also where one throws: a lane that is given back while another is under way is served twice. */
async function allEnded(turns: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(turns);
  await Promise.all(turns);
}

/** Renews the lane's lease while a turn runs; aborts the turn's calls once another process may have taken the lane over. */
function keepLane(flow: Flow, lane: Lane): { signal: AbortSignal; end: () => void } {
  const lost = new AbortController();
  const time = () => flow.clock.steady?.() ?? flow.clock.now();
  let kept = time();
  let asked = kept;
  const renew = () => {
    if (Math.abs(time() - asked) < LANE_LEASE_MS / 3) return;
    const now = (asked = time());
    void renewLane(flow.db, lane, present(flow)).then(
      (ours) => (ours ? (kept = now) : lost.abort()),
      (error: unknown) => {
        flow.log.warn({ install: lane.install, err: error }, 'the lease of a lane could not be renewed');
        if (now - kept > LANE_LEASE_MS) lost.abort();
      },
    );
  };
  // By the clock's own time, which a test may have hurry.
  const timer = setInterval(renew, LOOK_AT_LEASE_MS);
  return { signal: lost.signal, end: () => clearInterval(timer) };
}

async function runSafely(flow: Flow, connector: Connector, call: Call, kind: EffectKind, effects: OutboxEffect[]): Promise<Outcome[]> {
  try {
    return await unlessStopped(flow, kind, call, effects, (bound, some) => run(flow, connector, bound, kind, some));
  } catch (error) {
    return effects.map((effect) => failed(effect, error));
  }
}

/** Effects of one kind on one account. */
interface Turn {
  flow: Flow;
  connector: Connector;
  call: Call;
  effects: OutboxEffect[];
}
type Performer = (turn: Turn) => Promise<Outcome[]> | undefined;

/** Kinds that are performed in one go with another, for who joins a list and who leaves it must stay in order. */
const TOGETHER: { [Kind in EffectKind]?: EffectKind } = { 'journey.leave': 'journey.join' };

/** What performs each kind; undefined where the connector has no such slot. */
const PERFORMERS: Record<EffectKind, Performer> = {
  'record.write': ({ flow, connector: { crm, manifest }, call, effects }) => crm && writeRecords(flow, crm, call, effects, manifest.limits.batch),
  'deal.read': ({ flow, connector: { crm, manifest }, call, effects }) => crm && readDeals(flow, crm, call, effects, manifest.limits.batch),
  'task.create': ({ flow, connector: { crm }, call, effects }) => crm && each(effects, (effect) => createTask(flow, crm, call, effect)),
  'document.attach': ({ flow, connector, call, effects }) => connector.crm && each(effects, (effect) => attachDocument(flow, connector, call, effect)),
  'journey.join': ({ flow, connector: { journey, manifest }, call, effects }) =>
    journey && withConsent(flow, effects, (some) => moveMembers(flow, { journey, manifest }, call, some)),
  'journey.leave': ({ flow, connector: { journey, manifest }, call, effects }) => journey && moveMembers(flow, { journey, manifest }, call, effects),
  'journey.complete': ({ connector: { workflow }, call, effects }) => workflow && each(effects, (effect) => completeWorkflow(workflow, call, effect)),
  'journey.emit': ({ flow, connector: { journey, manifest }, call, effects }) =>
    journey && withConsent(flow, effects, (some) => emitEvents(flow, { journey, manifest }, call, some)),
  'answers.read': ({ flow, connector: { sign }, call, effects }) => sign && each(effects, (effect) => readAnswers(flow, sign, call, effect)),
  'consent.tell': ({ flow, connector: { consents }, call, effects }) => consents && tellConsents(flow, consents, call, effects),
  'contact.intake': ({ flow, connector: { crm }, call, effects }) => crm?.intake && takeIn(flow, { intake: crm.intake }, call, effects),
  'envelope.create': ({ flow, connector: { sign }, call, effects }) => sign && each(effects, (effect) => createEnvelope(flow, sign, call, effect)),
  'envelope.void': ({ flow, connector: { sign }, call, effects }) => sign && each(effects, (effect) => voidEnvelope(flow, sign, call, effect)),
  'envelope.wait': ({ flow, effects }) => each(effects, (effect) => endWait(flow, effect)),
  'envelope.remind': ({ flow, connector: { sign }, call, effects }) => sign && each(effects, (effect) => remindEnvelope(flow, sign, call, effect)),
};

/** Asks once more whether each may reach its person, right before it does. */
async function withConsent(flow: Flow, effects: OutboxEffect[], perform: (effects: OutboxEffect[]) => Promise<Outcome[]>): Promise<Outcome[]> {
  const allowed = await Promise.all(effects.map((effect) => isStillAllowed(flow, effect)));
  const some = effects.filter((_, place) => allowed[place]);
  const outcomes = some.length > 0 ? await perform(some) : [];
  return [...outcomes, ...effects.filter((_, place) => !allowed[place]).map(withheld)];
}

function each(effects: OutboxEffect[], perform: (effect: OutboxEffect) => Promise<Outcome>): Promise<Outcome[]> {
  return Promise.all(
    effects.map((effect) => withLogContext({ correlation: effect.correlation, effect: effect.id }, () => perform(effect).catch((error: unknown) => failed(effect, error)))),
  );
}

async function run(flow: Flow, connector: Connector, call: Call, kind: EffectKind, effects: OutboxEffect[]): Promise<Outcome[]> {
  const outcomes = PERFORMERS[kind]({ flow, connector, call, effects });
  return outcomes ?? effects.map((effect) => failed(effect, new Problem('feature.unsupported', { say: `${connector.manifest.name} cannot do "${kind}".` })));
}

/** Writes receipts, settles the effects and puts what is known now on the line, in one transaction. Returns until when the vendor wants the lane closed. */
async function settle(flow: Flow, lane: Lane, install: Install, outcomes: Outcome[]): Promise<number> {
  const now = flow.clock.now();
  const settled = outcomes.map((outcome) => {
    const settlement = settlementOf(flow, outcome, now);
    return { outcome, settlement, receipt: receiptOf(outcome, settlement, now) };
  });
  const ours = await flow.db.transaction().execute(async (tx) => {
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
      ours.map(({ receipt }) => receipt),
    );
    await gatherWakes(tx, async () => {
      for (const { outcome } of ours) await tell(tx, lane, outcome, now);
    });
    return ours;
  });
  for (const { outcome, receipt } of ours) if (outcome.result.done) flow.log.info(lineOf(install, receipt), 'effect done');
  flow.wake.inbox();
  await report(flow, install, settled, now);
  return Math.max(0, ...settled.map(({ outcome }) => (outcome.result.done ? 0 : pauseOf(outcome.result.problem, now))));
}

/** Refused before anything was asked of the vendor. */
const NOT_TRIED: ReadonlySet<string> = new Set(['vendor.rate-limited', 'vendor.quota']);
const pauseOf = (problem: Problem, now: number): number => (problem.code === 'vendor.rate-limited' && problem.retryAfterMs !== undefined ? now + problem.retryAfterMs : 0);

function settlementOf(flow: Flow, { effect, result }: Outcome, now: number): Settlement {
  if (result.done) return { id: effect.id, state: result.cancelled ? 'cancelled' : 'done' };
  const { problem } = result;
  const error = JSON.stringify({ code: problem.code, say: problem.message, facts: problem.facts });
  if (problem.code === 'send.stopped') return { id: effect.id, state: 'held', untried: true, error };
  // Flagging the install holds what is ready; should it be authorised again meanwhile, this goes on by itself.
  if (problem.remedy === 'reauthorize') return { id: effect.id, state: 'ready', runAt: now + REAUTHORIZE_MS, error };
  const again = problem.remedy === 'retry' ? retryAt(problem, effect.attempts, now, flow.random) : null;
  return again === null ? { id: effect.id, state: 'parked', error } : { id: effect.id, state: 'ready', runAt: again, untried: NOT_TRIED.has(problem.code), error };
}

const RECEIPT_OUTCOME = { done: 'done', cancelled: 'cancelled', ready: 'retry', held: 'retry', parked: 'parked' } as const;

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

const lineOf = ({ id: install, tenant }: Install, { id, effect, kind, correlation, outcome }: Entry<'receipts'>) => ({
  receipt: id,
  effect,
  kind,
  install,
  tenant,
  correlation,
  outcome,
});

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
