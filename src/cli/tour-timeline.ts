import { groupBy } from '#lib/group';
import type { Correlation, EnvelopeId, TenantId } from '#core/ids';
import { getEnvelope } from '#store/envelopes';
import type { World } from '../world.ts';

export interface StoryLine {
  at: number;
  correlation: Correlation;
  what: string;
  why: string;
}

/** Everything with an envelope's correlation id, in order: facts with why, effects with what became of them. */
export async function storyLines({ db }: World, tenant: TenantId, id: EnvelopeId): Promise<StoryLine[]> {
  const { envelope } = await getEnvelope(db, tenant, id);
  const { correlation } = envelope;
  const facts = await db
    .selectFrom('facts')
    .select(['recorded_at', 'type', 'why', 'seq'])
    .where('tenant', '=', tenant)
    .where('correlation', '=', correlation)
    .orderBy('seq')
    .execute();
  const receipts = await db
    .selectFrom('receipts')
    .select(['at', 'kind', 'outcome', 'detail', 'seq'])
    .where('tenant', '=', tenant)
    .where('correlation', '=', correlation)
    .orderBy('seq')
    .execute();
  const lines = [
    ...facts.map((fact) => ({ at: fact.recorded_at, correlation, what: fact.type, why: fact.why })),
    ...receipts.map((receipt) => ({ at: receipt.at, correlation, what: `→ ${receipt.kind}`, why: sayReceipt(receipt.outcome, receipt.detail) })),
  ];
  return [
    ...groupBy(
      lines.sort((a, b) => a.at - b.at),
      (line) => `${line.at}|${line.what}|${line.why}`,
    ).values(),
  ].flatMap(mergedLine);
}

/** Writes that went out as one are told as one. */
function mergedLine(lines: StoryLine[]): StoryLine[] {
  const [first] = lines;
  if (!first) return [];
  return [lines.length === 1 ? first : { ...first, why: `${first.why} (${lines.length} changes in one call)` }];
}

function sayReceipt(outcome: string, detail: string): string {
  const { say, fields } = JSON.parse(detail) as { say?: string; fields?: string[] };
  if (say) return `${outcome}: ${say}`;
  return fields ? `${outcome}: ${fields.join(', ')}` : outcome;
}
