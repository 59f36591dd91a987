import { sql } from 'kysely';
import type { EnvelopeStatus, RecipientStatus } from '#core/envelope';
import type { Correlation, EnvelopeId, MappingId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { findEnvelope } from '#store/envelopes';
import type { EnvelopesTable, MappingsTable, RecipientsTable } from '#store/schema';
import { containing, cut, type Ask, type Page } from '#store/view/page';

const ROW = [
  'id',
  'deal',
  'deal_name',
  'template_name',
  'rule',
  'status',
  'attempt',
  'correlation',
  'remote',
  'reason',
  'requested_at',
  'sent_at',
  'completed_at',
  'closed_at',
  'updated_at',
] as const;

export type EnvelopeRow = Pick<EnvelopesTable, (typeof ROW)[number]> & { recipients: { role: string; status: RecipientStatus }[] };

export interface EnvelopeFilter {
  status?: EnvelopeStatus | undefined;
  /** Part of a deal's name or template's name; or the whole of a deal's, envelope's, provider's or correlation id. */
  text?: string | undefined;
}

/** Envelopes from the newest to the oldest. */
export async function listEnvelopes(db: Db, tenant: TenantId, filter: EnvelopeFilter, ask: Ask): Promise<Page<EnvelopeRow>> {
  let query = db.selectFrom('envelopes').select(ROW).where('tenant', '=', tenant);
  if (filter.status) query = query.where('status', '=', filter.status);
  if (ask.after) query = query.where('id', '<', ask.after as EnvelopeId);
  const text = filter.text?.trim();
  if (text) {
    const pattern = containing(text);
    query = query.where((where) =>
      where.or([
        where(sql<string>`lower(deal_name)`, 'like', sql<string>`${pattern} escape '\\'`),
        where(sql<string>`lower(template_name)`, 'like', sql<string>`${pattern} escape '\\'`),
        where('deal', '=', text),
        where('id', '=', text as EnvelopeId),
        where('remote', '=', text),
        where('correlation', '=', text as EnvelopesTable['correlation']),
      ]),
    );
  }
  const found = await query
    .orderBy('id', 'desc')
    .limit(ask.limit + 1)
    .execute();
  const page = cut(found, ask.limit, (row) => row.id);
  return { ...page, rows: await withRecipients(db, tenant, page.rows) };
}

async function withRecipients<Row extends { id: EnvelopeId }>(
  db: Db,
  tenant: TenantId,
  rows: Row[],
): Promise<(Row & { recipients: { role: string; status: RecipientStatus }[] })[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const recipients = await db
    .selectFrom('recipients')
    .select(['envelope', 'role', 'status', 'position'])
    .where('tenant', '=', tenant)
    .where('envelope', 'in', ids)
    .orderBy('position')
    .execute();
  return rows.map((row) => ({ ...row, recipients: recipients.filter((one) => one.envelope === row.id).map(({ role, status }) => ({ role, status })) }));
}

export async function countEnvelopes(db: Db, tenant: TenantId): Promise<Partial<Record<EnvelopeStatus, number>>> {
  const rows = await db
    .selectFrom('envelopes')
    .select((select) => ['status', select.fn.countAll<number>().as('count')])
    .where('tenant', '=', tenant)
    .groupBy('status')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]));
}

export interface EnvelopeDetail {
  envelope: EnvelopesTable;
  recipients: RecipientsTable[];
  /** The versions that it is pinned to. */
  mappings: Pick<MappingsTable, 'id' | 'kind' | 'version'>[];
  installs: { id: string; vendor: string; name: string }[];
}

/** An envelope with all that its page shows. */
export async function findEnvelopeDetail(db: Db, tenant: TenantId, id: EnvelopeId): Promise<EnvelopeDetail | undefined> {
  const found = await findEnvelope(db, tenant, id);
  if (!found) return undefined;
  const { envelope } = found;
  const pinned: MappingId[] = [envelope.send_mapping, envelope.writeback_mapping, envelope.journey_mapping];
  const mappings = await db.selectFrom('mappings').select(['id', 'kind', 'version']).where('tenant', '=', tenant).where('id', 'in', pinned).execute();
  const installs = await db.selectFrom('installs').select(['id', 'vendor', 'name']).where('tenant', '=', tenant).where('id', 'in', [envelope.crm, envelope.sign]).execute();
  return { ...found, mappings, installs };
}

/** The newest envelope that a story led to. */
export async function findEnvelopeOfStory(db: Db, tenant: TenantId, correlation: Correlation): Promise<{ id: EnvelopeId; deal_name: string } | undefined> {
  return db
    .selectFrom('envelopes')
    .select(['id', 'deal_name'])
    .where('tenant', '=', tenant)
    .where('correlation', '=', correlation)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}
