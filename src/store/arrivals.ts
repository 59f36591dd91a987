import { CompiledQuery, type Insertable } from 'kysely';
import { inSizes } from '#lib/group';
import type { DeliveryId } from '#core/ids';
import { isPostgres, type Db, type Tx } from '#store/database';
import type { DeliveriesTable, InboxTable } from '#store/schema';
import { asServer } from '#store/scope';
import { wakeAfter } from '#store/wakes';

/**
 * Rows are inserted by statements of these sizes, whose texts are made once: building one for each group cost 12 of 180 µs a delivery, and with a text
 * for every size SQLite would keep hundreds of them.
 */
const ROWS_A_STATEMENT = [64, 16, 4, 1];

export interface Arrival {
  /** Null where nothing of it concerns us: it is answered and not kept. */
  delivery: Insertable<DeliveriesTable> | null;
  notices: Insertable<InboxTable>[];
}
/** Stores what arrived, of many tenants, in one commit: each notice once, and the deliveries that brought something new or could not be read. */
export type Store = (group: readonly Arrival[]) => Promise<void>;

export const createStore = (db: Db): Store => {
  const store = isPostgres(db) ? onPostgres(db) : onSqlite(db);
  return (group) => asServer(() => store(group));
};

const byKey = (a: Insertable<InboxTable>, b: Insertable<InboxTable>) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.install < b.install ? -1 : 1);
/** In the order of their keys: two processes with the same notices would otherwise wait for each other for ever. */
const noticesOf = (group: readonly Arrival[]) => group.flatMap((arrival) => arrival.notices).sort(byKey);

function onSqlite(db: Db): Store {
  const statements = new Map<string, { text: string; columns: string[] }>();

  /** `compile` makes the text for rows of that number, whose columns are those of the first. */
  async function insert<Row extends object, Returned>(tx: Tx, table: string, rows: readonly Row[], compile: (some: readonly Row[]) => string): Promise<Returned[]> {
    const returned: Returned[] = [];
    for (const some of inSizes(rows, ROWS_A_STATEMENT)) {
      const name = `${table}|${some.length}`;
      const { text, columns } = statements.get(name) ?? { text: compile(some), columns: Object.keys(some[0] ?? {}) };
      statements.set(name, { text, columns });
      const values: unknown[] = [];
      for (const row of some as readonly Record<string, unknown>[]) for (const column of columns) values.push(row[column]);
      returned.push(...(await tx.executeQuery<Returned>(CompiledQuery.raw(text, values))).rows);
    }
    return returned;
  }

  return (group) =>
    db.transaction().execute(async (tx) => {
      const stored = await insert<Insertable<InboxTable>, Pick<InboxTable, 'delivery'>>(tx, 'inbox', noticesOf(group), (some) => {
        const inserted = tx.insertInto('inbox').values(some);
        return inserted
          .onConflict((conflict) => conflict.columns(['install', 'key']).doNothing())
          .returning('delivery')
          .compile().sql;
      });
      const fresh = new Set<DeliveryId | null>(stored.map(({ delivery }) => delivery));
      // A delivery of which every notice is known is not kept: nothing would lead to it when its people are erased.
      const deliveries = group.flatMap(({ delivery, notices }) => (delivery && (notices.length === 0 || fresh.has(delivery.id)) ? delivery : []));
      await insert(tx, 'deliveries', deliveries, (some) => tx.insertInto('deliveries').values(some).compile().sql);
    });
}

/** PostgreSQL's code of it, and how often a group is stored until its senders are asked to send it again. */
const DEADLOCK = '40P01';
const TRIES = 3;

const NOTICE_COLUMNS = 'id, tenant, install, vendor, delivery, position, key, kind, at, payload, state, attempts, run_at, error, correlation, received_at';
const DELIVERY_COLUMNS = 'id, vendor, received_at, headers, body, fault';
/** One statement, which is a transaction: one round trip, where as many as nine waited for each other. $3: deliveries that could not be read, which have no notices. */
const STORE = wakeAfter(
  `stored as (insert into inbox (${NOTICE_COLUMNS}) select ${NOTICE_COLUMNS} from json_populate_recordset(null::inbox, $1)
    on conflict (install, key) do nothing returning delivery),
  kept as (insert into deliveries (${DELIVERY_COLUMNS}) select ${DELIVERY_COLUMNS} from json_populate_recordset(null::deliveries, $2)
    where id in (select delivery from stored) or id = any($3))`,
  // Counted, not looked whether there is one: the look was over at the first, and took the job before the other notices. Two that did so waited for each other.
  '(select count(*) from stored) > 0',
  { kind: 'advance', lanes: '$4' },
);

function onPostgres(db: Db): Store {
  return async (group) => {
    const notices = noticesOf(group);
    const deliveries = group.flatMap(({ delivery }) => (delivery ? { ...delivery, body: delivery.body && `\\x${Buffer.from(delivery.body).toString('hex')}` } : []));
    const unread = group.flatMap(({ delivery, notices: some }) => (delivery && some.length === 0 ? delivery.id : []));
    const lanes = [...new Set(notices.map(({ tenant }) => tenant))].sort();
    const statement = CompiledQuery.raw(STORE, [JSON.stringify(notices), JSON.stringify(deliveries), unread, lanes]);
    await trying(() => db.executeQuery(statement));
  };
}

/** Of two that wait for each other, PostgreSQL ends one; whoever sent it need not hear of it. The ends of jobs are written in an order that is not ours. */
async function trying(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return void (await work());
    } catch (error) {
      if ((error as { code?: unknown }).code !== DEADLOCK || tries === TRIES) throw error;
    }
  }
}
