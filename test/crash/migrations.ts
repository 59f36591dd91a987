import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrations } from '#migrations/index';
import { newToken } from '#lib/ids';
import { migrate, openDatabase } from '#store/database';
import { killedBefore } from '../store/elsewhere.ts';
import { JOBS_SCHEMA } from '#store/jobs';
import { postgresServer, runAsAdmin, stopServer } from '../store/postgres.ts';

/** R14 in full: a process is killed before every single statement of every migration, on both engines, and each time another one goes through after it. */
const AT_ONCE = 2;
/** `tsx test/crash/migrations.ts 5` stops after so many statements of each engine. */
const most = Number(process.argv[2] ?? Infinity);
const names = migrations.map(({ name }) => name);

/** False where there are fewer statements than that. @throws Error where a half-made schema was left behind, or the next process did not get through */
async function killAndGoOn(statement: number, address: string): Promise<boolean> {
  const signal = await killedBefore(statement, address);
  if (signal === null) return false;
  if (signal !== 'SIGKILL') throw new Error(`Statement ${statement}: it ended by ${signal}.`);
  const db = openDatabase(address);
  const left = (await db.introspection.getTables()).filter(({ name, schema }) => schema !== JOBS_SCHEMA && name !== 'migrations').map(({ name }) => name);
  const ran = left.length === 0 ? await migrate(db) : [];
  await db.destroy();
  if (left.length > 0) throw new Error(`Statement ${statement} left ${left.join(', ')}.`);
  if (ran.join() !== names.join()) throw new Error(`Statement ${statement}: afterwards only ${ran.join(', ')} ran.`);
  return true;
}

async function onSqlite(statement: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-kill-'));
  try {
    return await killAndGoOn(statement, join(folder, 'test.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onPostgres(statement: number): Promise<boolean> {
  const server = await postgresServer();
  const name = `countersign_${newToken(9).replace(/\W/g, '').toLowerCase()}`;
  await runAsAdmin(server, `create database ${name}`);
  const address = new URL(server);
  address.pathname = `/${name}`;
  try {
    return await killAndGoOn(statement, address.href);
  } finally {
    await runAsAdmin(server, `drop database ${name} with (force)`);
  }
}

for (const [engine, run] of [
  ['SQLite', onSqlite],
  ['PostgreSQL', onPostgres],
] as const) {
  let [next, killed] = [1, 0];
  const worker = async () => {
    while (next <= most && (await run(next++))) killed++;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(`${engine}: killed before each of ${killed} statements, and got through after each.`);
}
await stopServer();
