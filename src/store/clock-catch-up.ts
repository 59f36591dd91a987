import { setImmediate as nextTurn } from 'node:timers/promises';
import { CompiledQuery, sql, type RawBuilder } from 'kysely';
import { STREAM } from '#store/cursors';
import { isPostgres, type Db } from '#store/database';
import { JOBS_SCHEMA } from '#store/jobs';
import { postgresTime } from '#store/leases';

/** Rows that one statement moves. */
const ROWS_A_STATEMENT = 500;
/** What was to come within this time after the jump keeps its pause too. What comes later than that hardly minds. */
const SOON_MS = 3_600_000;
/** The lease of a round. */
const LONGEST_ROUND_MS = 600_000;

export interface JumpBack {
  now: number;
  /** Back from where the clock would be by now, milliseconds. */
  by: number;
  /** Whether it was tried before and came part of the way. */
  again?: boolean;
}

/** Where a date stands by which a lane is looked at, and in which rows. */
interface Dated {
  table: 'inbox' | 'outbox' | 'messages' | 'lanes' | 'endpoints' | 'cursors';
  column: 'run_at' | 'next_at' | 'served_at';
  where: RawBuilder<unknown>;
}
/** One state each, because only so SQLite uses an index that is for one state alone. */
const DATED: readonly Dated[] = [
  { table: 'inbox', column: 'run_at', where: sql`state = 'ready'` },
  ...(['ready', 'held', 'leased'] as const).map((state): Dated => ({ table: 'outbox', column: 'run_at', where: sql`state = ${sql.lit(state)}` })),
  ...(['ready', 'leased'] as const).map((state): Dated => ({ table: 'messages', column: 'run_at', where: sql`state = ${sql.lit(state)}` })),
  // Whoever was served the longest ago is next: those before the jump would come after all who were served since.
  ...(['next_at', 'served_at'] as const).flatMap((column): Dated[] => [
    { table: 'lanes', column, where: sql`true` },
    { table: 'endpoints', column, where: sql`true` },
  ]),
  // A round that runs names the next one itself.
  { table: 'cursors', column: 'next_at', where: sql`lease_until = 0` },
];

/**
 * Lets what was dated by the clock before it went back wait no longer than it was to. Returns how many dates were moved.
 *
 * A server that is alone on its database moves what was due, and what was to come soon, by as much as the clock. Where other processes date rows too, only
 * what was due: theirs were due by their own clocks as well, or by the wrong clock of this process a moment ago. A second process that saw the same jump, or a
 * second try, finds nothing of it left to move.
 */
export async function catchUp(db: Db, jump: JumpBack): Promise<number> {
  const old = jump.now + jump.by;
  const until = isPostgres(db) || jump.again ? old : old + SOON_MS;
  let moved = 0;
  for (const dated of DATED) moved += await moveDates(db, dated, jump, until);
  await freeStreams(db, jump.now);
  // A process that is alone holds every lease itself, and gives it back.
  if (!isPostgres(db)) return moved;
  await shortenRounds(db, jump.now);
  await hurryJobs(db, jump.by);
  return moved;
}

/**
 * Dates of all tenants alike. What is moved by `by` leaves the span in which it was found, so that nothing is moved twice. To no time before `now`: what was
 * due already keeps its place ahead.
 */
async function moveDates(db: Db, { table, column, where }: Dated, { now, by }: JumpBack, until: number): Promise<number> {
  const [of, at, row] = [sql.table(table), sql.ref(column), sql.raw(isPostgres(db) ? 'ctid' : 'rowid')];
  let moved = 0;
  for (let from = now; from < until;) {
    const { rows } = await sql<{ first: number | null }>`select min(${at}) as first from ${of} where ${where} and ${at} > ${from} and ${at} <= ${until}`.execute(db);
    const first = rows[0]?.first ?? null;
    if (first === null) break;
    from = Math.min(first - 1 + by, until);
    for (let some = -1; some !== 0; moved += some) {
      const found = sql`select ${row} from ${of} where ${where} and ${at} >= ${first} and ${at} <= ${from} limit ${ROWS_A_STATEMENT}`;
      const { numAffectedRows = 0n } = await sql`update ${of} set ${at} = case when ${at} > ${now + by} then ${at} - ${by} else ${now} end where ${row} in (${found})`.execute(db);
      some = Number(numAffectedRows);
      // SQLite answers at once: requests would wait for all of it.
      await nextTurn();
    }
  }
  return moved;
}

/**
 * Streams of all tenants that were begun after the present time are begun anew: who takes one has to come later than who had it, and nobody would until the
 * clock has caught up. Whoever hears one now notices that it is not his any more.
 */
async function freeStreams(db: Db, now: number): Promise<void> {
  await db
    .updateTable('cursors')
    .set(({ eb }) => ({ started_at: null, lease_until: 0, next_at: eb.case().when('lease_until', '>', 0).then(now).else(eb.ref('next_at')).end() }))
    .where('name', '=', STREAM)
    .where('started_at', '>', now)
    .execute();
}

/**
 * Rounds of all tenants that end later than any can: of processes that died. They get a whole one from now on, so that nobody who lives loses his. By this clock
 * or the database's, whichever is ahead: where this one is wrong now, the others' leases are right. Lanes, endpoints and refreshes are counted by the database's.
 */
async function shortenRounds(db: Db, now: number): Promise<void> {
  const { rows } = await sql<{ at: number }>`select ${postgresTime} as at`.execute(db);
  const round = Math.max(now, rows[0]?.at ?? now) + LONGEST_ROUND_MS;
  await db
    .updateTable('cursors')
    .set(({ eb }) => ({ lease_until: round, next_at: eb.case().when('next_at', '>', round).then(round).else(eb.ref('next_at')).end() }))
    .where('lease_until', '>', round)
    .execute();
}

/**
 * Wakes the lanes whose wake-up is for a time to come. Those of what is due are dated by the database's clock, which may have gone back too, and a lane that has
 * one in the time to come gets no other.
 */
async function hurryJobs(db: Db, by: number): Promise<void> {
  const soon = `select id from ${JOBS_SCHEMA}.jobs where run_at > now() and run_at <= now() + $1::float8 * interval '1 millisecond' and locked_at is null limit $2`;
  const hurry = CompiledQuery.raw(`select id from ${JOBS_SCHEMA}.reschedule_jobs(array(${soon}), now())`, [by, ROWS_A_STATEMENT]);
  while ((await db.executeQuery(hurry)).rows.length > 0);
}

/** Clears an alarm that was raised an hour ago or longer, or by a clock that was far ahead. */
export async function clearAged(db: Db, code: string, subject: string, now: number, ageMs: number): Promise<void> {
  await db
    .deleteFrom('alarms')
    .where('id', '=', `${code}|${subject}`)
    .where(({ eb, or }) => or([eb('last_at', '<=', now - ageMs), eb('last_at', '>', now + ageMs)]))
    .execute();
}
