import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Insertable } from 'kysely';
import { Problem } from '#core/problem';
import { createStore, type Arrival } from '#store/arrivals';
import { isWeather, type Db } from '#store/database';
import type { InboxTable } from '#store/schema';

/** A group is closed at these bounds, so that one commit does not hold the event loop. */
const GROUP_DELIVERIES = 250;
const GROUP_BYTES = 1_000_000;
/** Keys of notices that are surely stored, so that a repeat costs no write: the latest of them, at least half as many. Beyond it the unique index tells. */
const REMEMBERED_KEYS = 100_000;
/** How long a group is gathered at most, while each turn of the loop brings more. */
const GATHER_MS = 20;
const WAITING_BOUND = 10_000;
/** After a failure a server without senders, because it is not ready, has to be asked again some time. */
const FAULT_MS = 5_000;

export interface Ingest {
  /** Resolves once the arrival is durable (or was already). @throws Problem `store.busy` when it is not */
  add(arrival: Arrival): Promise<void>;
  /** Why nothing can be stored; null where the last attempt went well, or is long past. */
  fault(): string | null;
  /** Waits for everything under way. */
  drain(): Promise<void>;
}

interface Waiting extends Arrival {
  stored(): void;
  failed(error: Problem): void;
}

/**
 * Group commit: what arrives while each turn of the event loop brings more, or while a commit runs, shares a transaction. Node takes one new connection a turn: with a commit in
 * each of them, the last of 64 that came at once on a slow disk had its first answer after 1.2 s.
 * A window of 2 ms instead of `setImmediate` gave 304 requests a second on one connection, against 2,898.
 */
export function createIngest(db: Db, onStored: () => void): Ingest {
  const waiting: Waiting[] = [];
  let running: Promise<void> | null = null;
  let failedAt = -Infinity;
  const known = createMemory(REMEMBERED_KEYS);
  const store = createStore(db);

  const keyOf = (notice: Insertable<InboxTable>) => `${notice.install}|${notice.key}`;

  async function commit(group: Waiting[]): Promise<void> {
    try {
      await store(group);
      for (const arrival of group) {
        for (const notice of arrival.notices) known.add(keyOf(notice));
        arrival.stored();
      }
      failedAt = -Infinity;
      onStored();
    } catch (error) {
      if (isWeather(error)) failedAt = performance.now();
      const problem = new Problem('store.busy', { cause: error });
      // What came meanwhile would wait as long for the same: then the first of it was answered after 6 s, where vendors wait for 5.
      for (const arrival of isWeather(error) ? [...group, ...waiting.splice(0)] : group) arrival.failed(problem);
    }
  }

  function takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < waiting.length && count < GROUP_DELIVERIES && bytes < GROUP_BYTES) bytes += waiting[count++]?.delivery?.body?.length ?? 0;
    return waiting.splice(0, count);
  }

  /** Until a turn of the loop has brought nothing more. */
  async function gather(): Promise<void> {
    const begun = performance.now();
    for (let before = -1; waiting.length > before && waiting.length < GROUP_DELIVERIES && performance.now() - begun < GATHER_MS;) {
      before = waiting.length;
      await nextTurn();
    }
  }

  async function run(): Promise<void> {
    do {
      await gather();
      await commit(takeGroup());
    } while (waiting.length > 0);
    running = null;
  }

  return {
    add(arrival) {
      if (arrival.delivery === null) return Promise.resolve();
      if (arrival.notices.length > 0 && arrival.notices.every((notice) => known.has(keyOf(notice)))) return Promise.resolve();
      if (waiting.length >= WAITING_BOUND) return Promise.reject(new Problem('store.busy'));
      return new Promise<void>((stored, failed) => {
        waiting.push({ ...arrival, stored, failed });
        running ??= run();
      });
    },
    fault: () => (performance.now() - failedAt < FAULT_MS ? 'the database takes nothing' : null),
    async drain() {
      await running;
    },
  };
}

/** Remembers the latest `most` keys, or some less. By two sets of which the older is dropped whole: to find the oldest of one, a set goes through all that were taken out of it. */
function createMemory(most: number): { has(key: string): boolean; add(key: string): void } {
  let older = new Set<string>();
  let newer = new Set<string>();
  return {
    has: (key) => newer.has(key) || older.has(key),
    add(key) {
      if (newer.size >= most / 2) [older, newer] = [newer, new Set()];
      newer.add(key);
    },
  };
}
