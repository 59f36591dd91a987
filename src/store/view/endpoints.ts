import type { EndpointId, MessageId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { EndpointsTable, MessagesTable } from '#store/endpoints-schema';
import { constant, cut, type Ask, type Page } from '#store/view/page';

export type MessageState = MessagesTable['state'];
export const MESSAGE_STATES: readonly MessageState[] = ['ready', 'leased', 'done', 'failed'];

const ENDPOINT = [
  'tenant',
  'id',
  'url',
  'events',
  'description',
  'state',
  'reason',
  'old_until',
  'failing_since',
  'last_ok_at',
  'next_at',
  'created_by',
  'created_at',
  'updated_at',
] as const;
/** Its secrets never leave the store for a page. */
export type EndpointView = Pick<EndpointsTable, (typeof ENDPOINT)[number]> & { waiting: number; failed: number };
export type MessageRow = Omit<MessagesTable, 'payload' | 'key' | 'ordinal' | 'epoch'>;
const MESSAGE = [
  'tenant',
  'id',
  'endpoint',
  'type',
  'at',
  'envelope',
  'correlation',
  'state',
  'attempts',
  'run_at',
  'status',
  'answer',
  'error',
  'created_at',
  'updated_at',
] as const;

/** The tenant's endpoints, oldest first. There are few, so they are not paged. */
export async function listEndpoints(db: Db, tenant: TenantId): Promise<EndpointView[]> {
  const rows = await db.selectFrom('endpoints').select(ENDPOINT).where('tenant', '=', tenant).orderBy('id').execute();
  const waiting = await countMessages(db, tenant, 'ready');
  const failed = await countMessages(db, tenant, 'failed');
  return rows.map((row) => ({ ...row, waiting: waiting.get(row.id) ?? 0, failed: failed.get(row.id) ?? 0 }));
}

export async function findEndpoint(db: Db, tenant: TenantId, id: EndpointId): Promise<EndpointView | undefined> {
  return (await listEndpoints(db, tenant)).find((endpoint) => endpoint.id === id);
}

async function countMessages(db: Db, tenant: TenantId, state: 'ready' | 'failed'): Promise<Map<EndpointId, number>> {
  const own = db.selectFrom('endpoints').select('id').where('tenant', '=', tenant);
  const rows = await db
    .selectFrom('messages')
    .select(({ fn }) => ['endpoint', fn.countAll<number>().as('count')])
    .where('endpoint', 'in', own)
    .where('state', '=', constant(state))
    .groupBy('endpoint')
    .execute();
  return new Map(rows.map(({ endpoint, count }) => [endpoint, Number(count)]));
}

/** Messages of an endpoint from the newest to the oldest, without what they say. */
export async function listMessages(
  db: Db,
  tenant: TenantId,
  endpoint: EndpointId,
  filter: { state?: MessageState | undefined; text?: string | undefined },
  ask: Ask,
): Promise<Page<MessageRow>> {
  let query = db.selectFrom('messages').select(MESSAGE).where('tenant', '=', tenant).where('endpoint', '=', endpoint);
  if (filter.state) query = query.where('state', '=', constant(filter.state));
  if (ask.after) query = query.where('id', '<', ask.after as MessageId);
  const text = filter.text?.trim();
  if (text) {
    query = query.where((where) =>
      where.or([
        where('id', '=', text as MessageId),
        where('type', '=', text as MessagesTable['type']),
        where('envelope', '=', text as NonNullable<MessagesTable['envelope']>),
        where('correlation', '=', text as MessagesTable['correlation']),
      ]),
    );
  }
  const rows = await query
    .orderBy('id', 'desc')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, (row) => row.id);
}

export async function findMessage(db: Db, tenant: TenantId, endpoint: EndpointId, id: MessageId): Promise<MessagesTable | undefined> {
  return db.selectFrom('messages').selectAll().where('tenant', '=', tenant).where('endpoint', '=', endpoint).where('id', '=', id).executeTakeFirst();
}
