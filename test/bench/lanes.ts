import { CompiledQuery } from 'kysely';
import { newId } from '#lib/ids';
import { migrate, openDatabase, openPool, type Db } from '#store/database';

import { asServer } from '#store/scope';
import { put, putAccount, write, type Account } from '../store/fixtures.ts';
import { postgresServer, runAsAdmin, stopServer } from '../store/postgres.ts';
import { createEngine, give, total, until, type Engine } from '../work/stage.ts';

/**
 * What jobs cost beside what was weighed: a plain NOTIFY that wakes loops which claim for themselves. By itself, `npx tsx test/bench/lanes.ts`:
 * it needs a PostgreSQL and says what it found, in one run for all of them.
 */
const LANES = 50;
const ROUNDS = 100;
const TURNS_A_LANE = 10;

const middle = (values: readonly number[], part = 0.5) => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;

await asServer(async () => {
  const server = await postgresServer();
  const database = `countersign_lanes_${process.pid}`;
  await runAsAdmin(server, `create database ${database}`);
  const address = Object.assign(new URL(server), { pathname: `/${database}` }).href;
  const [db, other] = [openDatabase(address), openDatabase(address)];
  try {
    await migrate(db);
    const accounts: Account[] = [];
    while (accounts.length < LANES) accounts.push(await putAccount(db));
    for (const kind of ['jobs', 'notify'] as const) {
      const engine = kind === 'jobs' ? createEngine('PostgreSQL', other, address, { width: 8, batch: 1 }) : notified(other, address);
      engine.start();
      const took = await latencies(db, engine, accounts[0], kind === 'notify');
      console.log(`${kind}: commit to turn, p50 ${middle(took).toFixed(1)} ms, p99 ${middle(took, 0.99).toFixed(1)} ms`);
      await clear(db, accounts, engine, kind);
      await engine.lanes.stop();
    }
    await costOfWriting(db, accounts);
  } finally {
    await db.destroy();
    await other.destroy();
    await runAsAdmin(server, `drop database if exists ${database} with (force)`);
    await stopServer();
  }
});

/** What was weighed: no jobs; a listening connection wakes the loops that SQLite has, and each claims the lane that was served the longest ago. */
function notified(db: Db, address: string): Engine {
  const engine = createEngine('SQLite', db, address, { width: 8, batch: 1 });
  const pool = openPool(address, { max: 1 });
  void pool.connect().then(async (client) => {
    client.on('notification', () => engine.lanes.wake('perform'));
    await client.query('listen woken');
  });
  const stop = async () => {
    await engine.lanes.stop();
    await runAsAdmin(address, "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen woken'");
  };
  return { ...engine, lanes: { ...engine.lanes, stop } };
}

async function latencies(db: Db, engine: Engine, account: Account | undefined, tells: boolean): Promise<number[]> {
  if (!account) throw new Error('There are some.');
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = engine.turns.length;
    await give(db, account, 1);
    const committed = performance.now();
    if (tells) await db.executeQuery(CompiledQuery.raw("select pg_notify('woken', '')"));
    while (engine.turns.length === before) await new Promise((resolve) => setImmediate(resolve));
    took.push(Math.max(0, (engine.turns[before]?.from ?? 0) - committed));
  }
  return took;
}

/** A backlog in every lane: turns a second, the first turn of the last lane, and the share of turns that found their lane taken. */
async function clear(db: Db, accounts: readonly Account[], engine: Engine, kind: string): Promise<void> {
  const before = total(engine.turns);
  for (const account of accounts)
    await put(db, account, 5000, ...Array.from({ length: TURNS_A_LANE }, (_, place) => write(account.crm, `${kind}-${place}`, { notBefore: Date.now() + 5_000 })));
  await db.updateTable('outbox').set({ run_at: 0 }).where('state', '=', 'ready').execute();
  const begun = performance.now();
  for (const account of accounts) await give(db, account, 1);
  await until('all turns', () => total(engine.turns) - before === accounts.length * (TURNS_A_LANE + 1), 120_000);
  const seconds = (performance.now() - begun) / 1000;
  console.log(`${kind}: ${Math.round((accounts.length * (TURNS_A_LANE + 1)) / seconds)} turns a second over ${accounts.length} lanes, 8 at once`);
}

/** A commit with and without a wake-up, eight at a time. */
async function costOfWriting(db: Db, accounts: readonly Account[]): Promise<void> {
  const lane = accounts[0]?.crm.id ?? 'ins_none';
  const ways: Record<string, (at: number) => Promise<unknown>> = {
    'an audit row, no wake-up': () => plain(db),
    'the same and a NOTIFY': () => plain(db, "select pg_notify('woken', '')"),
    'the same and a job': (at) =>
      plain(
        db,
        `select graphile_worker.add_job('perform', '{"lane":"${lane}"}', job_key := 'perform:${accounts[at % accounts.length]?.crm.id ?? ''}', job_key_mode := 'preserve_run_at')`,
      ),
  };
  for (const [what, way] of Object.entries(ways)) {
    const begun = performance.now();
    await Promise.all(
      Array.from({ length: 8 }, async (_, line) => {
        for (let time = 0; time < 50; time++) await way(line * 50 + time);
      }),
    );
    console.log(`${what}: ${Math.round(400 / ((performance.now() - begun) / 1000))} commits a second, eight at a time`);
  }
}

async function plain(db: Db, more?: string): Promise<void> {
  const name = newId('cor');
  await db.transaction().execute(async (tx) => {
    await tx.insertInto('alarms').values({ id: name, tenant: null, code: 'bench', subject: name, say: '', count: 1, first_at: 0, last_at: 0 }).execute();
    if (more) await tx.executeQuery(CompiledQuery.raw(more));
  });
}
