import { sql } from 'kysely';
import type { DeliveryId } from '#core/ids';
import type { Db } from '#store/database';

/** Rows that one pass removes at most, so that it never holds the database for long. */
const ROWS_A_PASS = 1000;

/** Removes raw deliveries older than `before`: what they meant is in the ledgers. Those that wait, or are dead letters, stay. Returns how many went. */
export async function sweepDeliveries(db: Db, before: number): Promise<number> {
  const old = await db
    .selectFrom('deliveries')
    .select('id')
    .where('received_at', '<', before)
    .where(({ eb, selectFrom }) => {
      // The states stand in the text of the statement: each has a partial index, which a parameter would not use. One null among them would keep all from going.
      const holding = (state: 'ready' | 'dead') =>
        selectFrom('inbox')
          .select(({ fn, val }) => fn.coalesce('delivery', val('')).as('delivery'))
          .where('state', '=', sql.lit(state))
          .$castTo<{ delivery: DeliveryId }>();
      return eb.and([eb('id', 'not in', holding('ready')), eb('id', 'not in', holding('dead'))]);
    })
    .limit(ROWS_A_PASS)
    .execute();
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  const { numDeletedRows } = await db.deleteFrom('deliveries').where('id', 'in', ids).executeTakeFirst();
  return Number(numDeletedRows);
}
