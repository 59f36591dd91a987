import { newId } from '#lib/ids';
import { newWebhookSecret } from '#lib/standard-webhooks';
import type { JsonObject } from '#lib/json';
import { SUBSCRIBABLE, testEvent, type EventType } from '#core/events';
import type { EndpointId, MessageId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import { clearAlarm } from '#store/alarms';
import type { Tx } from '#store/database';
import { deleteEndpoint, disableEndpoint, getEndpoint, putEndpoint, updateEndpoint } from '#store/endpoints';
import { append } from '#store/ledger';
import { putMessages, replayFailed, replayMessage } from '#store/messages';
import { wakeLanes } from '#store/wakes';
import { sealSecret } from '#flow/endpoint-secrets';
import type { Flow } from '#flow/flow';

/** What a person says of an endpoint. No events: all of them. */
export interface EndpointSettings {
  url: string;
  events: readonly string[];
  description: string;
}

/** What people do with endpoints. Each is recorded in the audit ledger with `by`. @throws Problem `request.not-found`, and with words for the person */
export interface EndpointDesk {
  /** The secret is shown this once. @throws Problem `endpoint.refused`, `request.malformed` */
  add(tenant: TenantId, settings: EndpointSettings, by: string): Promise<{ id: EndpointId; secret: string }>;
  change(tenant: TenantId, id: EndpointId, settings: EndpointSettings, by: string): Promise<void>;
  /** A new secret signs beside the present one for a day; one that was older ends at once. It is shown this once. */
  rotate(tenant: TenantId, id: EndpointId, by: string): Promise<{ secret: string; oldUntil: number }>;
  enable(tenant: TenantId, id: EndpointId, by: string): Promise<void>;
  disable(tenant: TenantId, id: EndpointId, by: string): Promise<void>;
  /** With its messages. */
  remove(tenant: TenantId, id: EndpointId, by: string): Promise<void>;
  /** Sends a test event, once. @throws Problem `request.malformed` where the endpoint is disabled */
  test(tenant: TenantId, id: EndpointId, by: string): Promise<MessageId>;
  /** Sends one message again, under its own id. @throws Problem `request.malformed` where the endpoint is disabled */
  replay(tenant: TenantId, id: EndpointId, message: MessageId, by: string): Promise<void>;
  /** Sends all that failed again. Returns how many. @throws Problem `request.malformed` where the endpoint is disabled */
  replayFailed(tenant: TenantId, id: EndpointId, by: string): Promise<number>;
}

/** How long the secret before goes on signing after a rotation, milliseconds. */
const OVERLAP_MS = 86_400_000;
const DESCRIPTION_CHARACTERS = 200;

/** Does something and writes it into the audit, both or neither. */
type Doing = <T>(tenant: TenantId, by: string, action: string, detail: JsonObject, run: (tx: Tx, now: number) => Promise<{ subject: string; result: T }>) => Promise<T>;

function createDoing(flow: Flow): Doing {
  return (tenant, by, action, detail, run) => {
    const now = flow.clock.now();
    return flow.db.transaction().execute(async (tx) => {
      const { subject, result } = await run(tx, now);
      await append(tx, tenant, 'audit', [{ id: newId('aud', now), at: now, actor: by, action, subject, detail: JSON.stringify(detail) }]);
      return result;
    });
  };
}

export function createEndpointDesk(flow: Flow): EndpointDesk {
  const doing = createDoing(flow);
  return { ...createSettings(flow, doing), ...createTelling(flow, doing) };
}

function createSettings(flow: Flow, doing: Doing): Pick<EndpointDesk, 'add' | 'change' | 'rotate' | 'remove'> {
  return {
    async add(tenant, settings, by) {
      const { url, events, description } = checked(flow, settings);
      const secret = newWebhookSecret();
      // The host alone: paths of such addresses often hold a key of the receiver.
      return doing(tenant, by, 'endpoint.added', { host: new URL(url).host, events }, async (tx, now) => {
        const { id } = await putEndpoint(tx, tenant, { url, events, description, createdBy: by }, (fresh) => sealSecret(flow, tenant, fresh, secret), now);
        return { subject: id, result: { id, secret } };
      });
    },

    async change(tenant, id, settings, by) {
      const { url, events, description } = checked(flow, settings);
      await doing(tenant, by, 'endpoint.changed', { host: new URL(url).host, events }, async (tx, now) => {
        const before = await getEndpoint(tx, tenant, id);
        // Another address has not failed yet.
        const anew = before.url === url ? {} : { failing_since: null, next_at: 0 };
        await updateEndpoint(tx, tenant, id, { url, events: JSON.stringify(events), description, ...anew, updated_at: now });
        return { subject: id, result: undefined };
      });
      flow.wake.messages();
    },

    async rotate(tenant, id, by) {
      const secret = newWebhookSecret();
      return doing(tenant, by, 'endpoint.secret-rotated', {}, async (tx, now) => {
        const before = await getEndpoint(tx, tenant, id);
        const oldUntil = now + OVERLAP_MS;
        await updateEndpoint(tx, tenant, id, { secret: sealSecret(flow, tenant, id, secret), old_secret: before.secret, old_until: oldUntil, updated_at: now });
        return { subject: id, result: { secret, oldUntil } };
      });
    },

    async remove(tenant, id, by) {
      await doing(tenant, by, 'endpoint.deleted', {}, async (tx) => {
        await getEndpoint(tx, tenant, id);
        await deleteEndpoint(tx, tenant, id);
        await clearAlarm(tx, 'endpoint-disabled', id);
        return { subject: id, result: undefined };
      });
    },
  };
}

async function active(tx: Tx, tenant: TenantId, id: EndpointId): Promise<void> {
  const { state } = await getEndpoint(tx, tenant, id);
  if (state !== 'active') throw new Problem('request.malformed', { say: 'The endpoint is disabled. Enable it first.' });
}

function createTelling(flow: Flow, doing: Doing): Pick<EndpointDesk, 'enable' | 'disable' | 'test' | 'replay' | 'replayFailed'> {
  return {
    async enable(tenant, id, by) {
      await doing(tenant, by, 'endpoint.enabled', {}, async (tx, now) => {
        await updateEndpoint(tx, tenant, id, { state: 'active', reason: null, failing_since: null, next_at: 0, updated_at: now });
        await clearAlarm(tx, 'endpoint-disabled', id);
        await wakeLanes(tx, [{ kind: 'deliver', lane: id, urgent: true }]);
        return { subject: id, result: undefined };
      });
    },

    async disable(tenant, id, by) {
      await doing(tenant, by, 'endpoint.disabled', {}, async (tx, now) => {
        await getEndpoint(tx, tenant, id);
        await disableEndpoint(tx, tenant, id, 'Disabled by a person.', now);
        return { subject: id, result: undefined };
      });
    },

    async test(tenant, id, by) {
      const message = await doing(tenant, by, 'endpoint.tested', {}, async (tx, now) => {
        await active(tx, tenant, id);
        const correlation = newId('cor', now);
        const event = testEvent(id, now);
        const body = { endpoint: id, key: `test|${correlation}`, ordinal: 0, type: event.type, at: now, payload: JSON.stringify(event), envelope: null, correlation };
        const [put] = await putMessages(tx, tenant, [body], now);
        if (!put) throw new Problem('internal.bug');
        return { subject: id, result: put };
      });
      flow.wake.messages();
      return message;
    },

    async replay(tenant, id, message, by) {
      await doing(tenant, by, 'message.replayed', { endpoint: id }, async (tx, now) => {
        await active(tx, tenant, id);
        await replayMessage(tx, tenant, id, message, now);
        return { subject: message, result: undefined };
      });
      flow.wake.messages();
    },

    async replayFailed(tenant, id, by) {
      const count = await doing(tenant, by, 'messages.replayed', {}, async (tx, now) => {
        await active(tx, tenant, id);
        return { subject: id, result: await replayFailed(tx, tenant, id, now) };
      });
      flow.wake.messages();
      return count;
    },
  };
}

/** @throws Problem `endpoint.refused`, `request.malformed` */
function checked(flow: Flow, { url, events, description }: EndpointSettings): { url: string; events: EventType[]; description: string } {
  const wanted = SUBSCRIBABLE.filter((type) => events.includes(type));
  const unknown = events.find((type) => !wanted.some((known) => known === type));
  if (unknown !== undefined)
    throw new Problem('request.malformed', { say: `"${unknown.slice(0, 80)}" is not an event that can be subscribed to. Those are ${SUBSCRIBABLE.join(', ')}.` });
  if (description.length > DESCRIPTION_CHARACTERS) throw new Problem('request.malformed', { say: `The description is longer than ${DESCRIPTION_CHARACTERS} characters.` });
  return { url: flow.outgoing.check(url.trim()).href, events: wanted, description: description.trim() };
}
