import { createHmac } from 'node:crypto';
import { manualClock } from '#lib/clock';
import { newId } from '#lib/ids';
import { createLog } from '#lib/log';
import type { EventType } from '#core/events';
import type { EndpointId, EnvelopeId, TenantId } from '#core/ids';
import { createEndpointDesk } from '#flow/desk/endpoints';
import { createDeliver } from '#flow/deliver';
import type { Flow } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { publish } from '#flow/publish';
import { createOutgoing } from '#shared/outgoing';
import { createTenant } from '#store/installs';
import type { Message } from '#store/messages';
import { startVendor, type Heard } from '../shared/server.ts';
import type { TestDatabase } from '../store/databases.ts';
import { NOW, sealer } from '../store/fixtures.ts';

const never = (): never => {
  throw new Error('Only endpoints are served here.');
};

/** A process that tells events, on a clock that stands still until it is moved. */
export async function openEndpointStage({ db }: Pick<TestDatabase, 'db'>, { timeoutMs = 2_000 } = {}) {
  const clock = manualClock(NOW);
  const lines: string[] = [];
  let told = 0;
  const flow: Flow = {
    db,
    clock,
    log: createLog('debug', { write: (line) => void lines.push(line) }),
    sealer,
    metrics: createMetrics(),
    // Without jitter: what is due is due on the dot.
    random: () => 0,
    vendors: new Map(),
    publicUrl: () => 'https://countersign.example.com',
    tokenHttp: never,
    bind: never,
    outgoing: createOutgoing({ clock, loopback: true, timeoutMs }),
    wake: { inbox: never, outbox: never, cursors: never, messages: () => undefined },
    coalesceMs: 0,
    admission: 'open',
    shippedMapping: never,
  };
  const tenant = await createTenant(db, 'Example Ltd', NOW);
  const desk = createEndpointDesk(flow);
  const deliver = createDeliver(flow);
  return {
    db,
    flow,
    clock,
    desk,
    deliver,
    tenant,
    lines,
    add: (url: string, events: readonly string[] = [], whose: TenantId = tenant) => desk.add(whose, { url, events, description: '' }, 'a test'),
    /** Tells an event as a fact would. */
    async tell(cause: string, { type = 'document_completed', whose = tenant, envelope = newId('env') }: { type?: EventType; whose?: TenantId; envelope?: EnvelopeId } = {}) {
      const about = { type, cause, ordinal: ++told, at: clock.now(), envelope, correlation: newId('cor') };
      const event = { type, timestamp: new Date(clock.now()).toISOString(), data: { envelope, note: 'für „alle“ – 🖋' } };
      await db.transaction().execute((tx) => publish(tx, whose, about, () => event, clock.now()));
    },
    /** Serves until nothing is due; returns how many turns it took. */
    async drain(): Promise<number> {
      let turns = 0;
      while (await deliver()) turns++;
      return turns;
    },
    messages: (endpoint?: EndpointId): Promise<Message[]> => {
      const all = db.selectFrom('messages').selectAll().orderBy('id');
      return (endpoint === undefined ? all : all.where('endpoint', '=', endpoint)).execute();
    },
    endpoint: (id: EndpointId) => db.selectFrom('endpoints').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    alarms: async () => (await db.selectFrom('alarms').select(['code', 'subject', 'say']).execute()).map(({ code, subject }) => `${code}|${subject}`),
  };
}
/** A receiver that answers with each of these statuses in turn, the last one for ever. */
export const receiver = (...statuses: number[]) => {
  let asked = 0;
  return startVendor((_heard, response) => response.writeHead(statuses[Math.min(asked++, statuses.length - 1)] ?? 200, { 'content-type': 'text/plain' }).end('as it is'));
};

/** Whether a receiver that knows this secret would take the message: as the specification says, worked out here by hand. */
export function verifies({ headers, body }: Heard, secret: string): boolean {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64'))
    .update(signed)
    .digest('base64');
  return String(headers['webhook-signature'])
    .split(' ')
    .some((one) => one === `v1,${expected}`);
}
