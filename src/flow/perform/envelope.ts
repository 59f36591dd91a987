import { sha256 } from '#lib/hmac';
import type { EffectData } from '#core/effect';
import { isClosed, type EnvelopeStatus } from '#core/envelope';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { EnvelopeRequest, RemoteEnvelope, Sign } from '#ports/sign';
import { adoptRemote, getEnvelope, type Envelope, type EnvelopeDocument, type EnvelopeWithRecipients } from '#store/envelopes';
import { openPersonal } from '#store/people';
import type { OutboxEffect } from '#store/outbox';
import type { Flow } from '#flow/flow';
import { unlessRuleStopped } from '#flow/perform/brakes';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';
import { problemOf } from '#flow/weather';

/** Providers forget a correlation key after some days; an envelope that was asked for this long ago was made before then or never. */
const SEARCH_BACK_MS = 3_600_000;
/**
 * What happened between a backup and its restore is heard again within this time. An envelope of then was made by a row that is gone and carries an id that nobody
 * knows; what it was made for is the same, and travels with it. One search more for each envelope of two days.
 */
const HEARD_AGAIN_MS = 2 * 86_400_000;
/** DocuSign's shortest limit for what travels along. */
const LABEL_CHARACTERS = 100;

/**
 * Makes and sends one envelope: look whether an earlier attempt made it, draft, take the draft as ours, send. A lost reply never makes a second
 * one, and neither do two processes that both believe the lane to be theirs: only the draft that was taken is sent.
 */
export async function createEnvelope(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { envelope: id } = dataOf<EffectData['envelope.create']>(effect);
  const found = await getEnvelope(flow.db, effect.tenant, id);
  const { envelope } = found;
  if (envelope.status !== 'requested') return settled(effect, envelope);
  if (envelope.void_by !== null) return withdraw(flow, sign, call, effect, envelope);
  try {
    const request = await requestOf(flow, found);
    const asked = { template: request.template, labels: request.labels, roles: request.recipients.map(({ role, order }) => [role, order]) };
    // Both wait for the vendor's limits, and who stops a rule meanwhile means them too.
    const going = unlessRuleStopped(flow, call, envelope);
    const made = (await findEarlier(flow, sign, call, effect, envelope)) ?? (await sign.draft(going, request));
    if (!(await adoptRemote(flow.db, effect.tenant, id, made.id))) return await discard(flow, sign, call, effect, made);
    const sent = made.status === 'draft' ? await sign.send(going, made.id) : made;
    return { effect, result: { done: true, remote: sent.id }, asked, mapping: envelope.send_mapping, facts: [statusFact(flow, envelope, sent)] };
  } catch (error) {
    return createFailed(flow, effect, envelope, problemOf(error));
  }
}

/** Where it is not certain what the provider made, a person looks; otherwise a refusal is the end of this envelope. */
function createFailed(flow: Flow, effect: OutboxEffect, envelope: Envelope, problem: Problem): Outcome {
  const refused = (problem.remedy === 'reject' || problem.remedy === 'unsupported') && problem.code !== 'send.ambiguous';
  const facts: Fact[] = refused ? [{ type: 'envelope.create-failed', at: flow.clock.now(), data: { envelope: envelope.id, code: problem.code, say: problem.message } }] : [];
  return { ...failed(effect, problem), mapping: envelope.send_mapping, facts };
}

/** Another attempt was faster, or nobody wants it any more: what we made goes, if nobody took it. */
async function discard(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect, made: RemoteEnvelope): Promise<Outcome> {
  const { envelope } = await getEnvelope(flow.db, effect.tenant, dataOf<EffectData['envelope.create']>(effect).envelope);
  if (envelope.void_by !== null) return withdraw(flow, sign, call, effect, envelope);
  if (envelope.remote !== made.id) await sign.void(call, made.id, 'Made twice; the other one counts.');
  return settled(effect, envelope);
}

/** What an earlier attempt made: the one that was taken, or the one that carries our id; after a restore also the one that carries our intent. */
async function findEarlier(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect, envelope: Envelope): Promise<RemoteEnvelope | null> {
  if (envelope.remote !== null) return { id: envelope.remote, status: 'draft' };
  const restored = flow.restored ?? null;
  const doubtful = restored !== null && envelope.requested_at < restored.at + HEARD_AGAIN_MS;
  const since = Math.min(envelope.requested_at, doubtful ? restored.from : Infinity) - SEARCH_BACK_MS;
  const own = effect.attempts > 1 ? await sign.find(call, envelope.id, since) : null;
  if (own || !doubtful || !sign.findIntent) return own;
  return sign.findIntent(call, intentLabel(envelope), since);
}

/** Nobody wants it any more: what an earlier attempt made, or even sent without our hearing of it, goes too. */
async function withdraw(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect, envelope: Envelope): Promise<Outcome> {
  try {
    const remote = envelope.remote ?? (await sign.find(call, envelope.id, envelope.requested_at - SEARCH_BACK_MS))?.id ?? null;
    if (remote !== null) await sign.void(call, remote, envelope.reason ?? '');
    return {
      effect,
      result: { done: true, remote, cancelled: effect.kind === 'envelope.create' },
      asked: null,
      facts: [statusFact(flow, envelope, { id: remote, status: 'voided' })],
    };
  } catch (error) {
    return voidFailed(effect, envelope, error);
  }
}

/** A webhook told of its success before we heard of it, or nobody wants it any more. */
function settled(effect: OutboxEffect, envelope: Envelope): Outcome {
  const cancelled = envelope.void_by !== null || envelope.status === 'failed';
  return { effect, result: { done: true, remote: envelope.remote, cancelled }, asked: null, detail: { note: `It is ${envelope.status} already.` } };
}

/** It may have come to its end before our void did; the provider's own word on which end is on its way. */
function voidFailed(effect: OutboxEffect, envelope: Envelope, error: unknown): Outcome {
  const problem = problemOf(error);
  if (problem.code !== 'envelope.final') return failed(effect, problem, { reason: envelope.reason });
  return { effect, result: { done: true, remote: envelope.remote, cancelled: true }, asked: null, detail: { note: problem.message } };
}

function statusFact(flow: Flow, envelope: Envelope, remote: { id: string | null; status: EnvelopeStatus | 'draft' }): Fact {
  const status = remote.status === 'draft' ? 'requested' : remote.status;
  return { type: 'envelope.status', at: flow.clock.now(), data: { remote: remote.id, envelope: envelope.id, status, seenBy: 'call', recipients: [] } };
}

/** What the deal is worth is frozen for the reports; the provider has no use for it. */
const touchesIn = (attribution: Record<string, string>) => Object.fromEntries(Object.entries(attribution).filter(([name]) => name !== 'value' && name !== 'currency'));

/** What an envelope is made for, as a mark that travels with it: it is the same however often it is asked for, by whatever row. */
const intentLabel = ({ tenant, crm, intent }: Envelope): string => sha256(`${tenant}|${crm}|${intent}`).slice(0, 32);

async function requestOf(flow: Flow, { envelope, recipients }: EnvelopeWithRecipients): Promise<EnvelopeRequest> {
  const people = await openPersonal(flow.db, flow.sealer, envelope.tenant, recipients);
  const document = JSON.parse(envelope.document) as Partial<EnvelopeDocument>;
  if (!document.policies || people.some((person) => person === null)) throw new Problem('send.blocked', { say: 'A recipient was erased before the envelope went out.' });
  const attribution = JSON.parse(envelope.attribution) as Record<string, string>;
  const embedded = new Set(document.embedded);
  const labels = { correlation: envelope.correlation, deal: envelope.deal, intent: intentLabel(envelope), ...touchesIn(attribution) };
  return {
    envelope: envelope.id,
    template: envelope.template,
    subject: document.subject ?? '',
    message: document.message ?? '',
    recipients: recipients.map(({ role, position }, index) => {
      const base = { role, order: position, name: people[index]?.name ?? '', email: people[index]?.email ?? '' };
      return embedded.has(role) ? { ...base, embedded: true } : base;
    }),
    fields: document.fields ?? [],
    labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.slice(0, LABEL_CHARACTERS)])),
    reminders: document.policies.reminders,
    expiresAfterDays: document.policies.expiresAfterDays,
  };
}

export async function voidEnvelope(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { envelope } = await getEnvelope(flow.db, effect.tenant, dataOf<EffectData['envelope.void']>(effect).envelope);
  return isClosed(envelope.status) ? settled(effect, envelope) : withdraw(flow, sign, call, effect, envelope);
}

export async function remindEnvelope(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { envelope: id } = dataOf<EffectData['envelope.remind']>(effect);
  const { envelope } = await getEnvelope(flow.db, effect.tenant, id);
  if (isClosed(envelope.status) || envelope.remote === null) return { effect, result: { done: true, remote: envelope.remote, cancelled: true }, asked: null };
  const done: Outcome = { effect, result: { done: true, remote: envelope.remote }, asked: null };
  try {
    await sign.remind(unlessRuleStopped(flow, call, envelope), envelope.remote);
    return done;
  } catch (error) {
    const problem = problemOf(error);
    // One mail too few is better than one too many.
    return problem.code === 'vendor.lost-reply'
      ? { ...done, detail: { note: 'The answer was lost, so the reminder may not have gone out. It is not repeated.' } }
      : failed(effect, problem);
  }
}
