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

/** Freezes what brought an envelope, at one point of its life. What is frozen of that point already stays: then nothing is added, and the answer is the row that stands. */
export async function freezeAttribution(
  tx: Tx,
  tenant: TenantId,
  frozen: { envelope: EnvelopeId; point: Point; at: number; data: FrozenAttribution; why: string },
  now: number,
): Promise<AttributionRow> {
  const ledger = await openLedger(tx, tenant, 'attributions');
  const known = await findFrozen(tx, tenant, frozen.envelope, frozen.point);
  if (known) return known;
  const { data, ...rest } = frozen;
  const row = ledger.add({ ...rest, id: newId('atr', now), data: JSON.stringify(data), corrects: null, by: 'countersign' });
  await ledger.write();
  return opened(row);
}

/** The row that was frozen at a point, never a correction. */
export async function findFrozen(db: Db, tenant: TenantId, envelope: EnvelopeId, point: Point): Promise<AttributionRow | undefined> {
  const row = await db
    .selectFrom('attributions')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('envelope', '=', envelope)
    .where('point', '=', point)
    .where('corrects', 'is', null)
    .executeTakeFirst();
  return row && opened(row);
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
