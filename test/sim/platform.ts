import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import perf from 'node:perf_hooks';
import timers from 'node:timers/promises';
import { newId } from '#lib/ids';
import type { Random } from '#lib/random';

/** What stands behind the platform while a story runs. */
export interface Platform {
  now(): number;
  random: Random;
  /** Runs something after a time of the story. Returns how to call it off. */
  after(ms: number, run: () => void): () => void;
}

/** The machine's own, kept before anything is put in their place. */
const real = {
  setImmediate: globalThis.setImmediate,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  dateNow: Date.now,
  performanceNow: perf.performance.now.bind(perf.performance),
  randomBytes: crypto.randomBytes,
  pause: timers.setTimeout,
  nextTurn: timers.setImmediate,
};
/** Time of this machine, for figures alone. */
export const machineNow = (): number => real.performanceNow();

/** Resolves once every promise that can go on has gone on: the engine empties its queue of them before it takes the next turn, and the database hands its connection on at most one turn later. */
export const drained = (): Promise<void> => new Promise((resolve) => real.setImmediate(() => real.setImmediate(resolve)));

/** More identifiers than one draw of `newId` holds. */
const MOST_IDS_A_DRAW = 4096;
const ID_BYTES = 16;

/**
 * Puts a story's time and chance in the place of the machine's, for the whole process: `Date.now`, timers, the event loop's figures and random bytes. The product
 * takes clock and chance as inputs almost everywhere; what it takes from the platform (leases, group commit, courtesy, ids, nonces) would make a seed tell another story each time.
 * Code that is written later is caught too, which injecting a timer into each of today's places would not do. Returns how to undo it.
 */
export function playPlatform(platform: Platform): () => void {
  let drawn = 0;
  const bytes = (size: number, told?: (error: Error | null, made: Buffer) => void): Buffer => {
    drawn++;
    // `newId` draws for hundreds of ids at once and keeps the rest for the next story. Given one id's worth, it keeps nothing.
    const made = fill(Buffer.allocUnsafe(size > 4096 ? ID_BYTES : size), platform.random);
    told?.(null, made);
    return made;
  };
  Date.now = () => platform.now();
  perf.performance.now = () => platform.now();
  // Nobody else uses this event loop: courtesy would watch it, and find it busy with the story itself.
  perf.performance.eventLoopUtilization = () => ({ active: 0, idle: 1000, utilization: 0 });
  crypto.randomBytes = bytes as typeof crypto.randomBytes;
  playTimers(platform);
  syncBuiltinESMExports();
  for (let i = 0; drawn === 0 && i < MOST_IDS_A_DRAW; i++) newId('cor', 0);
  return restore;
}

function playTimers(platform: Platform): void {
  const pending = new Map<number, () => void>();
  let last = 0;
  const begin = (ms: number, run: () => void, again: boolean): number => {
    const id = ++last;
    const arm = () =>
      pending.set(
        id,
        platform.after(ms, () => {
          if (again) arm();
          else pending.delete(id);
          run();
        }),
      );
    arm();
    return id;
  };
  const end = (id: unknown) => {
    pending.get(id as number)?.();
    pending.delete(id as number);
  };
  const played = {
    setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => begin(ms, () => run(...args), false),
    setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => begin(ms, () => run(...args), true),
    setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => begin(0, () => run(...args), false),
    clearTimeout: end,
    clearInterval: end,
  };
  Object.assign(globalThis, played);
  const pause = <T>(ms: number, value?: T) => new Promise<T | undefined>((resolve) => void begin(ms, () => resolve(value), false));
  timers.setTimeout = ((ms = 0, value?: unknown) => pause(ms, value)) as typeof timers.setTimeout;
  timers.setImmediate = ((value?: unknown) => pause(0, value)) as typeof timers.setImmediate;
}

function restore(): void {
  Date.now = real.dateNow;
  perf.performance.now = real.performanceNow;
  delete (perf.performance as { eventLoopUtilization?: unknown }).eventLoopUtilization;
  crypto.randomBytes = real.randomBytes;
  timers.setTimeout = real.pause;
  timers.setImmediate = real.nextTurn;
  const { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval } = real;
  Object.assign(globalThis, { setImmediate, setTimeout, clearTimeout, setInterval, clearInterval });
  syncBuiltinESMExports();
}

function fill(buffer: Buffer, random: Random): Buffer {
  for (let i = 0; i < buffer.length; i++) buffer[i] = Math.floor(random() * 256);
  return buffer;
}
