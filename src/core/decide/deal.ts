import { PRIORITY, type Effect } from '#core/effect';
import type { Fact, ReadPurpose } from '#core/fact';
import type { Reason, SendPlan } from '#core/plan';
import type { InstallId } from '#core/ids';
import type { Snapshot } from '#core/records';
import type { EnvelopeState } from '#core/state';
import { viewOf } from '#core/state';
import { blocked } from '#core/decide/blocked';
import { keptBack, onReviewed, readEffect } from '#core/decide/brakes';
import { goneBack } from '#core/decide/backward';
import { intentOf } from '#core/decide/intent';
import { moved, noted, type Decision, type NewEnvelope, type Situation, type Trigger } from '#core/decide/situation';
import { mapped, writeEffects } from '#core/decide/writes';

/** A stage change is a hint: the deal is read again before anything is done, and only where something could follow. */
export function onStageChanged(fact: Fact<'deal.stage-changed'>, situation: Situation): Decision {
  const { deal, stage, source, seenBy } = fact.data;
  if (source === 'countersign') return noted('This is our own write coming back.');
  const { rules } = situation;
  const starts = stage === null || rules.startsAt(null, stage) || rules.renamed(null, stage) !== null;
  if (!starts && situation.open.length === 0) return noted('No rule starts at that stage and no envelope of this deal is out.');
  const why = starts ? 'A rule may start at that stage, so the deal is read first.' : 'An envelope of this deal is out, so the deal is read to see whether it went back.';
  return moved(why, [readEffect(situation, deal, `${deal}|${stage ?? ''}|${fact.at}`, { kind: 'stage', seenBy }, PRIORITY.event)]);
}

export function onSendRequested(fact: Fact<'send.requested'>, situation: Situation): Decision {
  const request = fact.personal?.request;
  if (!request) return noted('The request is no longer there: its people were erased.');
  return moved('A person asked for it, so the deal is read first.', [
    readEffect(situation, fact.data.deal, `request|${fact.data.deal}|${fact.data.key}`, { kind: 'request', request }, PRIORITY.click),
  ]);
}

/** The deal is known now: send, go back on what is out, or say why not. */
export function onDealRead(fact: Fact<'deal.read'>, situation: Situation): Decision {
  const snapshot = fact.personal?.snapshot;
  if (!snapshot) return noted('What was read is no longer there: its people were erased.');
  const again = readAgain(fact, situation, snapshot);
  if (again) return again;
  const intent = intentOf(fact.data.purpose, snapshot, situation.envelope);
  switch (fact.data.purpose.kind) {
    case 'request': {
      const request = fact.personal?.request;
      return request
        ? send(fact, situation, snapshot, { trigger: { kind: 'request', request }, intent, attempt: 0 })
        : noted('The request is no longer there: its people were erased.');
    }
    case 'retry':
      return retry(fact, situation, snapshot, intent);
    case 'held':
      return onReviewed(situation, snapshot, { purpose: fact.data.purpose, intent }) ?? entered(fact, situation, snapshot, intent);
    case 'stage': {
      const back = goneBack(situation, snapshot);
      return back ? both(back, entered(fact, situation, snapshot, intent)) : entered(fact, situation, snapshot, intent);
    }
  }
}

/** A deal may go back from one rule's stage into another's: what is out is dealt with, and what starts there starts. */
function both(back: Decision, entered: Decision): Decision {
  if (entered.outcome === 'noted') return back;
  return { ...entered, why: `${back.why} ${entered.why}`, effects: [...back.effects, ...entered.effects], changes: [...back.changes, ...entered.changes] };
}

const LATER_MS = 30_000;
/** What was read longer ago than this may not be true any more: the server was down, or the notice was a dead letter. */
const STALE_MS = 10 * 60_000;

/** A decision needs the accounts' fields, stages and templates, and a deal as it is now. Where they are not there yet, the deal is read again later. */
function readAgain(fact: Fact<'deal.read'>, situation: Situation, snapshot: Snapshot): Decision | null {
  const stale = situation.now - snapshot.readAt > STALE_MS;
  if (situation.grounded && !stale) return null;
  const { purpose, deal, effect } = fact.data;
  const request = fact.personal?.request;
  if (purpose.kind === 'request' && !request) return noted('The request is no longer there: its people were erased.');
  const same: ReadPurpose = purpose.kind === 'request' && request ? { kind: 'request', request } : (purpose as Exclude<ReadPurpose, { kind: 'request' }>);
  const priority = purpose.kind === 'request' ? PRIORITY.click : PRIORITY.event;
  const read = { ...readEffect(situation, deal, `again|${effect}`, same, priority), notBefore: situation.now + (stale ? 0 : LATER_MS) };
  return moved(
    stale
      ? 'It was read too long ago to act on, so it is read again.'
      : "The accounts' fields, stages and templates have not been read yet, so the deal is read again in a moment.",
    [read],
  );
}

function entered(fact: Fact<'deal.read'>, situation: Situation, snapshot: Snapshot, intent: string): Decision {
  const { pipeline, stage } = snapshot.deal;
  if (!situation.rules.startsAt(pipeline, stage)) return notStarted(situation, snapshot);
  if (situation.ownEntry) return noted('A write of ours put the deal there, and that starts nothing.');
  return send(fact, situation, snapshot, { trigger: { kind: 'stage' }, intent, attempt: 0 });
}

/** Silence would look like a send that is on its way, where a rule meant this stage until somebody renamed it. */
function notStarted(situation: Situation, snapshot: Snapshot): Decision {
  const { pipeline, stage } = snapshot.deal;
  const renamed = situation.ownEntry ? null : situation.rules.renamed(pipeline, stage);
  if (!renamed) return noted('The deal is now at a stage where no rule starts.');
  const out = situation.open.find((open) => open.voidBy === null);
  return blocked(situation, snapshot, { rule: renamed.rule, reasons: [renamed.reason], out });
}

function retry(fact: Fact<'deal.read'>, situation: Situation, snapshot: Snapshot, intent: string): Decision {
  const last = situation.envelope;
  if (!last) return noted('The expired envelope is not there.');
  if (snapshot.deal.stage !== last.stage || snapshot.deal.pipeline !== last.pipeline) return noted('The deal has left the stage since, so the expired envelope is not sent again.');
  return send(fact, situation, snapshot, { trigger: { kind: 'stage' }, intent, attempt: last.attempt + 1 });
}

interface Send {
  trigger: Trigger;
  intent: string;
  attempt: number;
}

function send(fact: Fact<'deal.read'>, situation: Situation, snapshot: Snapshot, { trigger, intent, attempt }: Send): Decision {
  if (situation.intentKnown(intent)) return noted('This entry into the stage has its envelope already.');
  const decision = situation.rules.plan(snapshot, trigger, situation.touched);
  if (!decision.send && decision.reasons.every((reason) => reason.code === 'condition')) return noted('The condition of the rule is not met, so nothing is sent.');
  const out = decision.send ? alreadyOut(situation, decision.plan, trigger) : situation.open.find((open) => open.voidBy === null);
  const reasons = [
    ...accountReasons(situation),
    ...(decision.send ? answerReasons(situation, decision.plan) : []),
    ...(decision.send ? [...(out ? [ALREADY_OUT] : []), ...situation.rules.preflight()] : decision.reasons),
  ];
  if (!decision.send || reasons.length > 0) return blocked(situation, snapshot, { rule: decision.send ? decision.plan.rule : decision.rule, reasons, out });
  const back = keptBack(fact, situation, snapshot, { rule: decision.plan.rule, intent });
  if (back) return back;
  return create(
    situation,
    {
      id: situation.fresh.id,
      intent,
      plan: decision.plan,
      deal: dealOf(snapshot),
      leads: leadsOf(snapshot, decision.plan),
      pipeline: snapshot.deal.pipeline,
      stage: snapshot.deal.stage,
      attempt,
    },
    trigger,
  );
}

const dealOf = (snapshot: Snapshot) => ({ id: snapshot.deal.id, name: snapshot.deal.name, owner: snapshot.owner?.id ?? null, company: snapshot.company?.id ?? null });

function leadsOf({ contacts }: Snapshot, { recipients }: SendPlan): Record<string, string> {
  const leads = recipients.flatMap(({ role, contact }) => {
    const lead = contacts.find(({ id }) => id === contact)?.lead;
    return lead === undefined ? [] : [[role, lead] as const];
  });
  return Object.fromEntries(leads);
}

function accountReasons({ crm, sign }: Situation): Reason[] {
  if (!sign) return [{ code: 'no-provider', say: 'No e-signature account is connected. Connect one in the console.', path: '' }];
  const reasons: Reason[] = [];
  if (!sign.usable) reasons.push({ code: 'provider-unauthorized', say: `${sign.name} has to be authorised again in the console.`, path: '' });
  for (const install of [crm, sign]) {
    if (!install.maySend)
      reasons.push({
        code: 'test-account',
        say: `${install.name} is a test or cloned account, which does not send to live people. Allow it in the console if you want that.`,
        path: '',
      });
  }
  return reasons;
}

/** A box whose answer nobody could read back would look like a question and be none. */
function answerReasons({ sign }: Situation, { consents = [] }: SendPlan): Reason[] {
  if (consents.length === 0 || sign?.answers !== false) return [];
  return [{ code: 'answers-unread', say: `${sign.name} does not tell what signers tick. Take consents out of the rule.`, path: '' }];
}

const ALREADY_OUT: Reason = { code: 'already-out', say: 'An envelope for this is already out. Void it before sending another.', path: '' };

/** Never twice: what is out for the same template, or by the same rule, has to be voided first. */
function alreadyOut(situation: Situation, plan: SendPlan, trigger: Trigger): EnvelopeState | undefined {
  return situation.open.find((open) => open.voidBy === null && (open.template.id === plan.template.id || (trigger.kind === 'stage' && open.rule === plan.rule)));
}

function create(situation: Situation, envelope: NewEnvelope, trigger: Trigger): Decision {
  const { sign } = situation;
  if (!sign) return noted('No e-signature account is connected.');
  const priority = trigger.kind === 'request' ? PRIORITY.click : PRIORITY.event;
  const effect: Effect = {
    kind: 'envelope.create',
    key: `create|${envelope.id}`,
    install: sign.id,
    data: { envelope: envelope.id },
    priority,
    notBefore: situation.now,
    envelope: envelope.id,
    why: trigger.kind === 'request' ? 'A person asked for it.' : `Rule "${envelope.plan.rule}" starts at this stage.`,
  };
  const writes = mapped(() => ({ effects: writeEffects(situation, viewOf(stateOf(envelope, sign.id, situation)), { envelope: envelope.id, priority }) }));
  const again = envelope.attempt > 0 ? ` It is attempt ${envelope.attempt + 1}, after an expiry.` : '';
  return {
    ...moved(`Rule "${envelope.plan.rule}" sends "${envelope.plan.template.name}" to ${envelope.plan.recipients.length} recipients.${again}`, []),
    ...writes,
    effects: [effect, ...writes.effects],
    create: envelope,
  };
}

/** A new envelope's first state. Its recipients get their ids when they are stored. */
function stateOf({ id, intent, plan, deal, leads, pipeline, stage, attempt }: NewEnvelope, sign: InstallId, situation: Situation): EnvelopeState {
  return {
    id,
    sign,
    intent,
    deal: deal.id,
    company: deal.company,
    rule: plan.rule,
    template: plan.template,
    provider: situation.provider,
    remote: null,
    status: 'requested',
    pipeline,
    stage,
    attempt,
    voidBy: null,
    reason: null,
    policies: plan.policies,
    attribution: plan.attribution,
    requestedAt: situation.now,
    sentAt: null,
    viewedAt: null,
    completedAt: null,
    closedAt: null,
    expiresAt: null,
    recipients: plan.recipients.map(({ role, order, contact }) => ({
      id: `sgn_${role}`,
      role,
      order,
      status: 'waiting',
      contact,
      lead: leads[role] ?? null,
      remote: null,
      viewedAt: null,
      signedAt: null,
    })),
    url: situation.fresh.url,
    owner: deal.owner,
  };
}
