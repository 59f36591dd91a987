import { hostname } from 'node:os';
import { present, type Flow, type Wake } from '#flow/flow';
import { createAdvance } from '#flow/advance';
import { createDeliver } from '#flow/deliver';
import { createListening, type Listening } from '#flow/listen';
import { createPerform } from '#flow/perform/perform';
import { createReconcile } from '#flow/reconcile';
import { createRuleBook } from '#flow/rule-book';
import type { EndpointId, InstallId, TenantId } from '#core/ids';
import { nextRoundAt, type Round } from '#store/cursors';
import { isPostgres } from '#store/database';
import { nextNoticeAt } from '#store/inbox';
import { nextMessageAt } from '#store/messages';
import { nextEffectAt } from '#store/outbox';
import { OVERDUE } from '#store/overdue';
import { asServer } from '#store/scope';
import type { LaneKind } from '#store/wakes';
import { alone } from '#work/alone';
import { createClockWatch } from '#work/clock-watch';
import type { Lanes, LaneWork, Work } from '#work/lanes';
import { startLoop, type Loop } from '#work/loop';
import { createUpkeep } from '#work/upkeep';

/** Lanes served at once: one slow vendor does not hold up the others. */
const LANES_AT_ONCE = 8;
/** And so many more when those are held up. */
const LANES_IN_SURGE = 24;
const ROUNDS_AT_ONCE = 2;
/** Endpoints served at once: a tenant's slow receiver holds up neither its own others nor anybody else's. */
const ENDPOINTS_AT_ONCE = 8;

/** Tenants whose notices are settled at once. With one, quiet ones waited for each batch of another's flood: at p99 6.9 times as long as without it, now 1.4. */
const TENANTS_AT_ONCE = 3;
/** SQLite has one writer. */
const ON_SQLITE = 1;

/** A little less than the minute between two looks. */
const UPKEEP_LEASE_MS = 55_000;

export interface Loops {
  /** Wakes the loop that a verb's work waits for; before they run, nobody sleeps. */
  wake: Wake;
  start(flow: Flow): void;
  /** Looks after this process's clock alone: for one that does no work, and dates what others work on. `start` does it too. */
  watch(flow: Flow): void;
  /** Ends them after the turns that are running. */
  stop(): Promise<void>;
}

/** The loops that move what waits. `requests` counts those that came to this process, to which work gives way; null where it answers none. */
export function createLoops(lanes: Lanes, requests: (() => number) | null): Loops {
  const running = new Map<'clock' | 'streams' | 'upkeep', Loop>();
  let listening: Listening | null = null;
  const wake: Wake = {
    inbox: () => lanes.wake('advance'),
    outbox: () => lanes.wake('perform'),
    messages: () => lanes.wake('deliver'),
    cursors() {
      lanes.wake('reconcile');
      running.get('streams')?.wake();
    },
  };
  const wakeAll = () => Object.values(wake).forEach((one: () => void) => one());

  function watch({ db, clock, log }: Flow): void {
    // A clock that is played has none.
    const { steady } = clock;
    if (steady) running.set('clock', startLoop({ clock, log, name: 'clock', width: 1, ...createClockWatch({ db, clock, steady, log, host: hostname(), wake: wakeAll }) }));
  }

  return {
    wake,
    watch,
    start(flow) {
      const { db, clock, log } = flow;
      watch(flow);
      const { advance, perform, deliver, reconcile } = workOf(flow, requests);
      lanes.start({ advance: byServer(advance), perform: byServer(perform), deliver: byServer(deliver), reconcile: byServer(reconcile) });
      listening = createListening(flow);
      // Only begins streams and looks after them: they run beside the loops, and none of them holds one up.
      running.set('streams', startLoop({ clock, log, name: 'listen', width: 1, ...listening }));
      running.set('upkeep', startLoop({ clock, log, name: 'upkeep', width: 1, ...alone({ db, clock, name: 'upkeep', leaseMs: UPKEEP_LEASE_MS }, createUpkeep(flow)) }));
    },
    async stop() {
      await Promise.all([listening?.stop(), lanes.stop(), ...[...running.values()].map((loop) => loop.stop())]);
      // A turn that was running may have begun one more.
      await listening?.stop();
    },
  };
}

/** What is done in a lane of each kind. A lane's name is an id that the store gave it. */
function workOf(flow: Flow, requests: (() => number) | null): Work {
  const { db, clock } = flow;
  const advance = createAdvance(flow, createRuleBook(), requests);
  const [perform, deliver, reconcile] = [createPerform(flow), createDeliver(flow), createReconcile(flow)];
  const overdue = (kind: LaneKind) => (since: number, limit: number) => OVERDUE[kind](db, since, present(flow), limit);
  return {
    advance: {
      width: isPostgres(db) ? TENANTS_AT_ONCE : ON_SQLITE,
      turn: async (lane) => (await advance(lane as TenantId | undefined)) > 0,
      nextAt: (lane) => nextNoticeAt(db, lane as TenantId | undefined),
      overdue: overdue('advance'),
    },
    perform: {
      width: LANES_AT_ONCE,
      surge: LANES_IN_SURGE,
      turn: (lane) => perform(lane as InstallId | undefined),
      nextAt: (lane) => nextEffectAt(db, present(flow), lane as InstallId | undefined),
      overdue: overdue('perform'),
    },
    deliver: {
      width: ENDPOINTS_AT_ONCE,
      surge: LANES_IN_SURGE,
      turn: (lane) => deliver(lane as EndpointId | undefined),
      nextAt: (lane) => nextMessageAt(db, present(flow), lane as EndpointId | undefined),
      overdue: overdue('deliver'),
    },
    reconcile: {
      width: ROUNDS_AT_ONCE,
      turn: (lane) => reconcile(roundOf(lane)),
      nextAt: (lane) => nextRoundAt(db, clock.now(), roundOf(lane)),
      overdue: overdue('reconcile'),
    },
  };
}

/** Whoever wakes a lane, a turn begins as the server's, which finds out whose work is due, and goes on as that tenant's. */
function byServer({ turn, nextAt, overdue, ...rest }: LaneWork): LaneWork {
  return {
    ...rest,
    turn: (lane) => asServer(() => turn(lane)),
    nextAt: (lane) => asServer(() => nextAt(lane)),
    overdue: (since, limit) => asServer(() => overdue(since, limit)),
  };
}

function roundOf(lane: string | undefined): Round | undefined {
  const [install, name] = lane?.split('|') ?? [];
  return install === undefined || name === undefined ? undefined : { install: install as InstallId, name };
}
