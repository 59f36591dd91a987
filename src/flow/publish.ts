import type { Decision } from '#core/decide/situation';
import { consentEvent, eventTypeOf, type EnvelopeEventData, type EventType } from '#core/events';
import type { Correlation, EnvelopeId, TenantId } from '#core/ids';
import { viewOf } from '#core/state';
import type { Tx } from '#store/database';
import { listSubscribed } from '#store/endpoints';
import { getEnvelope } from '#store/envelopes';
import { getInstall } from '#store/installs';
import { putMessages } from '#store/messages';
import { toState } from '#flow/envelope-state';
import type { Flow } from '#flow/flow';

/** What endpoints hear of, before it is known which of them want to. */
export interface Publication {
  type: EventType;
  timestamp: string;
  data: unknown;
}

/** Writes down a message for each endpoint that subscribes to the event. Equal causes are one message. `say` makes the event, and is asked only where somebody listens. */
export async function publish(
  tx: Tx,
  tenant: TenantId,
  about: { type: EventType; cause: string; ordinal: number; at: number; envelope: EnvelopeId | null; correlation: Correlation },
  say: () => Promise<Publication> | Publication,
  now: number,
): Promise<void> {
  const endpoints = await listSubscribed(tx, tenant, about.type);
  if (endpoints.length === 0) return;
  const { type, cause, ordinal, at, envelope, correlation } = about;
  const payload = JSON.stringify(await say());
  await putMessages(
    tx,
    tenant,
    endpoints.map(({ id }) => ({ endpoint: id, key: cause, ordinal, type, at, payload, envelope, correlation })),
    now,
  );
}

/** Tells of every envelope that a decision moved to another status. In the transaction that moves it, so that neither happens without the other. */
export async function publishMoves(
  flow: Flow,
  tx: Tx,
  tenant: TenantId,
  moves: { decision: Decision; cause: string; ordinal: number; at: number; correlation: Correlation },
): Promise<void> {
  const { decision, cause, ordinal, at, correlation } = moves;
  for (const { envelope, set } of decision.changes) {
    const type = set.status === undefined ? null : eventTypeOf(set.status);
    if (type === null) continue;
    const say = async () => ({ type, timestamp: new Date(at).toISOString(), data: await envelopeData(flow, tx, tenant, envelope) });
    await publish(tx, tenant, { type, cause: `${cause}|${envelope}`, ordinal, at, envelope, correlation }, say, flow.clock.now());
  }
}

/** Tells of every act that enters the consent ledger, by the id of its row. */
export async function publishConsents(
  flow: Flow,
  tx: Tx,
  tenant: TenantId,
  { decision, ordinal, correlation }: { decision: Decision; ordinal: number; correlation: Correlation },
): Promise<void> {
  if (!decision.consents) return;
  const { person, acts } = decision.consents;
  for (const { id, act } of acts) {
    const { status, type, purpose, channel, text, locale, jurisdiction, basis, how, envelope, capturedAt: at, expiresAt } = act;
    const shown = text && { name: text.name, version: text.version, hash: text.hash };
    const until = expiresAt === null ? null : new Date(expiresAt).toISOString();
    const data = { consent: id, person, type, purpose, channel, text: shown, locale, jurisdiction, basis, how, envelope, expiresAt: until, correlation };
    const event = consentEvent(status, at, data);
    await publish(tx, tenant, { type: event.type, cause: id, ordinal, at, envelope, correlation }, () => event, flow.clock.now());
  }
}

/** An envelope as its events tell it. Words that people wrote, names, addresses, and contacts' ids stay here. */
async function envelopeData(flow: Flow, tx: Tx, tenant: TenantId, id: EnvelopeId): Promise<EnvelopeEventData> {
  const found = await getEnvelope(tx, tenant, id);
  const { envelope } = found;
  const [crm, sign] = [await getInstall(tx, tenant, envelope.crm), await getInstall(tx, tenant, envelope.sign)];
  const state = toState(flow, found, sign.vendor);
  const view = viewOf(state);
  return {
    envelope: id,
    deal: envelope.deal,
    crm: { connector: crm.vendor, account: crm.account },
    provider: { connector: sign.vendor, account: sign.account, envelope: envelope.remote },
    template: state.template,
    rule: envelope.rule,
    status: envelope.status,
    attempt: envelope.attempt,
    recipients: view.recipients.map(({ role, order, status, signedAt }) => ({ role, order, status, signedAt })),
    waitingFor: view.waitingFor,
    requestedAt: new Date(envelope.requested_at).toISOString(),
    sentAt: view.sentAt,
    viewedAt: view.viewedAt,
    completedAt: view.completedAt,
    closedAt: view.closedAt,
    expiresAt: view.expiresAt,
    attribution: state.attribution,
    correlation: envelope.correlation,
    url: state.url,
  };
}
