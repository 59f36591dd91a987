/** So many are taken whatever they take: they share the next commit, and one slow disk is no flood. */
const FEW = 250;
/**
 * When the oldest one has been under way for so long, more come than can be done. Most of the wait is not seen here: it lies in connections that have not been read, ten
 * times as long and more. By time and not by number: how many are too many depends on the machine and its disk, by a factor of ten.
 */
const CROWDED_MS = 120;
/** A burst that is over by then is taken whole, unless the oldest waits for longer than that itself: sent again, it would be heard of after minutes. */
const BURST_MS = 1_000;

export interface Admission {
  /** Whether one more can be answered in time: vendors hang up after 5 s. */
  isOpen(): boolean;
  /** Counts one as under way. Returns what ends it. */
  enter(): () => void;
}

/** Tells when more comes, and goes on coming, than can be done. `now` is in milliseconds of this machine. */
export function createAdmission(now: () => number = () => performance.now()): Admission {
  /** When each began that has not ended; the oldest first. */
  const begun = new Map<number, number>();
  let count = 0;
  let crowdedSince = -Infinity;
  let crowdedAt = -Infinity;

  function oldestMs(): number {
    for (const at of begun.values()) return now() - at;
    return 0;
  }

  return {
    isOpen() {
      const oldest = begun.size < FEW ? 0 : oldestMs();
      if (oldest < CROWDED_MS) return true;
      const at = now();
      // After each commit nothing is under way for a moment, in the worst of floods too.
      if (at - crowdedAt > BURST_MS) crowdedSince = at;
      crowdedAt = at;
      return oldest < BURST_MS && at - crowdedSince < BURST_MS;
    },
    enter() {
      const place = count++;
      begun.set(place, now());
      return () => void begun.delete(place);
    },
  };
}
