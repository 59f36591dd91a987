import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe } from 'vitest';
import { migrate, openDatabase, type Db } from '#store/database';
import { closePool, giveBack, rememberPrint, takeDatabase } from './postgres-pool.ts';

export type DatabaseName = 'SQLite' | 'PostgreSQL';
export interface TestDatabase {
  db: Db;
  /** What `openDatabase` takes. */
  address: string;
  /**
   * Connections to the same database, as several processes would have them, to be used at once. SQLite waits for a lock without letting go of the
   * thread that would release it, so there they are one connection with its queue; `elsewhere` has real processes.
   */
  peers(count: number): Db[];
  /** Closes every connection and removes the database. */
  close(): Promise<void>;
}
afterAll(closePool);

/** A fresh database, up to date unless asked for empty. */
export type Open = (how?: { empty?: boolean }) => Promise<TestDatabase>;

/** Runs a suite on SQLite and on PostgreSQL. What a test opens is gone after it; a suite that shares one database uses `openTestDatabase`. */
export function eachDatabase(suite: (name: DatabaseName, open: Open) => void): void {
  for (const name of ['SQLite', 'PostgreSQL'] as const) {
    describe(name, () => {
      let opened: TestDatabase[] = [];
      afterEach(async () => {
        const closing = opened;
        opened = [];
        for (const one of closing) await one.close();
      });
      suite(name, async (how) => {
        const one = await openTestDatabase(name, how);
        opened.push(one);
        return one;
      });
    });
  }
}

/** A database of its own, for whoever closes it. */
export async function openTestDatabase(name: DatabaseName, { empty = false } = {}): Promise<TestDatabase> {
  const { address, made, remove } = await (name === 'SQLite' ? sqlitePlace() : postgresPlace(empty));
  const db = openDatabase(address);
  const connections = [db];
  if (!empty) {
    await migrate(db);
    await made();
  }
  return {
    db,
    address,
    peers(count) {
      if (name === 'SQLite') return Array.from({ length: count }, () => db);
      while (connections.length < count) connections.push(openDatabase(address));
      return connections.slice(0, count);
    },
    async close() {
      for (const connection of connections) await connection.destroy();
      await remove();
    },
  };
}

interface Place {
  address: string;
  /** To be told once the tables are made. */
  made(): Promise<void>;
  remove(): Promise<void>;
}

async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'));
  return { address: join(folder, 'test.db'), made: async () => undefined, remove: async () => rmSync(folder, { recursive: true, force: true }) };
}

async function postgresPlace(empty: boolean): Promise<Place> {
  const address = await takeDatabase({ empty });
  return { address, made: () => rememberPrint(address), remove: () => giveBack(address) };
}
