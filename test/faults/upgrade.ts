import SQLite from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrations } from '#migrations/index';
import { migrate, openDatabase, type Db } from '#store/database';
import { atLeast, atMost, shown } from '../bench/figures.ts';
import { fillPast } from '../bench/past.ts';
import { CONNECT_KEY, liveEnvironment } from '../bench/seed.ts';
import { freePort } from '../bench/servers.ts';
import { eventFaults, type Faults } from './books.ts';
import { strangers } from './events.ts';
import type { Fault } from './fault.ts';
import { buildProduct, launch, serving } from './product.ts';
import { startSender } from './sender.ts';

const CONNECTIONS = 16;
const BEFORE_MS = 1_000;
const AFTER_MS = 3_000;
const GOAL_S = 60;

type Counts = Record<string, number>;

/** R14 on SQLite: a database of the first schema, with `rounds` envelopes, is opened by this release while vendors go on telling events. */
export const upgrade: Fault = async ({ rounds, say }) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-faults-'));
  const [filled, database] = [join(folder, 'filled.db'), join(folder, 'product.db')];
  const build = buildProduct();
  const port = await freePort();
  try {
    const seeded = await fillPast(filled, rounds);
    await makeFirst(database);
    const before = copyKnown(filled, database);
    rmSync(filled);
    say(`the first schema has ${Object.values(before).reduce((sum, count) => sum + count, 0)} rows of ${rounds} envelopes`);
    const sender = startSender({ to: () => port, connections: CONNECTIONS, next: strangers(seeded, CONNECT_KEY) });
    await pause(BEFORE_MS);
    const product = launch(serving(build), port, liveEnvironment(database));
    const readyMs = await product.ready;
    say(`ready after ${Math.round(readyMs)} ms`);
    await pause(AFTER_MS);
    const left = await sender.finish(20_000);
    await product.kill();
    const db = openDatabase(database);
    const faults = [...left.map((mark) => `never answered: ${mark}`), ...(await eventFaults(db, sender.acknowledged)), ...(await whole(db, database, before))];
    await db.destroy();
    return {
      faults,
      figures: [
        shown(
          'rows before',
          Object.values(before).reduce((sum, count) => sum + count, 0),
          'rows',
        ),
        shown('migrations', migrations.length - 1, 'of them'),
        atMost('from the start until ready', readyMs / 1000, 's', GOAL_S),
        shown('attempts while nobody answered', sender.statuses['0'] ?? 0, 'attempts'),
        atLeast('events acknowledged after it', sender.acknowledged.size, 'events', 1),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** A database as the first release made it. */
async function makeFirst(path: string): Promise<void> {
  const later = migrations.splice(1);
  const db = openDatabase(path);
  try {
    await migrate(db);
  } finally {
    migrations.push(...later);
    await db.destroy();
  }
}

/** Copies what the first schema has a place for. Returns how many rows each table has. */
function copyKnown(from: string, to: string): Counts {
  const database = new SQLite(to);
  try {
    database.pragma('synchronous = off');
    database.exec(`attach '${from}' as filled`);
    const columns = (schema: string, table: string) =>
      database
        .prepare<[], { name: string }>(`pragma ${schema}.table_info(${table})`)
        .all()
        .map(({ name }) => name);
    for (const table of tablesOf(database)) {
      const known = new Set(columns('filled', table));
      const names = columns('main', table).filter((name) => known.has(name));
      database.exec(`insert into main.${table} (${names.join(', ')}) select ${names.join(', ')} from filled.${table}`);
    }
    database.exec('detach filled');
    database.pragma('synchronous = full');
    return countsIn(database);
  } finally {
    database.close();
  }
}

const tablesOf = (database: SQLite.Database): string[] =>
  database
    .prepare<[], { name: string }>("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name != 'migrations'")
    .all()
    .map(({ name }) => name);

const countsIn = (database: SQLite.Database): Counts =>
  Object.fromEntries(tablesOf(database).map((table) => [table, database.prepare<[], { count: number }>(`select count(*) as count from ${table}`).get()?.count ?? 0]));

/** Every migration has run, the file is sound, and no table lost a row. */
async function whole(db: Db, path: string, before: Counts): Promise<Faults> {
  const ran = (await db.selectFrom('migrations').select('name').execute()).length;
  const database = new SQLite(path, { readonly: true });
  try {
    const after = countsIn(database);
    const sound = database.pragma('integrity_check', { simple: true }) as string;
    return [
      ...(ran === migrations.length ? [] : [`${ran} of ${migrations.length} migrations ran`]),
      ...(sound === 'ok' ? [] : [`integrity: ${sound}`]),
      ...Object.entries(before).flatMap(([table, count]) => ((after[table] ?? 0) >= count ? [] : [`${table} had ${count} rows and has ${String(after[table])}`])),
    ];
  } finally {
    database.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
