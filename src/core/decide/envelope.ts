import { PRIORITY, type Effect } from '#core/effect';
import { impliedByRecipients, isClosed, moveEnvelope, moveRecipient, statusWords, type EnvelopeStatus } from '#core/envelope';
import type { Fact, RecipientHeard } from '#core/fact';
import type { RecipientId } from '#core/ids';
import type { Moment } from '#core/plan';
import { sayCode } from '#core/problem';
import { applyChange, viewOf, type EnvelopeChange, type EnvelopeState, type RecipientChange, type RecipientState } from '#core/state';
import { moved, noted, type Decision, type Situation } from '#core/decide/situation';
import { answersEffects, beforeAnswers } from '#core/decide/answers';
import { readEffect } from '#core/decide/brakes';
import { voiding } from '#core/decide/void';
import { journeyEffects, waitEffects } from '#core/decide/journey';
import { attachEffects, mapped, writeEffects, type FollowUps } from '#core/decide/writes';

const DAY_MS = 86_400_000;

/** What the provider says, by webhook, on asking or in answer to a call: all the same to us. */
export function onEnvelopeStatus(fact: Fact<'envelope.status'>, situation: Situation): Decision {
  const { envelope } = situation;
  if (!envelope) return noted('This envelope was not sent from here.');
  const recipients = heardRecipients(envelope, fact.data.recipients);
  const status = nextStatus(envelope, fact.data.status, recipients);
  const set = changeOf(envelope, status, fact);
  if (Object.keys(set).length === 0 && recipients.size === 0) return noted(`Known already: the envelope is ${statusWords(envelope.status)}.`);
  const next = applyChange(envelope, set, recipients);
  const writes = mapped(() => followUps(situation, envelope, next, fact.at));
  const effects = [
    ...writes.effects,
    ...(next.status === 'expired' && envelope.status !== 'expired' ? retryEffects(situation, next) : []),
    ...answersEffects(situation, envelope, next),
  ];
  const { suppressed, ...rest } = writes;
  const why = [explain(envelope, next, recipients), ...(suppressed ? [suppressed] : [])].join(' ');
  return { outcome: 'moved', why, ...rest, effects, changes: [{ envelope: envelope.id, set, recipients }] };
}

function heardRecipients(envelope: EnvelopeState, heard: readonly RecipientHeard[]): Map<RecipientId, RecipientChange> {
  const changes = new Map<RecipientId, RecipientChange>();
  for (const one of heard) {
    const known = findRecipient(envelope.recipients, one);
    const change = known && recipientChange(known, one);
    if (change && Object.keys(change).length > 0) changes.set(known.id, change);
  }
  return changes;
}

function findRecipient(recipients: readonly RecipientState[], heard: RecipientHeard): RecipientState | undefined {
  return recipients.find((known) => known.role === heard.role) ?? recipients.find((known) => known.remote === heard.remote);
}

function recipientChange(known: RecipientState, heard: RecipientHeard): RecipientChange {
  const status = moveRecipient(known.status, heard.status);
  const change: RecipientChange = {};
  if (status !== known.status) change.status = status;
  if (known.remote === null) change.remote = heard.remote;
  // What comes late is of an earlier time than what is known.
  const at = heard.status === status ? heard.at : null;
  if (status === 'viewed' && known.viewedAt === null && at !== null) change.viewedAt = at;
  if (status === 'signed' && known.signedAt === null && at !== null) change.signedAt = at;
  return change;
}

/** Providers report an expiry and a void alike, and only we know whether we asked for the void. */
function nextStatus(envelope: EnvelopeState, heard: EnvelopeStatus, recipients: ReadonlyMap<RecipientId, RecipientChange>): EnvelopeStatus {
  const meant = heard === 'expired' && envelope.voidBy !== null ? 'voided' : heard;
  const status = moveEnvelope(envelope.status, meant);
  if (isClosed(status) || status === 'requested') return status;
  return moveEnvelope(status, impliedByRecipients(envelope.recipients.map((recipient) => recipients.get(recipient.id)?.status ?? recipient.status)));
}

function changeOf(envelope: EnvelopeState, status: EnvelopeStatus, fact: Fact<'envelope.status'>): EnvelopeChange {
  const change: EnvelopeChange = {};
  if (envelope.remote === null && fact.data.remote !== null) change.remote = fact.data.remote;
  Object.assign(change, timesOf(envelope, status, fact));
  if (status === envelope.status) return change;
  change.status = status;
  // The provider took it after all.
  if (envelope.status === 'failed') Object.assign(change, { closedAt: null, reason: null });
  if (status === 'completed') change.completedAt = fact.at;
  if (isClosed(status)) change.closedAt = fact.at;
  if (isClosed(status) && fact.personal?.reason && envelope.reason === null) change.reason = fact.personal.reason;
  return change;
}

const VIEWED: readonly EnvelopeStatus[] = ['viewed', 'partially_signed', 'completed'];

/** The provider's own times where it gives them, in whatever order its messages come; the time of the first message otherwise. */
function timesOf(envelope: EnvelopeState, status: EnvelopeStatus, { at, data }: Fact<'envelope.status'>): EnvelopeChange {
  const change: EnvelopeChange = {};
  if (status === 'requested' || status === 'failed' || data.remote === null) return change;
  const sentAt = data.times?.sent ?? envelope.sentAt ?? at;
  if (sentAt !== envelope.sentAt) {
    change.sentAt = sentAt;
    const days = envelope.policies?.expiresAfterDays;
    if (days) change.expiresAt = sentAt + days * DAY_MS;
  }
  const viewedAt = data.times?.viewed ?? envelope.viewedAt ?? (VIEWED.includes(status) ? at : null);
  if (viewedAt !== envelope.viewedAt) change.viewedAt = viewedAt;
  return change;
}

function followUps(situation: Situation, before: EnvelopeState, after: EnvelopeState, at: number): FollowUps {
  const view = viewOf(after);
  const writes = writeEffects(situation, view, { envelope: after.id, priority: PRIORITY.event });
  const moments: Moment[] = [...(after.status === before.status ? [] : [after.status]), ...bounces(before, after)];
  if (moments.length === 0) return { effects: writes };
  const journey = journeyEffects(beforeAnswers(situation, after), view, moments, after.owner);
  const attachments = after.status === 'completed' && before.status !== 'completed' ? attachEffects(situation, view) : [];
  return { ...journey, effects: [...writes, ...attachments, ...journey.effects, ...(after.status === before.status ? [] : waitEffects(situation, after, at))] };
}

/** Recipients whose mail has come back since, while there is still something to sign. */
function bounces(before: EnvelopeState, after: EnvelopeState): Moment[] {
  if (isClosed(after.status)) return [];
  const had = new Set(before.recipients.filter(({ status }) => status === 'bounced').map(({ id }) => id));
  return after.recipients.filter(({ id, status }) => status === 'bounced' && !had.has(id)).map(({ role }) => ({ bounced: role }));
}

/** An expired envelope is planned anew from the deal as it is then: the address that was wrong may be right by now. */
function retryEffects(situation: Situation, expired: EnvelopeState): Effect[] {
  const mayRetry = expired.intent.startsWith('stage|') && expired.attempt < (expired.policies?.retries ?? 0);
  if (!mayRetry) return [];
  return [readEffect(situation, expired.deal, `retry|${expired.id}`, { kind: 'retry', envelope: expired.id }, PRIORITY.event)];
}

function explain(before: EnvelopeState, after: EnvelopeState, recipients: ReadonlyMap<RecipientId, RecipientChange>): string {
  const parts: string[] = [];
  if (after.status !== before.status) parts.push(`The envelope went from ${statusWords(before.status)} to ${statusWords(after.status)}.`);
  for (const recipient of after.recipients) {
    const status = recipients.get(recipient.id)?.status;
    if (status) parts.push(`${recipient.role}: ${status}.`);
  }
  if (parts.length === 0) parts.push("The provider's ids and times of it are known now.");
  return parts.join(' ');
}

export function onCreateFailed(fact: Fact<'envelope.create-failed'>, situation: Situation): Decision {
  const { envelope } = situation;
  if (!envelope) return noted('There is no such envelope.');
  if (envelope.status !== 'requested') return noted(`The envelope is ${statusWords(envelope.status)} all the same.`);
  const set: EnvelopeChange = { status: 'failed', reason: fact.data.say, closedAt: fact.at };
  const after = applyChange(envelope, set, new Map());
  const writes = mapped(() => followUps(situation, envelope, after, fact.at));
  return { ...moved(`The provider did not take it. ${sayCode(fact.data.code)}`, []), ...writes, changes: [{ envelope: envelope.id, set, recipients: new Map() }] };
}

export function onVoidRequested(fact: Fact<'envelope.void-requested'>, situation: Situation): Decision {
  const { envelope } = situation;
  if (!envelope) return noted('There is no such envelope.');
  if (isClosed(envelope.status)) return noted(`It is ${envelope.status} already.`);
  if (envelope.voidBy !== null) return noted('A void was asked for already.');
  return voiding(situation, envelope, fact.data.by, fact.personal?.reason ?? '', PRIORITY.click);
}

export function onRemindRequested(fact: Fact<'envelope.remind-requested'>, situation: Situation): Decision {
  const { envelope } = situation;
  if (!envelope) return noted('There is no such envelope.');
  if (isClosed(envelope.status) || envelope.remote === null) return noted(`It is ${statusWords(envelope.status)}; there is nobody to remind.`);
  const effect: Effect = {
    kind: 'envelope.remind',
    key: `remind|${envelope.id}|${fact.at}`,
    install: envelope.sign,
    data: { envelope: envelope.id },
    priority: PRIORITY.click,
    notBefore: situation.now,
    envelope: envelope.id,
    why: 'A person asked for it.',
  };
  return moved('The provider is asked to remind whoever has to sign next.', [effect]);
}
