import type { Random } from '#lib/random';
import { drained } from './platform.ts';

/** Who something happens to: a process that has died since is past caring. */
export interface Owner {
  alive: boolean;
}
interface Event {
  at: number;
  tie: number;
  order: number;
  owner: Owner | null;
  run: (() => void) | null;
}

export interface Scheduler {
  now(): number;
  /** Whose code runs at this moment; null where it is the world's. */
  readonly current: Owner | null;
  /** Calls `run` after `ms`. What falls on one moment comes in an order that the seed decides. Returns how to call it off. */
  after(ms: number, run: () => void, owner?: Owner | null): () => void;
  /** Lets everything happen until nothing is left, or `until` is reached. Each event runs with all that follows from it before the next begins. */
  run(until: number): Promise<void>;
  /** Events so far. */
  readonly count: number;
}

/** A story that comes to no end is a fault of its own: 50 times what a long one takes. */
const MOST_EVENTS = 2_000_000;

/** Virtual time: a heap of events, and no waiting. */
export function createScheduler(start: number, random: Random): Scheduler {
  const heap: Event[] = [];
  let time = start;
  let order = 0;
  let count = 0;
  let current: Owner | null = null;

  return {
    now: () => time,
    get current() {
      return current;
    },
    get count() {
      return count;
    },
    after(ms, run, owner = current) {
      const event: Event = { at: time + Math.max(0, Math.ceil(ms)), tie: random(), order: order++, owner, run };
      push(heap, event);
      return () => void (event.run = null);
    },
    async run(until) {
      for (let next = heap[0]; next && next.at <= until; next = heap[0]) {
        pop(heap);
        if (next.run === null || next.owner?.alive === false) continue;
        if (++count > MOST_EVENTS) throw new Error('The story does not come to an end.');
        time = next.at;
        current = next.owner;
        next.run();
        await drained();
        current = null;
      }
      if (Number.isFinite(until)) time = Math.max(time, until);
    },
  };
}

const before = (a: Event, b: Event): boolean => a.at - b.at < 0 || (a.at === b.at && (a.tie < b.tie || (a.tie === b.tie && a.order < b.order)));

function push(heap: Event[], event: Event): void {
  let place = heap.push(event) - 1;
  while (place > 0) {
    const above = (place - 1) >> 1;
    const other = heap[above];
    if (!other || !before(event, other)) break;
    heap[place] = other;
    place = above;
  }
  heap[place] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let place = 0;
  for (;;) {
    const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
    const least = left && right ? (before(right, left) ? right : left) : left;
    if (!least || !before(least, last)) break;
    heap[place] = least;
    place = 2 * place + (least === left ? 1 : 2);
  }
  heap[place] = last;
}
