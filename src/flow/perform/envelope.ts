import type { EffectData } from '#core/effect';
import { isFinal, type EnvelopeStatus } from '#core/envelope';
import type { Fact } from '#core/fact';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { EnvelopeRequest, RemoteEnvelope, Sign } from '#ports/sign';
import { getEnvelope, updateEnvelope, type Envelope, type EnvelopeDocument, type EnvelopeWithRecipients } from '#store/envelopes';
import { openPersonal } from '#store/people';
import type { OutboxEffect } from '#store/outbox';
import type { Flow } from '#flow/flow';
import { dataOf, failed, type Outcome } from '#flow/perform/outcome';

/** Providers forget a correlation key after some days; an envelope that was asked for this long ago was made before then or never. */
const SEARCH_BACK_MS = 3_600_000;
/** DocuSign's shortest limit for what travels along. */
const LABEL_CHARACTERS = 100;

/** Makes and sends one envelope: look whether an earlier attempt made it, draft, remember the draft, send. A lost reply never makes a second one. */
export async function createEnvelope(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { envelope: id } = dataOf<EffectData['envelope.create']>(effect);
  const found = await getEnvelope(flow.db, effect.tenant, id);
  const { envelope } = found;
  const mapping = envelope.send_mapping;
  if (envelope.status !== 'requested') return settled(effect, envelope);
  if (envelope.void_by !== null) return withdraw(flow, sign, call, effect, envelope);
  const request = await requestOf(flow, found);
  const asked = { template: request.template, labels: request.labels, roles: request.recipients.map(({ role, order }) => [role, order]) };
  try {
    const draft = await findOrDraft(sign, call, effect, envelope, request);
    await updateEnvelope(flow.db, effect.tenant, id, { remote: draft.id });
    const sent = draft.status === 'draft' ? await sign.send(call, draft.id) : draft;
    return { effect, result: { done: true, remote: sent.id }, asked, mapping, facts: [statusFact(flow, envelope, sent)] };
  } catch (error) {
    const problem = Problem.from(error);
    const final = problem.remedy === 'reject' || problem.remedy === 'unsupported';
    const facts: Fact[] = final ? [{ type: 'envelope.create-failed', at: flow.clock.now(), data: { envelope: id, code: problem.code, say: problem.message } }] : [];
    return { ...failed(effect, problem, asked), mapping, facts };
  }
}

async function findOrDraft(sign: Sign, call: Call, effect: OutboxEffect, envelope: Envelope, request: EnvelopeRequest): Promise<RemoteEnvelope> {
  return (await findEarlier(sign, call, effect, envelope)) ?? sign.draft(call, request);
}

/** What an earlier attempt may have made. */
async function findEarlier(sign: Sign, call: Call, effect: OutboxEffect, envelope: Envelope): Promise<RemoteEnvelope | null> {
  return effect.attempts > 1 || envelope.remote !== null ? sign.find(call, envelope.id, envelope.requested_at - SEARCH_BACK_MS) : null;
}

/** Nobody wants it any more: what an earlier attempt made, or even sent without our hearing of it, goes too. */
async function withdraw(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect, envelope: Envelope): Promise<Outcome> {
  try {
    const earlier = await findEarlier(sign, call, effect, envelope);
    if (earlier) await sign.void(call, earlier.id, envelope.reason ?? '');
    return { ...settled(effect, envelope), facts: [statusFact(flow, envelope, { id: earlier?.id ?? null, status: 'voided' })] };
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
  const problem = Problem.from(error);
  if (problem.code !== 'envelope.final') return failed(effect, problem, { reason: envelope.reason });
  return { effect, result: { done: true, remote: envelope.remote, cancelled: true }, asked: null, detail: { note: problem.message } };
}

function statusFact(flow: Flow, envelope: Envelope, remote: { id: string | null; status: EnvelopeStatus | 'draft' }): Fact {
  const status = remote.status === 'draft' ? 'requested' : remote.status;
  return { type: 'envelope.status', at: flow.clock.now(), data: { remote: remote.id, envelope: envelope.id, status, seenBy: 'call', recipients: [] } };
}

async function requestOf(flow: Flow, { envelope, recipients }: EnvelopeWithRecipients): Promise<EnvelopeRequest> {
  const people = await openPersonal(flow.db, flow.sealer, envelope.tenant, recipients);
  const document = JSON.parse(envelope.document) as Partial<EnvelopeDocument>;
  if (!document.policies || people.some((person) => person === null)) throw new Problem('send.blocked', { say: 'A recipient was erased before the envelope went out.' });
  const attribution = JSON.parse(envelope.attribution) as Record<string, string>;
  const labels = { correlation: envelope.correlation, deal: envelope.deal, ...attribution };
  return {
    envelope: envelope.id,
    template: envelope.template,
    subject: document.subject ?? '',
    message: document.message ?? '',
    recipients: recipients.map((recipient, index) => ({ role: recipient.role, order: recipient.position, name: people[index]?.name ?? '', email: people[index]?.email ?? '' })),
    fields: document.fields ?? [],
    labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.slice(0, LABEL_CHARACTERS)])),
    reminders: document.policies.reminders,
    expiresAfterDays: document.policies.expiresAfterDays,
  };
}

export async function voidEnvelope(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { envelope: id, reason } = dataOf<EffectData['envelope.void']>(effect);
  const { envelope } = await getEnvelope(flow.db, effect.tenant, id);
  if (isFinal(envelope.status) || envelope.remote === null) return settled(effect, envelope);
  try {
    await sign.void(call, envelope.remote, reason);
    return { effect, result: { done: true, remote: envelope.remote }, asked: { reason }, facts: [statusFact(flow, envelope, { id: envelope.remote, status: 'voided' })] };
  } catch (error) {
    return voidFailed(effect, envelope, error);
  }
}

export async function remindEnvelope(flow: Flow, sign: Sign, call: Call, effect: OutboxEffect): Promise<Outcome> {
  const { envelope: id } = dataOf<EffectData['envelope.remind']>(effect);
  const { envelope } = await getEnvelope(flow.db, effect.tenant, id);
  if (isFinal(envelope.status) || envelope.remote === null) return { effect, result: { done: true, remote: envelope.remote, cancelled: true }, asked: null };
  try {
    await sign.remind(call, envelope.remote);
    return { effect, result: { done: true, remote: envelope.remote }, asked: null };
  } catch (error) {
    return failed(effect, error);
  }
}
