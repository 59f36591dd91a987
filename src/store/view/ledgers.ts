import type { TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { AuditTable, LedgerHeadsTable } from '#store/ledger-schema';
import { cut, type Ask, type Page } from '#store/view/page';

export async function ledgerHeads(db: Db, tenant: TenantId): Promise<LedgerHeadsTable[]> {
  return db.selectFrom('ledger_heads').selectAll().where('tenant', '=', tenant).execute();
}

/** Audit entries from the newest to the oldest; `after` is a place in the ledger. `actions` are those whose words hold the text. */
export async function listAudit(db: Db, tenant: TenantId, filter: { text?: string | undefined; actions?: readonly string[] }, ask: Ask): Promise<Page<AuditTable>> {
  let query = db.selectFrom('audit').selectAll().where('tenant', '=', tenant);
  if (ask.after) query = query.where('seq', '<', Number(ask.after) || 0);
  const text = filter.text?.trim();
  const { actions = [] } = filter;
  if (text)
    query = query.where((where) =>
      where.or([where('action', 'like', `${text}%`), where('actor', '=', text), where('subject', '=', text), ...(actions.length > 0 ? [where('action', 'in', actions)] : [])]),
    );
  const rows = await query
    .orderBy('seq', 'desc')
    .limit(ask.limit + 1)
    .execute();
  return cut(rows, ask.limit, (row) => String(row.seq));
}
