import { EventEmitter } from 'node:events';
import type { LogLevel, WorkerEvents, WorkerPool } from 'graphile-worker';
import type { Pool } from 'pg';
import type { Clock } from '#lib/clock';
import type { Logger } from '#lib/log';
import { JOBS_SCHEMA, loadGraphile } from '#store/jobs';
import type { LaneKind } from '#store/wakes';

/** How often each of a runner's workers looks without having been told: after a listening connection was lost, this is what a wake-up takes. */
const POLL_MS = 2_000;
/** A runner that ended by itself is begun anew after this. */
const AGAIN_MS = 2_000;

/** How long a stop waits for the ends of jobs to be written, once their turns are over. */
const ENDING_MS = 5_000;

export interface JobRunner {
  /** Looks for a job at once, where one of its workers has nothing to do. */
  nudge(): void;
  /** Takes no more jobs; resolves when those that run are done. */
  stop(): Promise<void>;
}

/** One of the library's runners, from its beginning until it can be relied on no more. */
interface Current {
  pool: WorkerPool;
  isOver: boolean;
}

/**
 * Runs the jobs of one kind of lane, so many at a time. A runner of its own for each kind: vendors that are slow would otherwise take all places, and nobody
 * would read webhooks.
 *
 * A runner of the library's that gives up is replaced as soon as it says so and the database answers: it may never come to its end, for it counts the
 * jobs whose end could not be written below none (graphile-worker 0.17.3, `batch`). So is one that has never found out whether there are jobs: where the first
 * look failed, it keeps that failure and gives it as the answer to all later ones (`getTaskDetails`).
 */
export function runJobs(options: { pool: Pool; kind: LaneKind; width: number; clock: Clock; log: Logger; serve(lane: string): Promise<void> }): JobRunner {
  const { pool: pgPool, kind, width, clock, log, serve } = options;
  const { runTaskList } = loadGraphile();
  const turns = new Set<Promise<void>>();
  const stopping = new AbortController();
  let current = begin();

  function begin(): Current {
    const events: WorkerEvents = new EventEmitter();
    const tasks = {
      async [kind](payload: unknown) {
        const turn = serve((payload as { lane: string }).lane);
        turns.add(turn);
        await turn.finally(() => turns.delete(turn));
      },
    };
    const pool = runTaskList({ ...common(log), events, concurrency: width, pollInterval: POLL_MS, noHandleSignals: true, preset: PRESET }, tasks, pgPool);
    const one: Current = { pool, isOver: false };
    const over = (error?: unknown) => {
      if (one.isOver) return;
      one.isOver = true;
      if (!stopping.signal.aborted) void replace(error);
    };
    let hasLooked = false;
    const looked = () => void (hasLooked = true);
    events.once('worker:getJob:empty', looked).once('job:start', looked);
    events.on('worker:getJob:error', ({ error }) => {
      if (hasLooked || one.isOver) return;
      over(error);
      void end(pool);
    });
    events.once('pool:gracefulShutdown', () => over());
    pool.promise.then(() => over(), over);
    return one;
  }

  async function replace(error: unknown): Promise<void> {
    log.error({ lanes: kind, err: error }, 'the runner of jobs gave up and is begun anew');
    do await clock.sleep(AGAIN_MS, stopping.signal);
    while (!stopping.signal.aborted && !(await answers(pgPool)));
    if (!stopping.signal.aborted) current = begin();
  }

  const end = (pool: WorkerPool): Promise<void> =>
    Promise.resolve(pool.gracefulShutdown()).then(
      () => undefined,
      (error: unknown) => log.warn({ lanes: kind, err: error }, 'the runner of jobs did not end cleanly'),
    );

  return {
    nudge: () => void (current.isOver || current.pool.nudge(1)),
    async stop() {
      stopping.abort();
      const ended = current.isOver ? Promise.resolve() : end(current.pool);
      // Without a database it would try for five minutes to end jobs that have no turn any more.
      const early = new AbortController();
      const patience = async () => {
        while (turns.size > 0) await Promise.allSettled(turns);
        await clock.sleep(ENDING_MS, early.signal);
      };
      await Promise.race([ended, patience()]);
      early.abort();
      await Promise.allSettled(turns);
    },
  };
}

const answers = (pool: Pool): Promise<boolean> =>
  pool.query('select 1').then(
    () => true,
    () => false,
  );

/** Removes what is left of jobs that were overtaken while their process died: they keep their lock for four hours, and then are nobody's. */
export async function sweepJobs(pool: Pool, log: Logger): Promise<void> {
  const workshop = await loadGraphile().makeWorkerUtils({ ...common(log), pgPool: pool });
  try {
    await workshop.cleanup({ tasks: ['DELETE_PERMAFAILED_JOBS'] });
  } finally {
    await workshop.release();
  }
}

/** A worker that could not even end its job (the database was gone) is replaced. By default it would take all the others down with it. */
const replaceWorkers: GraphileConfig.Plugin = {
  name: 'ReplaceWorkersPlugin',
  version: '1.0.0',
  worker: {
    middleware: {
      poolWorkerPrematureExit(_next, { replaceWithNewWorker }) {
        replaceWithNewWorker();
      },
    },
  },
};

/**
 * Ends of jobs are written in batches, of whatever ends in the same moment. Not for speed: without batches nobody waits for them, so that a stop lost them, and a
 * database that was gone at that moment ended the process by a rejection that nobody handled.
 */
const PRESET: GraphileConfig.Preset = { plugins: [replaceWorkers], worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } };

const LEVELS: Record<string, 'error' | 'warn' | 'debug'> = { error: 'error', warning: 'warn' };

/** Its words go to the log only where somebody looks for faults: it quotes errors, and errors quote what they stumbled over. */
function common(log: Logger) {
  const { Logger: JobLogger } = loadGraphile();
  const logger = new JobLogger(() => (level: LogLevel, message: string, about?: { error?: unknown }) => {
    const known = LEVELS[level] ?? 'debug';
    if (known === 'debug') log.debug({ jobs: message }, 'the runner of jobs says something');
    else log[known]({ err: about?.error }, 'the runner of jobs met a fault; it goes on');
  });
  return { logger, schema: JOBS_SCHEMA };
}
