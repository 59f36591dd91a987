import { sql } from 'kysely';
import type { Correlation, EnvelopeId, TenantId } from '#core/ids';
import type { Db } from '#store/database';
import type { FactsTable, ReceiptsTable } from '#store/ledger-schema';
import type { OutboxTable } from '#store/schema';

/** More than any real story holds; a runaway one is cut, and says so. */
const STORY_BOUND = 1000;

export interface Story {
  facts: FactsTable[];
  effects: (OutboxTable & { vendor: string | null })[];
  receipts: ReceiptsTable[];
  /** Whether some of it was left out. */
  cut: boolean;
}

/** With a plain `order by seq` SQLite walks through the tenant's whole ledger, since that is in order already, instead of seeking the few rows. */
const bySeq = sql`+seq`;

/** Everything of one correlation; and, where an envelope is given, all else that was ever heard of that envelope. */
export async function readStory(db: Db, tenant: TenantId, of: { correlation: Correlation; envelope?: EnvelopeId }): Promise<Story> {
  const facts = await readFacts(db, tenant, of);
  const correlations = [...new Set([of.correlation, ...facts.map((fact) => fact.correlation)])];
  const ours = (row: { correlation: Correlation; envelope: EnvelopeId | null }) => row.correlation === of.correlation || row.envelope === of.envelope;
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
  const receipts = await db.selectFrom('receipts').selectAll().where('tenant', '=', tenant).where('correlation', 'in', correlations).orderBy(bySeq).limit(STORY_BOUND).execute();
  return {
    facts,
    effects: effects.filter(ours),
    receipts: receipts.filter(ours),
    cut: [facts, effects, receipts].some((rows) => rows.length >= STORY_BOUND),
  };
}

/** Questions by themselves instead of one with `or`: each has an index. */
async function readFacts(db: Db, tenant: TenantId, of: { correlation: Correlation; envelope?: EnvelopeId }): Promise<FactsTable[]> {
  const facts = db.selectFrom('facts').selectAll().where('tenant', '=', tenant).orderBy(bySeq).limit(STORY_BOUND);
  const told = await facts.where('correlation', '=', of.correlation).execute();
  const more = of.envelope ? await facts.where('envelope', '=', of.envelope).execute() : [];
  const others = [...new Set(more.map((fact) => fact.correlation))].filter((correlation) => correlation !== of.correlation);
  const deal = more.find((fact) => fact.deal !== null)?.deal ?? null;
  // What became of the envelope later may have begun with its deal: a move back to an earlier stage.
  const began = others.length > 0 ? await facts.where('correlation', 'in', others).where('envelope', 'is', null).where('deal', '=', deal).execute() : [];
  const bySeqNumber = new Map([...told, ...more, ...began].map((fact) => [fact.seq, fact]));
  return [...bySeqNumber.values()].sort((a, b) => a.seq - b.seq);
}
