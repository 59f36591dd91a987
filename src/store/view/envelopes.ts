import { sql } from 'kysely';
import { ENVELOPE_STATUSES, type EnvelopeStatus, type RecipientStatus } from '#core/envelope';
import type { Correlation, EnvelopeId, MappingId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import { findEnvelope } from '#store/envelopes';
import type { EnvelopesTable, MappingsTable, RecipientsTable } from '#store/schema';
import { containing, COUNTED_TO, cut, cutAt, FOUND, LOOKED_THROUGH, unsought, type Ask, type Page } from '#store/view/page';

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
  /** The whole of a deal's, envelope's, provider's or correlation id; where nothing is called so, part of a deal's name or template's name. */
  text?: string | undefined;
}

/**
 * Envelopes from the newest to the oldest. What is searched for as a whole is found whenever it was; if nothing is called so, names are looked through, a bounded
 * part for each page.
 */
export async function listEnvelopes(db: Db, tenant: TenantId, filter: EnvelopeFilter, ask: Ask): Promise<Page<EnvelopeRow>> {
  const text = filter.text?.trim();
  if (!text) {
    const page = cut(await envelopesOf(db, tenant, filter, ask).execute(), ask.limit, ({ id }) => id);
    return { ...page, rows: await withRecipients(db, tenant, page.rows) };
  }
  const ids = await envelopesCalled(db, tenant, text);
  const page = await (ids.length > 0 ? listOf(db, tenant, filter, ask, ids) : listNamed(db, tenant, filter, ask, text));
  return { ...page, rows: await withRecipients(db, tenant, page.rows) };
}

function envelopesOf(db: Db, tenant: TenantId, { status }: EnvelopeFilter, { after, limit }: Ask) {
  return db
    .selectFrom('envelopes')
    .select(ROW)
    .where('tenant', '=', tenant)
    .$if(status !== undefined, (all) => all.where('status', '=', status ?? 'requested'))
    .$if(after !== undefined, (all) => all.where('id', '<', after as EnvelopeId))
    .orderBy('id', 'desc')
    .limit(limit + 1);
}

async function listOf(db: Db, tenant: TenantId, filter: EnvelopeFilter, ask: Ask, ids: EnvelopeId[]) {
  return cut(await envelopesOf(db, tenant, filter, ask).where('id', 'in', ids).execute(), ask.limit, ({ id }) => id);
}

async function listNamed(db: Db, tenant: TenantId, filter: EnvelopeFilter, ask: Ask, text: string) {
  const pattern = containing(text);
  const looked = await envelopesOf(db, tenant, filter, { ...ask, limit: 1 })
    .offset(LOOKED_THROUGH - 1)
    .execute();
  const border = looked.length > 1 ? looked[0] : undefined;
  const named = envelopesOf(db, tenant, filter, ask).where((where) =>
    where.or([sql<boolean>`lower(deal_name) like ${pattern} escape '\\'`, sql<boolean>`lower(template_name) like ${pattern} escape '\\'`]),
  );
  const rows = await (border ? named.where('id', '>=', border.id) : named).execute();
  return cutAt(rows, ask.limit, ({ id }) => id, border?.id ?? null);
}

/** Ids of a deal's envelopes, or of the one whose own, provider's or correlation id it is: each by its index, which one question with `or` between them has not. */
async function envelopesCalled(db: Db, tenant: TenantId, text: string): Promise<EnvelopeId[]> {
  const all = db.selectFrom('envelopes').select('id').limit(FOUND);
  const ours = all.where('tenant', '=', tenant);
  const installs = db.selectFrom('installs').select('id').where('tenant', '=', tenant);
  const found = [
    ...(await ours.where('id', '=', text as EnvelopeId).execute()),
    ...(await ours.where('crm', 'in', installs).where('deal', '=', text).execute()),
    ...(await all.where(unsought('tenant'), '=', tenant).where('sign', 'in', installs).where('remote', '=', text).execute()),
    ...(await ours.where('correlation', '=', text as Correlation).execute()),
  ];
  return [...new Set(found.map(({ id }) => id))];
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

/** How many there are of each status, up to `COUNTED_TO`; one more stands for any number above. */
export async function countEnvelopes(db: Db, tenant: TenantId): Promise<Partial<Record<EnvelopeStatus, number>>> {
  const counts: Partial<Record<EnvelopeStatus, number>> = {};
  for (const status of ENVELOPE_STATUSES) {
    const some = db
      .selectFrom('envelopes')
      .select('id')
      .where('tenant', '=', tenant)
      .where('status', '=', status)
      .limit(COUNTED_TO + 1);
    const { count } = await db
      .selectFrom(some.as('some'))
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (Number(count) > 0) counts[status] = Number(count);
  }
  return counts;
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
    .orderBy(unsought('id'), 'desc')
    .limit(1)
    .executeTakeFirst();
}
