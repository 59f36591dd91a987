import type { EffectId, TenantId } from '#core/ids';
import type { EffectKind } from '#core/effect';
import type { Db } from '#store/database';
import type { ReceiptsTable } from '#store/ledger-schema';
import type { OutboxTable } from '#store/schema';
import { constant, cut, type Ask, type Page } from '#store/view/page';

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

export async function listEffects(db: Db, tenant: TenantId, filter: EffectFilter, ask: Ask): Promise<Page<EffectRow>> {
  let query = db.selectFrom('outbox').leftJoin('installs', 'installs.id', 'outbox.install').selectAll('outbox').select('installs.vendor').where('outbox.tenant', '=', tenant);
  if (filter.state) query = query.where('outbox.state', '=', constant(filter.state));
  if (filter.not) query = query.where('outbox.state', '<>', filter.not);
  if (filter.kind) query = query.where('outbox.kind', '=', filter.kind);
  if (ask.after) query = query.where('outbox.id', '<', ask.after as EffectId);
  const text = filter.text?.trim();
  if (text) {
    query = query.where((where) =>
      where.or([
        where('outbox.id', '=', text as EffectId),
        where('outbox.record', 'in', [text, `deal:${text}`, `contact:${text}`, `company:${text}`]),
        where('outbox.envelope', '=', text as NonNullable<OutboxTable['envelope']>),
        where('outbox.correlation', '=', text as OutboxTable['correlation']),
      ]),
    );
  }
  const rows = await query
    .orderBy('outbox.id', 'desc')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, (row) => row.id);
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
