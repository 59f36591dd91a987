import { createRequire } from 'node:module';
import type Graphile from 'graphile-worker';
import type { Pool } from 'pg';

/** Where the runner of jobs keeps its tables: beside ours, in the same database, so that a job is written in our transaction. */
export const JOBS_SCHEMA = 'graphile_worker';

/** Loaded only on PostgreSQL: it would be 75 ms of every start. */
export const loadGraphile = () => createRequire(import.meta.url)('graphile-worker') as typeof Graphile;

/** Brings the runner's own tables up to date. */
export async function migrateJobs(pool: Pool): Promise<void> {
  const { Logger, runMigrations } = loadGraphile();
  await runMigrations({ pgPool: pool, schema: JOBS_SCHEMA, logger: new Logger(() => () => undefined) });
}
