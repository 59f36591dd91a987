import { sql, type ExpressionBuilder } from 'kysely';
import type { Correlation, DeliveryId, NoticeId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { UNREAD } from '#store/inbox';
import type { Database, DeliveriesTable, InboxTable } from '#store/schema';
import { constant, cut, cutAt, FOUND, LOOKED_THROUGH, unsought, type Ask, type Page } from '#store/view/page';

export type NoticeState = InboxTable['state'];
export const NOTICE_STATES: readonly NoticeState[] = ['ready', 'done', 'noted', 'dead'];
const ROW = ['id', 'tenant', 'install', 'vendor', 'delivery', 'key', 'kind', 'at', 'state', 'attempts', 'run_at', 'error', 'correlation', 'received_at'] as const;
export type NoticeRow = Pick<InboxTable, (typeof ROW)[number]>;

export interface NoticeFilter {
  state?: NoticeState | undefined;
  /** The beginning of an event's name, or the whole of a key, an id or a correlation id. */
  text?: string | undefined;
}

/**
 * Notices from the newest to the oldest. What is searched for as a whole is found whenever it came; otherwise, where no index serves the filter, a bounded part of
 * them is looked through for each page.
 */
export async function listNotices(db: Db, tenant: TenantId, filter: NoticeFilter, ask: Ask): Promise<Page<NoticeRow>> {
  const { state } = filter;
  const text = filter.text?.trim();
  if (state === 'ready') return cut(await waitingNotices(db, tenant, text, ask), ask.limit, ({ id }) => id);
  const all = noticesOf(db, tenant, state, ask);
  const called = text ? await noticesCalled(db, tenant, text) : [];
  if (called.length > 0) return cut(await all.where('id', 'in', called).execute(), ask.limit, ({ id }) => id);
  const border = state === 'dead' || (state === undefined && !text) ? null : await borderOf(db, tenant, ask);
  const near = border === null ? all : all.where('id', '>=', border);
  return cutAt(await near.where(matches(text)).execute(), ask.limit, ({ id }) => id, border);
}

/** The last notice that is looked at for a page; null where all of them are. */
async function borderOf(db: Db, tenant: TenantId, ask: Ask): Promise<NoticeId | null> {
  const [border, more] = await noticesOf(db, tenant, undefined, { ...ask, limit: 1 })
    .clearSelect()
    .select('id')
    .offset(LOOKED_THROUGH - 1)
    .execute();
  return border && more ? border.id : null;
}

function noticesOf(db: Db, tenant: TenantId, state: NoticeState | undefined, { after, limit }: Ask) {
  return db
    .selectFrom('inbox')
    .select(ROW)
    .where('tenant', '=', tenant)
    .$if(state !== undefined, (all) => all.where('state', '=', constant(state ?? 'done')))
    .$if(after !== undefined, (all) => all.where('id', '<', after as NoticeId))
    .orderBy('id', 'desc')
    .limit(limit + 1);
}

/** Those that wait are few beside all that ever came, so that they are sorted: their index has another order. */
function waitingNotices(db: Db, tenant: TenantId, text: string | undefined, { after, limit }: Ask): Promise<NoticeRow[]> {
  const waiting = db.selectFrom('inbox').select(ROW).where('tenant', '=', tenant).where('state', '=', constant('ready')).where(matches(text));
  const next = after === undefined ? waiting : waiting.where(unsought('id'), '<', after);
  return next
    .orderBy(unsought('id'), 'desc')
    .limit(limit + 1)
    .execute();
}

const matches = (text: string | undefined) => (where: ExpressionBuilder<Database, 'inbox'>) =>
  text
    ? where.or([where('kind', 'like', `${text}%`), where('key', '=', text), where('id', '=', text as NoticeId), where('correlation', '=', text as Correlation)])
    : sql<boolean>`1 = 1`;

/** Ids of the notices of that key, id or story, each found by an index; a story's by the facts that they became, for notices have no index by correlation. */
async function noticesCalled(db: Db, tenant: TenantId, text: string): Promise<NoticeId[]> {
  const all = db.selectFrom('inbox').select('id').limit(FOUND);
  const installs = db.selectFrom('installs').select('id').where('tenant', '=', tenant);
  const told = db.selectFrom('facts').select('notice as id').where('tenant', '=', tenant).where('notice', 'is not', null).limit(FOUND);
  const found = [
    ...(await all
      .where('tenant', '=', tenant)
      .where('id', '=', text as NoticeId)
      .execute()),
    ...(await all.where(unsought('tenant'), '=', tenant).where('install', 'in', installs).where('key', '=', text).execute()),
    ...(await told.where('correlation', '=', text as Correlation).execute()),
  ];
  return found.flatMap(({ id }) => id ?? []);
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

export async function countFaulty(db: Db): Promise<number> {
  const counted = db.selectFrom('deliveries').select(({ fn }) => fn.countAll<number>().as('count'));
  return Number((await counted.where('fault', 'is not', null).executeTakeFirstOrThrow()).count);
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
  if (all || notice.kind === UNREAD) return { text, withheld: false };
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
