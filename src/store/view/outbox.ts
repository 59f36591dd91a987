import { sql } from 'kysely';
import type { Correlation, EffectId, EnvelopeId, TenantId } from '#core/ids';
import type { EffectKind } from '#core/effect';
import type { Db } from '#store/database';
import type { ReceiptsTable } from '#store/ledger-schema';
import type { OutboxTable } from '#store/schema';
import { constant, cutAt, FOUND, LOOKED_THROUGH, unsought, type Ask, type Page } from '#store/view/page';

export type EffectState = OutboxTable['state'];
export const EFFECT_STATES: readonly EffectState[] = ['parked', 'held', 'ready', 'leased', 'done', 'cancelled'];
export type EffectRow = OutboxTable & { vendor: string | null };
export interface EffectFilter {
  state?: EffectState | undefined;
  /** Left out of the list, because the page shows it elsewhere. */
  not?: EffectState | undefined;
  kind?: EffectKind | undefined;
  /** The whole of an effect's, record's, envelope's or correlation id. */
  text?: string | undefined;
}

/** States of which there are few, each with an index of its own that begins with the install. */
const OPEN: readonly EffectState[] = ['ready', 'leased', 'held'];

/** Effects from the newest to the oldest. Where no index serves the filter, a bounded part of them is looked through for each page. */
export async function listEffects(db: Db, tenant: TenantId, filter: EffectFilter, ask: Ask): Promise<Page<EffectRow>> {
  const text = filter.text?.trim();
  const few = text ? await effectsCalled(db, tenant, text) : null;
  if (few?.length === 0) return { rows: [], next: null };
  const wanted = effectsOf(db, tenant, filter, ask, few);
  const bounded = few === null && (filter.kind !== undefined || filter.state === 'done' || filter.state === 'cancelled');
  const border = bounded ? await borderOf(db, tenant, ask) : null;
  const rows = await (border === null ? wanted : wanted.where('outbox.id', '>=', border)).execute();
  return cutAt(rows, ask.limit, ({ id }) => id, border);
}

function effectsOf(db: Db, tenant: TenantId, { state, not, kind }: EffectFilter, { after, limit }: Ask, ids: EffectId[] | null) {
  const open = ids === null && state !== undefined && OPEN.includes(state);
  const installs = db.selectFrom('installs').select('id').where('tenant', '=', tenant);
  const id = ids !== null || open ? unsought('outbox.id') : sql.ref<string>('outbox.id');
  return db
    .selectFrom('outbox')
    .leftJoin('installs', 'installs.id', 'outbox.install')
    .selectAll('outbox')
    .select('installs.vendor')
    .where(open ? unsought('outbox.tenant') : sql.ref<string>('outbox.tenant'), '=', tenant)
    .$if(open, (some) => some.where('outbox.install', 'in', installs))
    .$if(ids !== null, (some) => some.where('outbox.id', 'in', ids ?? []))
    .$if(state !== undefined, (some) => some.where('outbox.state', '=', constant(state ?? 'done')))
    .$if(not !== undefined, (some) => some.where('outbox.state', '<>', not ?? 'done'))
    .$if(kind !== undefined, (some) => some.where('outbox.kind', '=', kind ?? 'record.write'))
    .$if(after !== undefined, (some) => some.where(id, '<', after ?? ''))
    .orderBy(id, 'desc')
    .limit(limit + 1);
}

/** The last effect that is looked at for a page; null where all of them are. */
async function borderOf(db: Db, tenant: TenantId, ask: Ask): Promise<EffectId | null> {
  const [border, more] = await effectsOf(db, tenant, {}, { ...ask, limit: 1 }, null)
    .clearSelect()
    .select('outbox.id')
    .offset(LOOKED_THROUGH - 1)
    .execute();
  return border && more ? border.id : null;
}

/** Ids of the effects of a record, an envelope or a story, or of the one whose id it is: each by its index. An envelope's are found by its stories. */
async function effectsCalled(db: Db, tenant: TenantId, text: string): Promise<EffectId[]> {
  const all = db.selectFrom('outbox').select('id').where('tenant', '=', tenant).limit(FOUND);
  const envelope = text as EnvelopeId;
  const stories = [
    ...(await db.selectFrom('envelopes').select('correlation').where('tenant', '=', tenant).where('id', '=', envelope).execute()),
    ...(await db.selectFrom('facts').select('correlation').where('tenant', '=', tenant).where('envelope', '=', envelope).limit(FOUND).execute()),
  ].map(({ correlation }) => correlation);
  const found = [
    ...(await all.where('id', '=', text as EffectId).execute()),
    ...(await all.where('record', 'in', [text, `deal:${text}`, `contact:${text}`, `company:${text}`]).execute()),
    ...(await all.where('correlation', '=', text as Correlation).execute()),
    ...(stories.length > 0 ? await all.where('correlation', 'in', stories).where('envelope', '=', envelope).execute() : []),
  ];
  return [...new Set(found.map(({ id }) => id))];
}

export async function findEffect(db: Db, tenant: TenantId, id: EffectId): Promise<{ effect: EffectRow; receipts: ReceiptsTable[] } | undefined> {
  const effect = await db
    .selectFrom('outbox')
    .leftJoin('installs', 'installs.id', 'outbox.install')
    .selectAll('outbox')
    .select('installs.vendor')
    .where('outbox.tenant', '=', tenant)
    .where('outbox.id', '=', id)
    .executeTakeFirst();
  if (!effect) return undefined;
  return { effect, receipts: await db.selectFrom('receipts').selectAll().where('tenant', '=', tenant).where('effect', '=', id).orderBy('seq').execute() };
}
