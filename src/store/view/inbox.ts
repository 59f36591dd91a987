import type { DeliveryId, NoticeId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { DeliveriesTable, InboxTable } from '#store/schema';
import { constant, cut, type Ask, type Page } from '#store/view/page';

export type NoticeState = InboxTable['state'];
export const NOTICE_STATES: readonly NoticeState[] = ['ready', 'done', 'noted', 'dead'];
const ROW = ['id', 'tenant', 'install', 'vendor', 'delivery', 'key', 'kind', 'at', 'state', 'attempts', 'run_at', 'error', 'correlation', 'received_at'] as const;
export type NoticeRow = Pick<InboxTable, (typeof ROW)[number]>;

export async function listNotices(db: Db, tenant: TenantId, filter: { state?: NoticeState | undefined; text?: string | undefined }, ask: Ask): Promise<Page<NoticeRow>> {
  let query = db.selectFrom('inbox').select(ROW).where('tenant', '=', tenant);
  if (filter.state) query = query.where('state', '=', constant(filter.state));
  if (ask.after) query = query.where('id', '<', ask.after as NoticeId);
  const text = filter.text?.trim();
  if (text)
    query = query.where((where) =>
      where.or([where('kind', 'like', `${text}%`), where('key', '=', text), where('id', '=', text as NoticeId), where('correlation', '=', text as NoticeRow['correlation'])]),
    );
  const rows = await query
    .orderBy('id', 'desc')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, (row) => row.id);
}

export async function findNotice(db: Db, tenant: TenantId, id: NoticeId): Promise<InboxTable | undefined> {
  return db.selectFrom('inbox').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
}

export type FaultyRow = Pick<DeliveriesTable, 'id' | 'vendor' | 'received_at' | 'fault'>;

/** Deliveries that were signed but could not be read. They name no tenant, so they are for operators alone. */
export async function listFaulty(db: Db, ask: Ask): Promise<Page<FaultyRow>> {
  let query = db.selectFrom('deliveries').select(['id', 'vendor', 'received_at', 'fault']).where('fault', 'is not', null);
  if (ask.after) query = query.where('id', '<', ask.after as DeliveryId);
  const rows = await query
    .orderBy('id', 'desc')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, (row) => row.id);
}

export async function findFaulty(db: Db, id: DeliveryId): Promise<DeliveriesTable | undefined> {
  return db.selectFrom('deliveries').selectAll().where('id', '=', id).where('fault', 'is not', null).executeTakeFirst();
}

/** What was told: the notice's own payload, or its delivery's body. Null where it is gone, or `withheld` where it also tells of others' accounts. */
export async function noticeContent(db: Db, tenant: TenantId, notice: InboxTable, all: boolean): Promise<{ text: string | null; withheld: boolean }> {
  if (notice.payload !== null || notice.delivery === null) return { text: notice.payload, withheld: false };
  const delivery = await db.selectFrom('deliveries').select('body').where('id', '=', notice.delivery).executeTakeFirst();
  if (!delivery?.body) return { text: null, withheld: false };
  const text = Buffer.from(delivery.body).toString('utf8');
  if (all) return { text, withheld: false };
  const own = await db
    .selectFrom('inbox')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('tenant', '=', tenant)
    .where('delivery', '=', notice.delivery)
    .executeTakeFirstOrThrow();
  return Number(own.count) >= eventsIn(text) ? { text, withheld: false } : { text: null, withheld: true };
}

/** A batch is a JSON array, which one vendor fills with events of many accounts; any other body is one event. */
function eventsIn(body: string): number {
  try {
    const value: unknown = JSON.parse(body);
    return Array.isArray(value) ? value.length : 1;
  } catch {
    return 1;
  }
}
