import { chunk, groupBy } from '#lib/group';
import type { FactData } from '#core/fact';
import type { KnownTouch } from '#core/frozen-attribution';
import type { EnvelopeId, TenantId } from '#core/ids';
import type { ReportedEnvelope } from '#core/report';
import { storyOf, type StatusFact } from '#core/report-story';
import { opened, type AttributionRow, type Point } from '#store/attributions';
import type { Db } from '#store/database';
import { GENESIS } from '#store/ledger';
import { listTouches } from '#store/touches';

/** So many envelopes a report looks at, the newest first. */
export const REPORT_ENVELOPES = 20_000;
const ASKED_AT_ONCE = 500;

/** Which moments of sending a report is about: from the first until before the second. */
export interface Period {
  from: number;
  to: number;
}
export interface ReportBasis {
  envelopes: ReportedEnvelope[];
  touches: KnownTouch[];
  /** Rows that were frozen, and rows that correct one of them. */
  frozen: number;
  corrections: number;
  /** The ledger's end when it was read: the figures are those of this head. */
  head: { seq: number; hash: string };
  /** Whether older envelopes of the period were left out. */
  cut: boolean;
}

/** What the ledgers hold of the envelopes that went out in a period. Their touchpoints come along where a model asks for the whole chain. */
export async function readReport(db: Db, tenant: TenantId, period: Period, whole: boolean): Promise<ReportBasis> {
  const head = await db.selectFrom('ledger_heads').select(['seq', 'hash']).where('tenant', '=', tenant).where('ledger', '=', 'attributions').executeTakeFirst();
  const end = head ?? { seq: 0, hash: GENESIS };
  const sent = await db
    .selectFrom('attributions')
    .select('envelope')
    .where('tenant', '=', tenant)
    .where('point', '=', 'sent')
    .where('corrects', 'is', null)
    .where('at', '>=', period.from)
    .where('at', '<', period.to)
    .where('seq', '<=', end.seq)
    .orderBy('at', 'desc')
    .limit(REPORT_ENVELOPES + 1)
    .execute();
  const ids = sent.slice(0, REPORT_ENVELOPES).map(({ envelope }) => envelope);
  const rows = await rowsOf(db, tenant, ids, end.seq);
  const facts = await factsOf(db, tenant, ids);
  const byEnvelope = groupBy(rows, ({ envelope }) => envelope);
  const envelopes = ids.flatMap((id) => reported(id, byEnvelope.get(id) ?? [], facts.get(id) ?? []));
  const chains = whole ? envelopes.flatMap(({ signed }) => (signed?.data.value ? signed.data.chain.ids.slice(1, -1) : [])) : [];
  const corrections = rows.filter(({ corrects }) => corrects !== null).length;
  return { envelopes, touches: await listTouches(db, tenant, chains), frozen: rows.length - corrections, corrections, head: end, cut: sent.length > REPORT_ENVELOPES };
}

async function rowsOf(db: Db, tenant: TenantId, ids: readonly EnvelopeId[], until: number): Promise<AttributionRow[]> {
  const rows: AttributionRow[] = [];
  for (const some of chunk(ids, ASKED_AT_ONCE)) {
    const found = await db.selectFrom('attributions').selectAll().where('tenant', '=', tenant).where('envelope', 'in', some).where('seq', '<=', until).execute();
    rows.push(...found.map(opened));
  }
  return rows.sort((a, b) => a.seq - b.seq);
}

async function factsOf(db: Db, tenant: TenantId, ids: readonly EnvelopeId[]): Promise<Map<EnvelopeId | null, StatusFact[]>> {
  const facts: (StatusFact & { seq: number; envelope: EnvelopeId | null })[] = [];
  for (const some of chunk(ids, ASKED_AT_ONCE)) {
    const found = await db
      .selectFrom('facts')
      .select(['seq', 'envelope', 'at', 'data'])
      .where('tenant', '=', tenant)
      .where('envelope', 'in', some)
      .where('type', '=', 'envelope.status')
      .execute();
    facts.push(...found.map(({ data, ...row }) => ({ ...row, data: JSON.parse(data) as FactData['envelope.status'] })));
  }
  return groupBy(
    facts.sort((a, b) => a.seq - b.seq),
    ({ envelope }) => envelope,
  );
}

/** Of each point the newest row holds: the frozen one, or what corrects it. When it happened no correction changes. */
function reported(envelope: EnvelopeId, rows: readonly AttributionRow[], facts: readonly StatusFact[]): ReportedEnvelope[] {
  const newest = (point: Point) => rows.findLast((row) => row.point === point);
  const sent = newest('sent');
  const signed = newest('signed');
  return sent ? [{ envelope, sentAt: sent.at, sent: sent.data, signed: signed ? { at: signed.at, data: signed.data } : null, story: storyOf(facts) }] : [];
}
