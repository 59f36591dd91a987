import { isAhead, type Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import { openPool, type Db } from '#store/database';
import { asServer } from '#store/scope';
import { wakeLaneIn, wakeLanes, type LaneKind } from '#store/wakes';
import { startLoop, type Loop } from '#work/loop';
import { runJobs, sweepJobs, type JobRunner } from '#work/jobs';
import type { Lanes, LaneWork, Work } from '#work/lanes';

/** Connections of the runner: one for each kind of lane to listen on, the others for taking and ending jobs. */
const JOB_CONNECTIONS = 8;
/** A lane whose turn threw is left alone for so long. */
const AFTER_FAILURE_MS = 1_000;
/** A lane that is due and could not be served, because another process is at it, is looked at again after this. Whoever is at it wakes it too. */
const TAKEN_MS = 250;
/** The runner looks for jobs of a later time every two seconds. What is due before that has a timer here. */
const TIMED_WITHIN_MS = 30_000;
const MOST_TIMERS = 1_000;
/** How often is looked for lanes that nobody woke, and how late they have to be: a process that died took their wake-ups with it. */
const NET_MS = 5_000;
const LATE_MS = 2_000;
const LANES_A_NET = 500;
/** What the runner keeps of jobs that another took over goes once an hour. */
const SWEEP_MS = 3_600_000;

/**
 * Lanes over any number of processes, on PostgreSQL: a wake-up is a job that is written in the transaction of whatever woke the lane, and any process takes it.
 * The order of the queue is the order of the lanes. Jobs carry no more than the lane's name: what is done, and by whom, stands in our own tables, with leases and
 * epochs, so that a job too many or two at once do no harm.
 */
export function createGraphileLanes({ db, address, clock, log }: { db: Db; address: string; clock: Clock; log: Logger }): Lanes {
  const runners = new Map<LaneKind, JobRunner>();
  const timers = new Set<NodeJS.Timeout>();
  let connections: ReturnType<typeof openPool> | undefined;
  let net: Loop | undefined;
  let stopping = false;
  let stopped: Promise<void> | undefined;

  /** One turn, and the job of the next one before this one's is done. Throws only where not even that can be written down: then the net finds the lane. */
  async function serve(kind: LaneKind, work: LaneWork, lane: string): Promise<void> {
    // Taken in the moment of the stop: another process does it.
    if (stopping) return wakeLanes(db, [{ kind, lane }]);
    let delayMs: number | null;
    try {
      const did = await work.turn(lane);
      const at = await work.nextAt(lane);
      delayMs = at === null ? null : Math.max(at - clock.now(), did ? 0 : TAKEN_MS);
    } catch (error) {
      log.error({ lanes: kind, err: error }, 'turn failed');
      delayMs = AFTER_FAILURE_MS;
    }
    if (delayMs === null) return;
    if (delayMs <= 0) return wakeLanes(db, [{ kind, lane }]);
    await wakeLaneIn(db, { kind, lane }, delayMs);
    if (delayMs <= TIMED_WITHIN_MS) nudgeIn(kind, delayMs);
  }

  function nudgeIn(kind: LaneKind, delayMs: number): void {
    if (stopping || timers.size >= MOST_TIMERS) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!stopping) runners.get(kind)?.nudge();
    }, delayMs + 1);
    timers.add(timer);
  }

  async function cast(work: Work, lateMs: number, limit: number): Promise<void> {
    for (const [kind, { overdue }] of Object.entries(work) as [LaneKind, LaneWork][]) {
      const lanes = await overdue(clock.now() - lateMs, limit);
      await wakeLanes(
        db,
        lanes.map((lane) => ({ kind, lane })),
      );
    }
  }

  function startNet(work: Work, pool: ReturnType<typeof openPool>): Loop {
    let next = clock.now();
    let nextSweep = clock.now();
    let lateMs = 0;
    const turn = async () => {
      if (isAhead(next, clock.now(), NET_MS)) return false;
      next = clock.now() + NET_MS;
      await cast(work, lateMs, LANES_A_NET);
      lateMs = LATE_MS;
      if (isAhead(nextSweep, clock.now(), SWEEP_MS)) return false;
      nextSweep = clock.now() + SWEEP_MS;
      await sweepJobs(pool, log);
      return false;
    };
    return startLoop({ clock, log, name: 'net', width: 1, turn, nextAt: async () => next });
  }

  async function stop(): Promise<void> {
    stopping = true;
    for (const timer of timers) clearTimeout(timer);
    await Promise.all([net?.stop(), ...[...runners.values()].map((runner) => runner.stop())]);
    await connections?.end();
  }

  return {
    // Told by the job.
    wake: () => undefined,
    start(work) {
      const pool = (connections = openPool(address, { max: JOB_CONNECTIONS }));
      for (const [kind, one] of Object.entries(work) as [LaneKind, LaneWork][])
        runners.set(kind, runJobs({ pool, kind, width: one.width + (one.surge ?? 0), clock, log, serve: (lane) => asServer(() => serve(kind, one, lane)) }));
      net = startNet(work, pool);
    },
    stop: () => (stopped ??= stop()),
  };
}
