import type { LaneKind } from '#store/wakes';

/** How the lanes of one kind are served. The database keeps who serves which lane, so several processes may do it at once. */
export interface LaneWork {
  /** Lanes served at once in this process: one slow vendor does not hold up the others. */
  width: number;
  /** So many more when all of these have been at work for a while: for vendors that do not answer. */
  surge?: number;
  /** Serves a lane for one turn: the one named, or the one that has waited longest. False where it had nothing that could be done now. */
  turn(lane?: string): Promise<boolean>;
  /** When something is due in that lane, or in any that nobody serves; null when nothing waits. */
  nextAt(lane?: string): Promise<number | null>;
  /** Lanes that had something due before `since` and that nobody serves. */
  overdue(since: number, limit: number): Promise<string[]>;
}
export type Work = Record<LaneKind, LaneWork>;

/**
 * Who calls turns, and when. Both engines hold to this, and one suite (`test/work/lanes.test.ts`) asks it of both:
 * - A lane is served soon after the commit that gave it something to do, in whichever process that was, and at its time where that is later.
 * - A lane has one turn at a time, over all processes; different lanes have theirs beside each other.
 * - Lanes take turns: after each, a lane that has more to do goes behind those that wait, so that a noisy one holds up no quiet one.
 * - A turn that throws is repeated after a pause, and holds up nobody meanwhile.
 * - Whatever was committed is served, also when the process that wrote it, or that was serving it, has died.
 */
export interface Lanes {
  /** Told after a commit of this process that something waits for lanes of that kind. */
  wake(kind: LaneKind): void;
  start(work: Work): void;
  /** Begins no more turns, and resolves when those that run have ended. */
  stop(): Promise<void>;
}
