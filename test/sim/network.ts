import { Problem } from '#core/problem';
import type { Chance } from './chance.ts';
import { never } from './disk.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/** How often what goes wrong, 0 to 1. Drawn for each story. */
export interface Weather {
  /** A webhook that no sender sends again. */
  lost: number;
  /** A webhook that comes twice, and one that comes late and so out of order. */
  repeated: number;
  late: number;
  /** A webhook that somebody forges. */
  forged: number;
  /** Calls: done and the answer lost, or not done and nobody knows; answered with 503, with 429, with half an answer; slow. */
  lostReply: number;
  unavailable: number;
  tooMany: number;
  torn: number;
  slow: number;
  /** A record that a CRM does not take, until it is asked again. */
  refused: number;
}
export type Fault = keyof Weather | 'crash' | 'outage' | 'storm' | 'clog' | 'revoked' | 'jump' | 'busy';

/** What a vendor's account is going through, by when it is over. */
export interface Plight {
  kind: 'outage' | 'storm' | 'clog';
  until: number;
}

/** The side of a vendor that a call reaches. */
export interface Place {
  name: string;
  plight: Plight | null;
  /** Whether a token is good there. */
  admits(token: string): boolean;
}

export interface Asked {
  place: Place;
  /** Null for what needs none. */
  token: string | null;
  name: string;
  /** What travels, for whoever looks for bytes that should not. */
  sent: unknown;
}

export interface Network {
  /** One call of a process to a vendor: what happens there, and what comes back. @throws Problem `vendor.*`, `Unauthorized` */
  ask<T>(asked: Asked, answer: () => T): Promise<T>;
  /** Calls so far, by name. */
  calls: Map<string, number>;
  /** Faults so far, by kind. */
  faults: Map<Fault, number>;
  hit(fault: Fault): void;
  /** Whether something of that name and number goes wrong. */
  fails(fault: keyof Weather, ...name: (string | number)[]): boolean;
}

/** The vendor's 401. */
export class Unauthorized extends Error {}

/** As long as a client waits, milliseconds. What was sent arrives within it or never: a call that lands after its lane has another holder is no vendor's that we know. */
const TIMEOUT_MS = 30_000;
const STORM_PAUSE_MS = 10_000;

export function createNetwork(options: { scheduler: Scheduler; chance: Chance; weather: () => Weather; watch: (asked: Asked, owner: Owner | null) => void }): Network {
  const { scheduler, chance, weather, watch } = options;
  const calls = new Map<string, number>();
  const faults = new Map<Fault, number>();
  const hit = (fault: Fault) => void faults.set(fault, (faults.get(fault) ?? 0) + 1);

  const fails = (fault: keyof Weather, ...name: (string | number)[]) => {
    const yes = chance.of('call', ...name, fault) < weather()[fault];
    if (yes) hit(fault);
    return yes;
  };

  function ask<T>({ place, token, name, sent }: Asked, answer: () => T): Promise<T> {
    const owner = scheduler.current;
    if (owner?.alive === false) return never();
    watch({ place, token, name, sent }, owner);
    const key = `${place.name} ${name}`;
    const nth = (calls.get(key) ?? 0) + 1;
    calls.set(key, nth);
    const does = (fault: keyof Weather) => fails(fault, key, nth);
    const there = does('slow') ? chance.between(2_000, 14_000, 'there', key, nth) : chance.between(5, 300, 'there', key, nth);
    const back = does('slow') ? chance.between(2_000, 14_000, 'back', key, nth) : chance.between(5, 300, 'back', key, nth);

    return new Promise<T>((resolve, reject) => {
      const reply = (ms: number, end: () => void) => void scheduler.after(ms, end, owner);
      // Without an owner: what is on its way arrives, whatever becomes of the process that sent it.
      scheduler.after(there, () => arrive(place, token, does, { answer, back, reply, resolve, reject, left: TIMEOUT_MS - there }), null);
    });
  }

  interface Arrival<T> {
    answer: () => T;
    back: number;
    left: number;
    reply: (ms: number, end: () => void) => void;
    resolve: (value: T) => void;
    reject: (error: Error) => void;
  }

  function arrive<T>(place: Place, token: string | null, does: (fault: keyof Weather) => boolean, { answer, back, left, reply, resolve, reject }: Arrival<T>): void {
    const refuse = (error: Error, ms = back) => reply(ms, () => reject(error));
    const plight = place.plight && place.plight.until > scheduler.now() ? place.plight : null;
    if (plight) hit(plight.kind);
    if (plight?.kind === 'outage') return refuse(new Problem('vendor.unreachable'));
    if (plight?.kind === 'storm') return refuse(new Problem('vendor.rate-limited', { retryAfterMs: Math.min(STORM_PAUSE_MS, plight.until - scheduler.now()) }));
    if (does('tooMany')) return refuse(new Problem('vendor.rate-limited', { retryAfterMs: 1_000 }));
    if (does('unavailable')) return refuse(new Problem('vendor.unavailable'));
    if (token !== null && !place.admits(token)) return refuse(new Unauthorized('401'));
    // A link that is clogged lets things through one way: it is done, and nobody hears of it.
    const cut = plight?.kind === 'clog' || does('lostReply');
    let made: T;
    try {
      made = answer();
    } catch (error) {
      return refuse(cut ? new Problem('vendor.lost-reply') : (error as Error), cut ? left : back);
    }
    if (cut) return refuse(new Problem('vendor.lost-reply'), left);
    if (does('torn')) return refuse(new Problem('vendor.lost-reply', { say: 'Half an answer came.' }));
    reply(back, () => resolve(structuredCopy(made)));
  }

  return { ask, calls, faults, hit, fails };

  /** What a process holds is its own, not the vendor's book. */
  function structuredCopy<T>(value: T): T {
    return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
  }
}
