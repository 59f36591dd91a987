import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '#lib/random';
import { newToken } from '#lib/ids';
import { openDatabase, type Db } from '#store/database';
import { claimSole } from '#store/sole';
import { seedDatabase, type Seeded } from '../bench/seed.ts';
import { freePort, FROM_SOURCE } from '../bench/servers.ts';
import { databaseFaults, eventFaults, lostEvents } from './books.ts';
import { NORMAL } from './power.ts';
import { launch, type Running } from './product.ts';
import { startSender, type Event, type Sender } from './sender.ts';
import { createDisk, type Disk } from './shim/disk.ts';

/** Short versions of what `npm run faults` does with all of the product: here real processes hold the first step of the line alone. */
const root = mkdtempSync(join(tmpdir(), 'countersign-faults-'));
const random = seededRandom(5);
let disk: Disk;
let seeded: Seeded;
let port: number;
let path: string;
const running: Running[] = [];
beforeAll(async () => {
  disk = createDisk(root);
  path = join(disk.folder, 'product.db');
  seeded = await seedDatabase(path);
  port = await freePort();
});
afterEach(async () => {
  disk.mend();
  for (const one of running.splice(0)) await one.kill();
  disk.settle();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function open(node: string[] = []): Promise<Running> {
  const door = launch([...node, ...FROM_SOURCE, 'test/faults/door.ts'], port, {
    ...disk.environment,
    COUNTERSIGN_DATABASE: path,
    DOOR_TENANT: seeded.tenant,
    DOOR_INSTALL: seeded.sign.id,
  });
  running.push(door);
  await door.ready;
  return door;
}
const next = (): Event => {
  const mark = newToken(12);
  return { mark, request: () => `POST / HTTP/1.1\r\nhost: door\r\ncontent-length: ${mark.length}\r\n\r\n${mark}` };
};
const send = (): Sender => startSender({ to: () => port, connections: 8, next });

async function look<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const copy = mkdtempSync(join(root, 'look-'));
  cpSync(disk.folder, copy, { recursive: true });
  const db = openDatabase(join(copy, 'product.db'));
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 15_000; !isSo(); await new Promise((resolve) => setTimeout(resolve, 1))) if (performance.now() > end) throw new Error('Waited in vain.');
}

describe('a process that is killed under load', () => {
  test('has kept what it acknowledged, and leaves its place free', async () => {
    const all = new Set<string>();
    for (let kill = 0; kill < 2; kill++) {
      const door = await open();
      const sender = send();
      const enough = random() * 100;
      await until(() => sender.acknowledged.size > enough);
      expect(claimSole(path)).toBeNull();
      await door.kill();
      await sender.abandon();
      for (const mark of sender.acknowledged) all.add(mark);
    }
    const sole = claimSole(path);
    expect(sole).not.toBeNull();
    sole?.release();
    expect(await look(async (db) => [...(await eventFaults(db, all)), ...(await databaseFaults(db))])).toEqual([]);
  });
});

describe('a power cut under load', () => {
  async function cut(node: string[], survival: 'nothing' | 'some pages'): Promise<{ lost: string[]; faults: string[] }> {
    const door = await open(node);
    const { acknowledged, abandon } = send();
    await until(() => acknowledged.size > 100);
    await door.kill();
    await abandon();
    disk.cut(random, survival);
    return look(async (db) => ({ lost: await lostEvents(db, acknowledged), faults: await databaseFaults(db) }));
  }

  test('takes nothing that was acknowledged', async () => {
    expect(await cut([], 'nothing')).toMatchObject({ lost: [], faults: [] });
    disk.settle();
    expect(await cut([], 'some pages')).toMatchObject({ lost: [], faults: [] });
  });

  test('takes it where the log is synced at checkpoints alone, which shows that the cut is one', async () => {
    expect((await cut(NORMAL, 'nothing')).lost.length).toBeGreaterThan(0);
  });
});

describe('a database that cannot be written', () => {
  test('is answered by 503 and by no 2xx, and all goes on by itself', async () => {
    const door = await open();
    const sender = send();
    await until(() => sender.acknowledged.size > 20);
    for (const trouble of ['ENOSPC', 'EIO', 'EROFS'] as const) {
      disk.fail('both', trouble);
      const refused = sender.statuses['503'] ?? 0;
      await until(() => (sender.statuses['503'] ?? 0) > refused + 20);
      const heard = sender.acknowledged.size;
      await until(() => (sender.statuses['503'] ?? 0) > refused + 40);
      expect(sender.acknowledged.size).toBe(heard);
      disk.mend();
      await until(() => sender.acknowledged.size > heard + 20);
    }
    // One sync that fails takes what it should have kept: a commit that was reported as failed must not be half there.
    disk.fail('syncs', 'EIO', { pass: 2, times: 1 });
    const heard = sender.acknowledged.size;
    await until(() => sender.acknowledged.size > heard + 50);
    expect(await sender.finish(10_000)).toEqual([]);
    await door.kill();
    disk.cut(random, 'nothing');
    expect(await look(async (db) => [...(await eventFaults(db, sender.acknowledged)), ...(await databaseFaults(db))])).toEqual([]);
  });

  test('by another process that has the lock: soon told as busy, and nobody else waits with it', async () => {
    await open();
    const sender = send();
    await until(() => sender.acknowledged.size > 20);
    const other = new SQLite(path, { timeout: 5_000 });
    other.exec('begin immediate');
    const begun = performance.now();
    await until(() => (sender.statuses['503'] ?? 0) > 0);
    expect(performance.now() - begun).toBeGreaterThan(1_000);
    const asked = performance.now();
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('well');
    expect(performance.now() - asked).toBeLessThan(2_000);
    other.exec('rollback');
    other.close();
    expect(await sender.finish(10_000)).toEqual([]);
    expect(sender.slowestMs()).toBeLessThan(4_000);
    expect(await look((db) => eventFaults(db, sender.acknowledged))).toEqual([]);
  });
});
