import { CHANGES } from '#flow/install';
import { createRuleBook } from '#flow/rule-book';
import { hurryCursor } from '#store/cursors';
import type { Base } from './base.ts';
import { happen, lookAfter, reviveAll } from './happen.ts';
import type { Fault } from './network.ts';
import * as outcome from './outcome.ts';
import type { Plan } from './plan.ts';
import type { Plant } from './plants.ts';
import { machineNow, playPlatform } from './platform.ts';
import { seededRandom } from '#lib/random';
import type { Violation } from './referee.ts';
import { openStage, type Stage } from './story.ts';

export interface Told {
  plan: Plan;
  violations: Violation[];
  /** Equal for equal stories. */
  hash: string;
  lines: string[];
  /** Time that passed in the story and on this machine, milliseconds. */
  virtualMs: number;
  machineMs: number;
  events: number;
  calls: Map<string, number>;
  faults: Map<Fault, number>;
  envelopes: number;
}

/** Compiled mappings are the same for all stories: versions never change, and neither does what the accounts have. */
const rules = createRuleBook();
/** What is left when nothing goes wrong any more takes some rounds: a lane's pause, a lease, a sender's last try after hours. */
const ROUND_MS = 5 * 60_000;
const MOST_ROUNDS = 60;

/** Tells one story from its beginning to its end, and says what in it may not be. */
export async function simulate(base: Base, plan: Plan, plant: Plant | null = null, direct: (stage: Stage) => void = () => undefined): Promise<Told> {
  const begun = machineNow();
  const stage = openStage(base, plan, rules, plant);
  const { scheduler, referee, network } = stage;
  const restore = playPlatform({ now: scheduler.now, random: seededRandom(plan.seed + 0x51), after: (ms, run) => scheduler.after(ms, run) });
  await base.disk.remember();
  try {
    await tell(stage, direct);
    const envelopes = (await base.disk.query('select id from envelopes')).length;
    return {
      ...{ plan, violations: referee.violations, hash: stage.hash(), lines: stage.lines, envelopes },
      ...{ virtualMs: scheduler.now() - base.start, machineMs: machineNow() - begun, events: scheduler.count, calls: network.calls, faults: network.faults },
    };
  } finally {
    for (const server of stage.servers) server.alive = false;
    await base.disk.forget();
    restore();
  }
}

async function tell(stage: Stage, direct: (stage: Stage) => void): Promise<void> {
  const { scheduler, base, plan, referee, machines } = stage;
  machines.forEach((_, machine) => stage.start(machine));
  for (const happening of plan.happenings) scheduler.after(happening.at, () => happen(stage, happening), null);
  scheduler.after(0, () => void lookAfter(stage), null);
  direct(stage);
  const last = plan.happenings.at(-1)?.at ?? 0;
  await scheduler.run(base.start + last / 2);
  const before = await outcome.noteLedgers(base.disk);
  await scheduler.run(base.start + last + plan.afterMs);
  if (referee.violations.length > 0) return;
  await calmDown(stage);
  for (const [name, holds] of Object.entries(outcome.INVARIANTS)) referee.accuse(name, await holds(stage, before));
}

/** Nothing goes wrong any more: what waited runs, a person mends what only a person can, and every account is asked once more. */
async function calmDown(stage: Stage): Promise<void> {
  const { machines, servers, crms, signs } = stage;
  stage.tell('from here on nothing goes wrong');
  stage.calm();
  for (const machine of machines) machine.skewMs = 0;
  for (const book of [...crms.values(), ...signs.values()]) book.plight = null;
  for (const server of servers) server.stepsLeft = null;
  await quieten(stage);
  await askAll(stage);
  await quieten(stage);
}

async function quieten(stage: Stage): Promise<void> {
  const { scheduler, machines, servers } = stage;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    machines.forEach((_, n) => servers[n]?.alive || stage.start(n));
    await lookAfter(stage, false);
    const revived = await reviveAll(stage);
    await scheduler.run(scheduler.now() + ROUND_MS);
    if (revived === 0 && (await isQuiet(stage))) return;
  }
}

/** Whether nothing is under way, here or on its way here. What waits for hours by its nature is under way until it is due. */
async function isQuiet({ base: { disk }, send, servers, scheduler }: Stage): Promise<boolean> {
  if (send.onTheirWay() > 0 || servers.some(({ alive }) => !alive)) return false;
  const [found] = await disk.query<{ waiting: number }>(
    `select (select count(*) from inbox where state = 'ready') + (select count(*) from outbox where state in ('ready', 'leased', 'held', 'parked') and not (kind = 'envelope.wait' and run_at > ?))
      + (select count(*) from installs where state <> 'active') as waiting`,
    scheduler.now(),
  );
  return found?.waiting === 0;
}

/** One reconciliation of every account. */
async function askAll({ base, servers, scheduler, tell }: Stage): Promise<void> {
  tell('every account is asked once');
  const [server] = servers;
  if (!server) return;
  const hurry = async () => {
    for (const { id, crm, sign } of base.tenants) for (const { install } of [crm, sign]) await hurryCursor(server.flow.db, id, install, server.flow.clock.now(), CHANGES);
    server.kick('reconcile', 10);
  };
  scheduler.after(0, () => void hurry(), server);
  await scheduler.run(scheduler.now() + ROUND_MS);
}
