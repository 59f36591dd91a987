import type { Db } from '#store/database';

/** How much waits, over all tenants: for metrics and readiness. */
export async function countWork(db: Db): Promise<Record<'inbox' | 'inbox_dead' | 'outbox' | 'outbox_held' | 'outbox_parked', number>> {
  const inbox = await db
    .selectFrom('inbox')
    .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
    .where('state', 'in', ['ready', 'dead'])
    .groupBy('state')
    .execute();
  const outbox = await db
    .selectFrom('outbox')
    .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
    .where('state', 'in', ['ready', 'leased', 'held', 'parked'])
    .groupBy('state')
    .execute();
  const of = (rows: { state: string; count: number }[], ...states: string[]) => rows.filter((row) => states.includes(row.state)).reduce((sum, row) => sum + row.count, 0);
  return { inbox: of(inbox, 'ready'), inbox_dead: of(inbox, 'dead'), outbox: of(outbox, 'ready', 'leased'), outbox_held: of(outbox, 'held'), outbox_parked: of(outbox, 'parked') };
}
