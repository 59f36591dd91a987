import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe } from 'vitest';
import { newToken } from '#lib/ids';
import { migrate, openDatabase, type Db } from '#store/database';
import { postgresServer, runAsAdmin, stopServer } from './postgres.ts';

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
afterAll(stopServer);

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
  const { address, remove } = await (name === 'SQLite' ? sqlitePlace() : postgresPlace());
  const db = openDatabase(address);
  const connections = [db];
  if (!empty) await migrate(db);
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
  remove(): Promise<void>;
}

async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'));
  return { address: join(folder, 'test.db'), remove: async () => rmSync(folder, { recursive: true, force: true }) };
}

async function postgresPlace(): Promise<Place> {
  const server = await postgresServer();
  const database = `countersign_${newToken(9).replace(/\W/g, '').toLowerCase()}`;
  await runAsAdmin(server, `create database ${database}`);
  const address = new URL(server);
  address.pathname = `/${database}`;
  return { address: address.href, remove: () => runAsAdmin(server, `drop database if exists ${database} with (force)`) };
}
