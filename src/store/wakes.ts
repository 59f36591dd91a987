import { CompiledQuery } from 'kysely';
import { isPostgres, type Db, type Tx } from '#store/database';
import { JOBS_SCHEMA } from '#store/jobs';

/** What lanes there are, each with what a lane of its kind is called: a tenant's id, an install's, an endpoint's, an install and its round. */
export type LaneKind = 'advance' | 'perform' | 'deliver' | 'reconcile';
export const roundLane = (install: string, name: string): string => `${install}|${name}`;

export interface LaneWake {
  kind: LaneKind;
  lane: string;
  /** Somebody pressed a button and waits: goes before the others. */
  urgent?: boolean;
}

/** Priorities of jobs: lower runs earlier. */
const URGENT = 2;
const ORDINARY = 5;

/**
 * A lane has up to three jobs that wait, each of which may only exist once: one for what is due, one for what is due and somebody waits for, one for a time to
 * come. With one job for all of it, what comes first would keep its time: an effect that waits three days would hold back a click, or a click would
 * lose the effect its day. Who writes wakes at once; only whoever has just served the lane names a time.
 */
const keyOf = ({ kind, lane, urgent }: LaneWake) => `${kind}:${lane}${urgent ? '!' : ''}`;
const laterKeyOf = ({ kind, lane }: LaneWake) => `${kind}:${lane}~`;

/** Jobs that one statement writes. */
const A_STATEMENT = 500;
const gathering = new WeakMap<Db, Map<string, LaneWake>>();

const specs = (at: string) =>
  `array(select (kind, json_build_object('lane', lane), null, ${at}, null, key, priority, null)::${JOBS_SCHEMA}.job_spec
  from unnest($1::text[], $2::text[], $3::text[], $4::int[]) with ordinality as one(kind, lane, key, priority, place) order by place)`;
/** Whoever waits already keeps its place in the queue. */
const WAKE = `select count(*) from ${JOBS_SCHEMA}.add_jobs(${specs('null')}, true)`;
/** In the database's time: the clocks of two machines differ. */
const WAKE_LATER = `select count(*) from ${JOBS_SCHEMA}.add_jobs(${specs("now() + $5::float8 * interval '1 millisecond'")}, false)`;

/** A statement of PostgreSQL's that takes these steps, and wakes lanes where the condition holds. `lanes` stands for an array of their names, each once and in order. */
export function wakeAfter(steps: string, condition: string, { kind, lanes }: { kind: LaneKind; lanes: string }): string {
  const jobs = `array(select ('${kind}', json_build_object('lane', lane), null, null, null, '${kind}:' || lane, ${ORDINARY}, null)::${JOBS_SCHEMA}.job_spec
    from unnest(${lanes}::text[]) with ordinality as one(lane, place) order by place)`;
  return `with ${steps} select case when ${condition} then (select count(*) from ${JOBS_SCHEMA}.add_jobs(${jobs}, true)) end`;
}

/**
 * Wakes lanes in the transaction that wrote what waits in them: whichever process serves lanes then finds out, and a transaction that is rolled back wakes
 * nobody. Nothing on SQLite, where lanes are served by the process that writes.
 */
export async function wakeLanes(db: Db, wakes: readonly LaneWake[]): Promise<void> {
  if (wakes.length === 0) return;
  const gathered = gathering.get(db);
  if (gathered) return wakes.forEach((wake) => gathered.set(keyOf(wake), wake));
  if (!isPostgres(db)) return;
  // In the order of their keys: two transactions that wake the same lanes would otherwise wait for each other for ever.
  const jobs = [...new Map(wakes.map((wake) => [keyOf(wake), wake]))].sort(([a], [b]) => (a < b ? -1 : 1));
  for (let from = 0; from < jobs.length; from += A_STATEMENT) {
    const some = jobs.slice(from, from + A_STATEMENT);
    await db.executeQuery(
      CompiledQuery.raw(WAKE, [
        some.map(([, { kind }]) => kind),
        some.map(([, { lane }]) => lane),
        some.map(([key]) => key),
        some.map(([, { urgent }]) => (urgent ? URGENT : ORDINARY)),
      ]),
    );
  }
}

/** Wakes a lane in `delayMs`, instead of at any time that was named before. For whoever has just served it, and so knows what is next. */
export async function wakeLaneIn(db: Db, wake: LaneWake, delayMs: number): Promise<void> {
  if (!isPostgres(db)) return;
  await db.executeQuery(CompiledQuery.raw(WAKE_LATER, [[wake.kind], [wake.lane], [laterKeyOf(wake)], [ORDINARY], delayMs]));
}

/**
 * Runs a transaction's work and wakes, as its last statement, each lane once that the work wanted awake. For long transactions: a job that is written early stays
 * locked until the end, and whoever has just served that lane waits. Tells which kinds of lanes were to be woken: on SQLite that is for the caller to do after the commit.
 */
export async function gatherWakes<T>(tx: Tx, work: () => Promise<T>): Promise<{ result: T; woken: ReadonlySet<LaneKind> }> {
  const gathered = new Map<string, LaneWake>();
  gathering.set(tx, gathered);
  try {
    const result = await work();
    gathering.delete(tx);
    await wakeLanes(tx, [...gathered.values()]);
    return { result, woken: new Set([...gathered.values()].map(({ kind }) => kind)) };
  } finally {
    gathering.delete(tx);
  }
}

/** What writes and wakes does both or neither, in the transaction that it is given or in one of its own. */
export async function withWakes<T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> {
  return db.isTransaction || !isPostgres(db) ? work(db) : db.transaction().execute(work);
}
