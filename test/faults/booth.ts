import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Db } from '#store/database';
import { CONNECT_KEY, liveEnvironment, seedDatabase, type Seeded } from '../bench/seed.ts';
import { freePort } from '../bench/servers.ts';
import { strangers } from './events.ts';
import { buildProduct, launch, serving, type Running } from './product.ts';
import { startSender, type Sender } from './sender.ts';
import { createDisk, type Disk } from './shim/disk.ts';

/** One process of the product, live, on SQLite upon a disk that can fail. It has its accounts, is told of strangers' envelopes, and calls nobody. */
export interface Booth {
  disk: Disk;
  seeded: Seeded;
  database: string;
  port: number;
  start(environment?: Record<string, string>, node?: string[]): Running;
  send(more?: { connections?: number; paceMs?: number }): Sender;
  /** Looks into a copy of what the disk holds: an open connection would do the recovery that is the product's. */
  look<T>(work: (db: Db) => Promise<T>): Promise<T>;
  ready(): Promise<number>;
}

export async function inBooth<T>(play: (booth: Booth) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-faults-'));
  const build = buildProduct();
  const disk = createDisk(folder);
  const database = join(disk.folder, 'product.db');
  const seeded = await seedDatabase(database);
  disk.settle();
  const port = await freePort();
  const running: Running[] = [];
  const booth: Booth = {
    disk,
    seeded,
    database,
    port,
    start(environment = {}, node = []) {
      const one = launch([...node, ...serving(build)], port, { ...liveEnvironment(database), ...disk.environment, ...environment });
      running.push(one);
      return one;
    },
    send: ({ connections = 16, paceMs = 0 } = {}) => startSender({ to: () => port, connections, paceMs, next: strangers(seeded, CONNECT_KEY) }),
    async look(work) {
      const copy = mkdtempSync(join(folder, 'look-'));
      cpSync(disk.folder, copy, { recursive: true });
      const db = openDatabase(join(copy, 'product.db'));
      try {
        return await work(db);
      } finally {
        await db.destroy();
        rmSync(copy, { recursive: true });
      }
    },
    ready: () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status,
        () => 0,
      ),
  };
  try {
    return await play(booth);
  } finally {
    for (const one of running) await one.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
