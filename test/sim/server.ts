import { createLog } from '#lib/log';
import { seededRandom } from '#lib/random';
import { createSealer } from '#lib/seal';
import type { Clock } from '#lib/clock';
import { Problem } from '#core/problem';
import { createAdvance } from '#flow/advance';
import { present, type Flow } from '#flow/flow';
import { createMetrics } from '#flow/metrics';
import { createPerform } from '#flow/perform/perform';
import { createReceive, type Receive } from '#flow/receive';
import { createReconcile } from '#flow/reconcile';
import { createRuleBook, type RuleBook } from '#flow/rule-book';
import { createQuotas } from '#shared/quota';
import { nextRoundAt } from '#store/cursors';
import { createIngest } from '#store/ingest';
import { nextNoticeAt } from '#store/inbox';
import { nextEffectAt } from '#store/outbox';
import { createBinder } from '#src/calls';
import type { Disk, Session } from './disk.ts';
import type { Hearing } from './hooks.ts';
import { createVirtualLimits } from './limits.ts';
import { MAPPINGS } from './mappings.ts';
import type { Scheduler } from './scheduler.ts';

const log = createLog('silent');
const metrics = createMetrics();
const KEY = Buffer.alloc(32, 7);
/** Sleeps of a loop without a call: what another process wrote is found by then. */
const LONGEST_SLEEP_MS = 10 * 60_000;
const SHORTEST_SLEEP_MS = 20;
const AFTER_FAILURE_MS = 1_000;

type Verb = 'advance' | 'perform' | 'reconcile';
const WIDTH: Record<Verb, number> = { advance: 1, perform: 3, reconcile: 2 };

/** The machine that a process runs on; its clock may be wrong, and goes on being wrong after a restart. */
export interface Machine {
  name: string;
  skewMs: number;
}
export interface ServerOptions {
  machine: Machine;
  seed: number;
  disk: Disk;
  scheduler: Scheduler;
  vendors: Flow['vendors'];
  /** Which vendor an account is of, and the unguessable part of its webhook address. */
  addressOf: (account: string) => { vendor: string; hook: string | null };
  rules?: RuleBook;
  /** How long a connection may be waited for. */
  pauseMs: number;
  tell: (line: string) => void;
  /** After each turn, and where one ended badly. */
  turned: (verb: Verb, error: unknown) => void;
  /** Planted bugs: see plants.ts. */
  answer?: Session['answer'];
  meddle?: (flow: Flow) => Flow;
  hearing?: (receive: Receive) => Receive;
}

/** One process of the product: its real verbs, on the story's clock, database and network, until it dies. */
export class Server implements Session, Hearing {
  alive = true;
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly flow: Flow;
  /** Steps until it dies, where it is to. A step is the moment before or after a statement. */
  stepsLeft: number | null = null;
  readonly answer: Session['answer'];
  readonly #options: ServerOptions;
  readonly #receive: Receive;
  readonly #turns: Record<Verb, () => Promise<boolean>>;
  readonly #running: Record<Verb, number> = { advance: 0, perform: 0, reconcile: 0 };
  readonly #alarm: Record<Verb, () => void> = { advance: () => undefined, perform: () => undefined, reconcile: () => undefined };
  /** Verbs that look for work in a moment. */
  readonly #kicked = new Set<Verb>();
  readonly #random: () => number;

  constructor(options: ServerOptions) {
    const { machine, disk, scheduler, seed, vendors } = options;
    this.#options = options;
    this.name = machine.name;
    this.scheduler = scheduler;
    this.#random = seededRandom(seed);
    this.answer = options.answer;
    const db = disk.open(this);
    const clock: Clock = {
      now: () => scheduler.now() + machine.skewMs,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const end = () => {
            signal?.removeEventListener('abort', end);
            resolve();
          };
          scheduler.after(ms, end, this);
          signal?.addEventListener('abort', end, { once: true });
        }),
    };
    const wake = (verb: Verb) => () => this.kick(verb, 1);
    const real: Flow = {
      ...{ db, clock, log, metrics, vendors, sealer: createSealer(KEY), random: seededRandom(seed + 1) },
      // Several processes share this database, as only PostgreSQL's may, and its time is one.
      leaseTime: scheduler.now,
      publicUrl: () => 'https://countersign.example.com',
      tokenHttp: () => unasked,
      bind: createBinder(() => this.flow, {
        limits: createVirtualLimits(scheduler),
        quotas: createQuotas(clock),
        checkHost: (_manifest, address) => new URL(address),
        stopping: new AbortController().signal,
      }),
      outgoing: { check: unasked, post: unasked },
      wake: { inbox: wake('advance'), outbox: wake('perform'), cursors: wake('reconcile'), messages: () => undefined },
      coalesceMs: 500,
      // A story may move three hundred deals at once: that such a move is held is told by tests of its own.
      ceiling: { sends: 10_000, withinMs: 1_000, firstRun: 10_000 },
      admission: 'open',
      shippedMapping: (_vendor, kind) => MAPPINGS[kind],
    };
    this.flow = options.meddle ? options.meddle(real) : real;
    const receive = createReceive(this.flow, createIngest(db, wake('advance')));
    this.#receive = options.hearing ? options.hearing(receive) : receive;
    const advance = createAdvance(this.flow, options.rules ?? createRuleBook());
    this.#turns = { advance: async () => (await advance()) > 0, perform: createPerform(this.flow), reconcile: createReconcile(this.flow) };
  }

  start(): void {
    for (const verb of ['advance', 'perform', 'reconcile'] as const) this.kick(verb, 5);
  }

  step(): boolean {
    if (!this.alive) return false;
    if (this.stepsLeft === null || --this.stepsLeft > 0) return true;
    this.die();
    return false;
  }

  pause(): number {
    const { pauseMs } = this.#options;
    return pauseMs === 0 ? 0 : Math.floor(this.#random() * pauseMs);
  }

  /** As by SIGKILL: nothing of it goes on, what it had not committed is taken back, what it had sent is on its way. */
  die(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#options.tell(`${this.name} dies`);
    void this.#options.disk.abandon(this);
  }

  async hear(account: string, delivery: Parameters<Receive>[2]): Promise<{ status: number }> {
    const { vendor, hook } = this.#options.addressOf(account);
    try {
      return { status: (await this.#receive(vendor, hook, delivery)).status };
    } catch (error) {
      return { status: Problem.from(error).remedy === 'retry' ? 503 : 401 };
    }
  }

  /** Lets a verb look for work soon. */
  kick(verb: Verb, withinMs: number): void {
    if (!this.alive || this.#kicked.has(verb)) return;
    this.#kicked.add(verb);
    const turn = () => {
      this.#kicked.delete(verb);
      void this.#turn(verb);
    };
    this.scheduler.after(this.#random() * withinMs, turn, this);
  }

  async #turn(verb: Verb): Promise<void> {
    if (this.#running[verb] >= WIDTH[verb]) return;
    this.#running[verb]++;
    const found = await this.#safely(verb, this.#turns[verb], null);
    this.#running[verb]--;
    if (found === null) return void this.scheduler.after(AFTER_FAILURE_MS, () => void this.#turn(verb), this);
    if (found) return this.kick(verb, 10);
    await this.#rest(verb);
  }

  /** Sleeps until what is next is due. */
  async #rest(verb: Verb): Promise<void> {
    const { db, clock } = this.flow;
    const next = { advance: () => nextNoticeAt(db), perform: () => nextEffectAt(db, present(this.flow)), reconcile: () => nextRoundAt(db, clock.now()) };
    const at = await this.#safely(verb, next[verb], null);
    const ms = at === null ? LONGEST_SLEEP_MS : Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, at - clock.now()));
    this.#alarm[verb]();
    this.#alarm[verb] = this.scheduler.after(ms, () => void this.#turn(verb), this);
  }

  async #safely<T>(verb: Verb, run: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      const result = await run();
      this.#options.turned(verb, null);
      return result;
    } catch (error) {
      this.#options.turned(verb, error);
      return otherwise;
    }
  }
}

const unasked = (): never => {
  throw new Error('Nothing in a story asks for that.');
};
