import { systemClock } from '#lib/clock';
import { createLog } from '#lib/log';
import type { InstallId } from '#core/ids';
import type { Db } from '#store/database';
import { claimLane, nextEffectAt, releaseLane, settleEffects } from '#store/outbox';
import { OVERDUE } from '#store/overdue';
import { asServer } from '#store/scope';
import { createEmbeddedLanes } from '#work/embedded-lanes';
import { createGraphileLanes } from '#work/graphile-lanes';
import type { Lanes, LaneWork, Work } from '#work/lanes';
import type { DatabaseName } from '../store/databases.ts';
import { put, write, type Account } from '../store/fixtures.ts';

/** One turn as it happened. */
export interface Turn {
  lane: InstallId;
  effects: number;
  from: number;
  until: number;
}
export interface StageOptions {
  width?: number;
  /** Effects that a turn takes. */
  batch?: number;
  /** What a turn does, before it settles what it took. */
  during?: (lane: InstallId) => Promise<void>;
  /** Before anything is taken. */
  before?: (lane: string | undefined) => void;
}
export interface Engine {
  lanes: Lanes;
  turns: Turn[];
  start(): void;
}

const log = createLog('silent');
const clock = systemClock;
const idle: LaneWork = { width: 1, turn: async () => false, nextAt: async () => null, overdue: async () => [] };

/** An engine whose lanes are real ones, of the outbox, and whose turns do nothing but be counted. */
export function createEngine(name: DatabaseName, db: Db, address: string, options: StageOptions = {}): Engine {
  const lanes = name === 'SQLite' ? createEmbeddedLanes({ clock, log }) : createGraphileLanes({ db, address, clock, log });
  const turns: Turn[] = [];
  async function turn(named?: string): Promise<boolean> {
    options.before?.(named);
    const claimed = await claimLane(db, clock.now(), options.batch ?? 100, named as InstallId | undefined);
    if (!claimed) return false;
    const { lane, effects } = claimed;
    const one: Turn = { lane: lane.install, effects: effects.length, from: performance.now(), until: Number.POSITIVE_INFINITY };
    if (effects.length > 0) turns.push(one);
    await options.during?.(lane.install);
    const done = effects.map(({ id }) => ({ id, state: 'done' as const }));
    await db.transaction().execute((tx) => settleEffects(tx, lane, done, clock.now()));
    one.until = performance.now();
    await releaseLane(db, lane, 0);
    return true;
  }
  const perform: LaneWork = {
    width: options.width ?? 4,
    turn,
    nextAt: (lane) => nextEffectAt(db, clock.now(), lane as InstallId | undefined),
    overdue: (since, limit) => OVERDUE.perform(db, since, clock.now(), limit),
  };
  const work: Work = { advance: idle, perform, deliver: idle, reconcile: idle };
  return { lanes, turns, start: () => asServer(() => lanes.start(work)) };
}

let ordinal = 0;
/** Commits effects for an account's CRM, as `count` facts would, and says so. */
export async function give(db: Db, account: Account, count: number, over: Parameters<typeof write>[2] = {}, lanes?: Lanes): Promise<void> {
  ordinal += 1;
  await put(db, account, ordinal, ...Array.from({ length: count }, (_, place) => write(account.crm, `record-${ordinal}-${place}`, over)));
  lanes?.wake('perform');
}

export async function until(what: string, look: () => boolean | Promise<boolean>, withinMs = 25_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
export const total = (turns: readonly Turn[]): number => turns.reduce((sum, { effects }) => sum + effects, 0);
