import type { Flow, Wake } from '#flow/flow';
import { createAdvance } from '#flow/advance';
import { createPerform } from '#flow/perform/perform';
import { createReconcile } from '#flow/reconcile';
import { createRuleBook } from '#flow/rule-book';
import { nextRoundAt } from '#store/cursors';
import { nextNoticeAt } from '#store/inbox';
import { nextEffectAt } from '#store/outbox';
import { startLoop, type Loop } from '#work/loop';
import { createUpkeep } from '#work/upkeep';

/** Lanes served at once: one slow vendor does not hold up the others. */
const LANES_AT_ONCE = 8;
const ROUNDS_AT_ONCE = 2;

export interface Loops {
  /** Wakes the loop that a verb's work waits for; before they run, nobody sleeps. */
  wake: Wake;
  start(flow: Flow): void;
  /** Ends them after the turns that are running. */
  stop(): Promise<void>;
}

/** The loops that move what waits: they are woken by commits, and look for themselves now and then. */
export function createLoops(): Loops {
  const running = new Map<keyof Wake | 'upkeep', Loop>();
  const waker = (name: keyof Wake) => () => running.get(name)?.wake();
  return {
    wake: { inbox: waker('inbox'), outbox: waker('outbox'), cursors: waker('cursors') },
    start(flow) {
      const { db, clock, log } = flow;
      const advance = createAdvance(flow, createRuleBook());
      running.set('inbox', startLoop({ clock, log, name: 'advance', width: 1, turn: async () => (await advance()) > 0, nextAt: () => nextNoticeAt(db) }));
      running.set('outbox', startLoop({ clock, log, name: 'perform', width: LANES_AT_ONCE, turn: createPerform(flow), nextAt: () => nextEffectAt(db, clock.now()) }));
      running.set('cursors', startLoop({ clock, log, name: 'reconcile', width: ROUNDS_AT_ONCE, turn: createReconcile(flow), nextAt: () => nextRoundAt(db, clock.now()) }));
      running.set('upkeep', startLoop({ clock, log, name: 'upkeep', width: 1, ...createUpkeep(flow) }));
    },
    async stop() {
      await Promise.all([...running.values()].map((loop) => loop.stop()));
    },
  };
}
