import { CompiledQuery } from 'kysely';
import { isPostgres, type Db } from '#store/database';

/** What grows with every event, and what of it goes again (`docs/retention.md`). */
const GROWING = ['deliveries', 'inbox', 'outbox', 'messages', 'facts', 'receipts'] as const;
export type Growing = (typeof GROWING)[number];

export interface Sizes {
  bytes: number;
  rows: Record<Growing, number>;
  /** When the oldest delivery came that is still there; null where there is none. */
  oldestDeliveryAt: number | null;
}

/** How large a database is. Counts every row of what grows, so it is for a command that somebody waits for, and for no page. */
export async function measure(db: Db): Promise<Sizes> {
  const first = async (text: string) => Number(Object.values((await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text))).rows[0] ?? {})[0] ?? 0);
  const counts = await Promise.all(GROWING.map(async (table) => [table, await first(`select count(*) from ${table}`)] as const));
  const oldest = await db
    .selectFrom('deliveries')
    .select(({ fn }) => fn.min<number | null>('received_at').as('at'))
    .executeTakeFirst();
  return {
    bytes: await first(isPostgres(db) ? 'select pg_database_size(current_database())' : 'select page_count * page_size from pragma_page_count(), pragma_page_size()'),
    rows: Object.fromEntries(counts) as Record<Growing, number>,
    oldestDeliveryAt: oldest?.at ?? null,
  };
}
