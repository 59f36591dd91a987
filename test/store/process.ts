import type { TenantId } from '#core/ids';
import { migrations } from '#migrations/index';
import { migrate, openDatabase, type Db } from '#store/database';
import { createIngest } from '#store/ingest';
import type { Install } from '#store/installs';
import { append } from '#store/ledger';
import { arrival, fact } from './fixtures.ts';

/** What another process does in the tests: this file is its program. */
const JOBS = {
  migrate: (db: Db) => migrate(db),
  /** Ends itself, by a signal that it cannot hear, before a statement of the migrations. Returns how many there are where there are fewer. */
  async migrateUntil(db: Db, { statement }: { statement: number }) {
    let count = 0;
    for (const migration of migrations) {
      const { up } = migration;
      migration.up = (run, kind) =>
        up(async (text) => {
          if (++count === statement) process.kill(process.pid, 'SIGKILL');
          await run(text);
        }, kind);
    }
    await migrate(db);
    return count;
  },
  async append(db: Db, { tenant, times }: { tenant: TenantId; times: number }) {
    for (let time = 0; time < times; time++) await db.transaction().execute((tx) => append(tx, tenant, 'facts', [fact(), fact()]));
    return times * 2;
  },
  async ingest(db: Db, { to, keys }: { to: Install; keys: string[] }) {
    const ingest = createIngest(db, () => undefined);
    const stored = await Promise.allSettled(keys.map((key) => ingest.add(arrival(to, key, `${key}-too`))));
    return stored.filter(({ status }) => status === 'fulfilled').length;
  },
};
export type Job = keyof typeof JOBS;

const [job, address, input] = process.argv.slice(2);
if (job === undefined || address === undefined || input === undefined) throw new Error('A job, a database and an input are needed.');
const db = openDatabase(address);
const run = JOBS[job as Job] as (db: Db, input: unknown) => Promise<unknown>;
process.stdout.write(JSON.stringify(await run(db, JSON.parse(input))));
await db.destroy();
