import { newId } from '#lib/ids';
import type { FrozenAttribution } from '#core/frozen-attribution';
import type { AttributionId, EnvelopeId, TenantId } from '#core/ids';
import { Problem } from '#core/problem';
import type { Db, Tx } from '#store/database';
import { append, openLedger } from '#store/ledger';
import type { AttributionsTable } from '#store/ledger-schema';

export type Point = AttributionsTable['point'];
/** A row of the ledger with its content opened. */
export type AttributionRow = Omit<AttributionsTable, 'data'> & { data: FrozenAttribution };

/** The rows that stand of an envelope, by their points. */
export type Frozen = ReadonlyMap<Point, AttributionRow>;
/** What is to be frozen. `data` is asked only where nothing is yet, and told what is. */
export interface Freezing {
  point: Point;
  at: number;
  why: string;
  data: (frozen: Frozen) => Promise<FrozenAttribution>;
}

/** Freezes what brought an envelope, at points of its life, in their order. What is frozen of a point already stays, and nothing is added. Returns what stands then. */
export async function freezeAttribution(tx: Tx, tenant: TenantId, envelope: EnvelopeId, points: readonly Freezing[], now: number): Promise<Frozen> {
  const ledger = await openLedger(tx, tenant, 'attributions');
  const frozen = new Map(await listFrozen(tx, tenant, envelope));
  for (const { data, ...rest } of points.filter(({ point }) => !frozen.has(point))) {
    const text = JSON.stringify(await data(frozen));
    frozen.set(rest.point, opened(ledger.add({ ...rest, envelope, id: newId('atr', now), data: text, corrects: null, by: 'countersign' })));
  }
  await ledger.write();
  return frozen;
}

/** What was frozen of an envelope, never a correction. */
export async function listFrozen(db: Db, tenant: TenantId, envelope: EnvelopeId): Promise<Frozen> {
  const rows = await db.selectFrom('attributions').selectAll().where('tenant', '=', tenant).where('envelope', '=', envelope).where('corrects', 'is', null).execute();
  return new Map(rows.map((row) => [row.point, opened(row)]));
}

/** @throws Problem `request.not-found` */
export async function getAttribution(db: Db, tenant: TenantId, id: AttributionId): Promise<AttributionRow> {
  const row = await db.selectFrom('attributions').selectAll().where('tenant', '=', tenant).where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('request.not-found', { say: 'There is no attribution of that id.' });
  return opened(row);
}

/** Adds a row that points back at the one that it corrects, which stays as it is. */
export async function appendCorrection(
  tx: Tx,
  tenant: TenantId,
  of: AttributionRow,
  data: FrozenAttribution,
  said: { by: string; why: string },
  now: number,
): Promise<AttributionRow> {
  const { envelope, point, id, at } = of;
  const [row] = await append(tx, tenant, 'attributions', [{ id: newId('atr', now), envelope, point, at, data: JSON.stringify(data), corrects: id, ...said }]);
  if (!row) throw new Error('A row was appended.');
  return opened(row);
}

/** What was frozen of an envelope and every correction of it, in the order of the ledger. */
export async function listAttributions(db: Db, tenant: TenantId, envelope: EnvelopeId): Promise<AttributionRow[]> {
  const rows = await db.selectFrom('attributions').selectAll().where('tenant', '=', tenant).where('envelope', '=', envelope).orderBy('seq').execute();
  return rows.map(opened);
}

export function opened(row: AttributionsTable): AttributionRow {
  return { ...row, data: JSON.parse(row.data) as FrozenAttribution };
}
