import { afterEach, it } from 'vitest';
import { systemClock } from '#lib/clock';
import { createLog } from '#lib/log';
import { openPool } from '#store/database';
import { wakeLanes } from '#store/wakes';
import { runJobs, type JobRunner } from '#work/jobs';
import { openTestDatabase, type TestDatabase } from '../store/databases.ts';
import { until } from './stage.ts';

let database: TestDatabase | undefined;
let runner: JobRunner | undefined;
/** A runner that met a fault begins anew after two seconds. */
const LONG_MS = 3_500;
const SHORT_MS = 300;

afterEach(async () => {
  await runner?.stop();
  await database?.close();
});

/** A pool whose database can be gone: each connection is refused, after a while. */
function breakable(address: string) {
  const pool = openPool(address, { max: 8 });
  const connect = pool.connect.bind(pool) as (...args: unknown[]) => unknown;
  const state = { gone: false };
  pool.connect = ((heard?: (error: Error) => void) => {
    if (!state.gone) return heard ? connect(heard) : connect();
    const refused = systemClock.sleep(50).then(() => {
      throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    });
    return heard ? void refused.catch(heard) : refused;
  }) as typeof pool.connect;
  return { pool, state };
}

it.each([SHORT_MS, LONG_MS])('jobs that end while the database is gone for %d ms do not end the serving of jobs', async (awayMs) => {
  database = await openTestDatabase('PostgreSQL');
  const { db, address } = database;
  const { pool, state } = breakable(address);
  const served: string[] = [];
  const ends = new Map<string, () => void>();
  const serve = async (lane: string) => {
    served.push(lane);
    if (lane.startsWith('long')) await new Promise<void>((resolve) => ends.set(lane, resolve));
  };
  runner = runJobs({ pool, kind: 'perform', width: 5, clock: systemClock, log: createLog('silent'), serve });
  const long = ['long-1', 'long-2', 'long-3', 'long-4'];
  await wakeLanes(
    db,
    long.map((lane) => ({ kind: 'perform', lane })),
  );
  await until('the long jobs', () => ends.size === long.length);
  state.gone = true;
  for (const lane of long) {
    ends.get(lane)?.();
    await systemClock.sleep(10);
  }
  await systemClock.sleep(awayMs);
  state.gone = false;
  await wakeLanes(db, [{ kind: 'perform', lane: 'afterwards' }]);
  await until('the job afterwards', () => served.includes('afterwards'));
  await runner.stop();
  runner = undefined;
  await pool.end();
});
