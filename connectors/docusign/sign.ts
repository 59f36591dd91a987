import type { EnvelopeId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Call } from '#ports/call';
import type { EnvelopeRequest, RemoteEnvelope, Sign } from '#ports/sign';
import { answers } from './answers.ts';
import { ask, bodyOf } from './client.ts';
import { envelopeDefinition } from './definition.ts';
import { combinedDocument } from './document.ts';
import { vendorNow } from './problem.ts';
import { changes, read } from './reconcile.ts';
import { CORRELATION_FIELD, correlationOf, statusOf } from './status.ts';
import { listTemplates, readTemplate, rolesOf } from './templates.ts';
import { view } from './view.ts';
import { createdShape, envelopeListShape, type WireEnvelope } from './wire.ts';

export const sign: Sign = { templates: listTemplates, find, findIntent, draft, send, void: voidEnvelope, remind, read, document, answers, view, changes };

/** The vendor knows a transaction id for seven days; a day is left for clocks and for slow queues. */
const TRANSACTION_MS = 6 * 86_400_000;
/** A search for a draft starts a little earlier than we think that it was made. */
const CLOCK_SLACK_MS = 10 * 60_000;
/** Most characters of a void's reason [K]. */
const REASON_CHARS = 200;

/** By transaction id first, which the vendor made for exactly this; when that id is too old, by our custom field. */
async function find(call: Call, envelope: EnvelopeId, since: number): Promise<RemoteEnvelope | null> {
  const reply = await ask(call, { method: 'GET', path: '/envelopes', query: { transaction_ids: envelope, include: 'custom_fields' } });
  const byTransaction = bodyOf(reply, envelopeListShape);
  const stated = byTransaction.envelopeTransactionStatuses
    .filter((one) => one.transactionId === envelope && one.envelopeId)
    .map(({ envelopeId, status, transactionId }) => ({ envelopeId, status, transactionId }) as WireEnvelope);
  const known = only(envelope, [...byTransaction.envelopes, ...stated]);
  if (known) return known;
  const now = vendorNow(reply);
  if (now !== null && now - since < TRANSACTION_MS) return null;
  const query = { custom_field: `${CORRELATION_FIELD}=${envelope}`, from_date: new Date(since - CLOCK_SLACK_MS).toISOString(), include: 'custom_fields', count: '10' };
  return only(envelope, bodyOf(await ask(call, { method: 'GET', path: '/envelopes', query }), envelopeListShape).envelopes);
}

async function findIntent(call: Call, intent: string, since: number): Promise<RemoteEnvelope | null> {
  const query = { custom_field: `intent=${intent}`, from_date: new Date(since - CLOCK_SLACK_MS).toISOString(), include: 'custom_fields', count: '10' };
  const { envelopes } = bodyOf(await ask(call, { method: 'GET', path: '/envelopes', query }), envelopeListShape);
  const own = envelopes.filter((one) => one.envelopeId && one.status?.toLowerCase() !== 'deleted');
  if (own.length > 1) throw new Problem('send.ambiguous', { facts: { found: own.length } });
  return own[0] ? remoteOf(own[0]) : null;
}

/** The one envelope that carries our id. Discarded drafts do not count. @throws Problem `send.ambiguous` */
function only(envelope: EnvelopeId, found: readonly WireEnvelope[]): RemoteEnvelope | null {
  const own = found.filter((one) => one.envelopeId && correlationOf(one) === envelope && one.status?.toLowerCase() !== 'deleted');
  const ids = [...new Set(own.map(({ envelopeId }) => envelopeId))];
  if (ids.length > 1) throw new Problem('send.ambiguous', { facts: { found: ids.length } });
  return own[0] ? remoteOf(own[0]) : null;
}

function remoteOf(envelope: WireEnvelope): RemoteEnvelope {
  const status = statusOf(envelope);
  if (!envelope.envelopeId || !status) throw new Problem('vendor.odd-answer', { facts: { status: envelope.status ?? '' } });
  return { id: envelope.envelopeId, status };
}

async function draft(call: Call, request: EnvelopeRequest): Promise<RemoteEnvelope> {
  const roles = rolesOf(await readTemplate(call, request.template));
  const missing = request.recipients.find(({ role }) => !roles.some(({ name }) => name === role));
  if (missing) throw new Problem('vendor.rejected', { say: `The DocuSign template has no role "${missing.role}". Correct the mapping or the template, then replay.` });
  const reply = await ask(call, { method: 'POST', path: '/envelopes', json: envelopeDefinition(call, request, roles) });
  return { id: bodyOf(reply, createdShape).envelopeId, status: 'draft' };
}

async function send(call: Call, remote: string): Promise<RemoteEnvelope> {
  try {
    await ask(call, { method: 'PUT', path: pathOf(remote), json: { status: 'sent' } });
    return { id: remote, status: 'sent' };
  } catch (thrown) {
    if (!refusedForItsState(thrown)) throw thrown;
    const present = remoteOf(await stateOf(call, remote));
    if (present.status === 'draft') throw new Problem('vendor.rejected', { facts: thrown.facts });
    return present;
  }
}

async function voidEnvelope(call: Call, remote: string, reason: string): Promise<void> {
  const voidedReason = reason.slice(0, REASON_CHARS) || 'Withdrawn by the sender.';
  try {
    await ask(call, { method: 'PUT', path: pathOf(remote), json: { status: 'voided', voidedReason } });
  } catch (thrown) {
    if (!refusedForItsState(thrown)) throw thrown;
    const present = await stateOf(call, remote);
    if (statusOf(present) === 'draft') return discard(call, remote);
    // A void whose answer got lost is done when its own words stand there.
    if (present.voidedReason !== voidedReason) throw thrown;
  }
}

/** A draft cannot be voided; it goes to the bin [K]. */
async function discard(call: Call, remote: string): Promise<void> {
  await ask(call, { method: 'PUT', path: '/folders/recyclebin', json: { envelopeIds: [remote] } });
}

async function remind(call: Call, remote: string): Promise<void> {
  await ask(call, { method: 'PUT', path: pathOf(remote), query: { resend_envelope: 'true' }, json: {} });
}

async function document(call: Call, remote: string): Promise<Uint8Array> {
  if (statusOf(await stateOf(call, remote)) !== 'completed') throw new Problem('vendor.not-found', { say: 'The envelope is not completed, so there is no signed document yet.' });
  return combinedDocument(call, remote);
}

const pathOf = (remote: string) => `/envelopes/${encodeURIComponent(remote)}`;
const refusedForItsState = (thrown: unknown): thrown is Problem => thrown instanceof Problem && thrown.code === 'envelope.final';

/** The present state by a list of one: the polling rule counts reads of the envelope itself. */
async function stateOf(call: Call, remote: string): Promise<WireEnvelope> {
  const query = { envelope_ids: remote, include: 'recipients,custom_fields' };
  const { envelopes } = bodyOf(await ask(call, { method: 'GET', path: '/envelopes', query }), envelopeListShape);
  const found = envelopes.find(({ envelopeId }) => envelopeId === remote);
  if (!found) throw new Problem('vendor.not-found');
  return found;
}
