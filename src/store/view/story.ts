import type { Correlation, EnvelopeId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { FactsTable, OutboxTable, ReceiptsTable } from '#store/schema';

/** More than any real story holds; a runaway one is cut, and says so. */
const STORY_BOUND = 1000;

export interface Story {
  facts: FactsTable[];
  effects: (OutboxTable & { vendor: string | null })[];
  receipts: ReceiptsTable[];
  /** Whether some of it was left out. */
  cut: boolean;
}

/** Everything of one correlation; and, where an envelope is given, all else that was ever heard of that envelope. */
export async function readStory(db: Db, tenant: TenantId, of: { correlation: Correlation; envelope?: EnvelopeId }): Promise<Story> {
  const envelope = of.envelope;
  const facts = await db
    .selectFrom('facts')
    .selectAll()
    .where('tenant', '=', tenant)
    .where((where) => (envelope ? where.or([where('correlation', '=', of.correlation), where('envelope', '=', envelope)]) : where('correlation', '=', of.correlation)))
    .orderBy('seq')
    .limit(STORY_BOUND)
    .execute();
  const correlations = [...new Set([of.correlation, ...facts.map((fact) => fact.correlation)])];
  const ours = (row: { correlation: Correlation; envelope: EnvelopeId | null }) => row.correlation === of.correlation || row.envelope === envelope;
  const effects = await db
    .selectFrom('outbox')
    .leftJoin('installs', 'installs.id', 'outbox.install')
    .selectAll('outbox')
    .select('installs.vendor')
    .where('outbox.tenant', '=', tenant)
    .where('outbox.correlation', 'in', correlations)
    .orderBy('outbox.ordinal')
    .limit(STORY_BOUND)
    .execute();
  const receipts = await db.selectFrom('receipts').selectAll().where('tenant', '=', tenant).where('correlation', 'in', correlations).orderBy('seq').limit(STORY_BOUND).execute();
  return {
    facts,
    effects: effects.filter(ours),
    receipts: receipts.filter(ours),
    cut: [facts, effects, receipts].some((rows) => rows.length === STORY_BOUND),
  };
}
