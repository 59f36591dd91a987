import type { EnvelopeId, TenantId } from '#core/ids';
import type { Db, Tx } from '#store/database';
import * as endpoints from '#store/endpoints';
import * as messages from '#store/messages';
import * as view from '#store/view/endpoints';
import { NOW } from './fixtures.ts';

/** An endpoint of A's, with a message that waits and one that failed. */
export async function furnishEndpoint(db: Db, tenant: TenantId, envelope: EnvelopeId) {
  const given = { url: 'https://example.com/hook-of-a', events: [], description: '', createdBy: 'a test' };
  const endpoint = await db.transaction().execute((tx) => endpoints.putEndpoint(tx, tenant, given, () => 'sealed', NOW));
  const told = { endpoint: endpoint.id, ordinal: 1, type: 'document_sent', at: NOW, payload: '{"of":"a"}', envelope, correlation: 'cor_of_a' } as const;
  const both = [
    { ...told, key: 'waiting-of-a' },
    { ...told, key: 'failed-of-a' },
  ];
  await db.transaction().execute((tx) => messages.putMessages(tx, tenant, both, NOW));
  await db.updateTable('messages').set({ state: 'failed' }).where('key', '=', 'failed-of-a').execute();
  const message = await db.selectFrom('messages').selectAll().where('key', '=', 'failed-of-a').executeTakeFirstOrThrow();
  return { endpoint, message };
}

type A = Awaited<ReturnType<typeof furnishEndpoint>>;
const OF_B = { url: 'https://example.com/', events: [], description: '', createdBy: 'b' };

/** How another tenant asks for what is A's. */
export const ENDPOINT_CASES: Record<string, (db: Tx, b: TenantId, a: A) => Promise<unknown>> = {
  'endpoints.putEndpoint': (db, b) => endpoints.putEndpoint(db, b, OF_B, () => 'sealed', NOW),
  'endpoints.getEndpoint': (db, b, a) => endpoints.getEndpoint(db, b, a.endpoint.id),
  'endpoints.listSubscribed': (db, b) => endpoints.listSubscribed(db, b, 'document_sent'),
  'endpoints.updateEndpoint': (db, b, a) => endpoints.updateEndpoint(db, b, a.endpoint.id, { url: 'https://example.com/taken' }),
  'endpoints.disableEndpoint': (db, b, a) => endpoints.disableEndpoint(db, b, a.endpoint.id, 'Taken.', NOW),
  'endpoints.deleteEndpoint': (db, b, a) => endpoints.deleteEndpoint(db, b, a.endpoint.id),
  'messages.putMessages': (db, b, a) =>
    messages.putMessages(
      db,
      b,
      [{ endpoint: a.endpoint.id, key: 'waiting-of-a', ordinal: 1, type: 'document_sent', at: NOW, payload: '{}', envelope: null, correlation: 'cor_b' }],
      NOW,
    ),
  'messages.settleMessage': (db, b, a) => messages.settleMessage(db, b, a.message, { state: 'done', status: 200, answer: null, error: null }, NOW),
  'messages.replayMessage': (db, b, a) => messages.replayMessage(db, b, a.endpoint.id, a.message.id, NOW),
  'messages.replayFailed': (db, b, a) => messages.replayFailed(db, b, a.endpoint.id, NOW),
  'view.listEndpoints': (db, b) => view.listEndpoints(db, b),
  'view.findEndpoint': (db, b, a) => view.findEndpoint(db, b, a.endpoint.id),
  'view.listMessages': (db, b, a) => view.listMessages(db, b, a.endpoint.id, {}, { limit: 10 }),
  'view.findMessage': (db, b, a) => view.findMessage(db, b, a.endpoint.id, a.message.id),
};
