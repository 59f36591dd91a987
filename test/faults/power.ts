import { join } from 'node:path';
import { projectRoot } from '#lib/root';
import { seededRandom, type Random } from '#lib/random';
import { atLeast, atMost, shown } from '../bench/figures.ts';
import { databaseFaults, eventFaults, factFaults, leftOver, lostEvents, type Faults } from './books.ts';
import { inBooth, type Booth } from './booth.ts';
import type { Fault } from './fault.ts';
import type { Survival } from './shim/disk.ts';

/** So many cuts fall on one database before the next is made: looking at all of it after each takes ever longer. */
const CUTS_A_DATABASE = 20;
/** Power goes after so many acknowledged events at most, or after so long: both at random, so that a busy machine still has something to lose. */
const MOST_EVENTS = 400;
const LONGEST_LIFE_MS = 3_000;
const CONNECTIONS = 8;
const STRANGE_SYNC = 0.25;
/** Cuts that the planted fault gets to show itself. */
const PLANTED_CUTS = 6;

/** What better-sqlite3 and most handlers on it ask for: the log is synced at checkpoints alone. */
export const NORMAL = [
  '--import',
  `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module';
const SQLite = createRequire(${JSON.stringify(join(projectRoot, 'package.json'))})('better-sqlite3');
const { pragma } = SQLite.prototype;
SQLite.prototype.pragma = function (text, options) {
  if (text === 'synchronous = FULL') return pragma.call(this, 'synchronous = NORMAL', options);
  return text === 'synchronous' ? 2 : pragma.call(this, text, options);
};`)}`,
];

/** R1: power is cut at random moments under load, and only what was synced is left, with or without some of what was not. */
export const power: Fault = async ({ rounds, seed, say }) => {
  const random = seededRandom(seed);
  const total = { cuts: 0, acknowledged: 0, lost: 0 };
  const faults: Faults = [];
  while (total.cuts < rounds) {
    const some = Math.min(CUTS_A_DATABASE, rounds - total.cuts);
    const seen = await inBooth((booth) => cuts(booth, some, random, []));
    total.cuts += some;
    total.acknowledged += seen.acknowledged;
    total.lost += seen.lost;
    faults.push(...seen.faults);
    say(`${total.cuts} of ${rounds} cuts, ${total.acknowledged} events acknowledged, ${total.lost} lost`);
  }
  const planted = await inBooth((booth) => cuts(booth, Math.min(PLANTED_CUTS, rounds), random, NORMAL));
  say(`with synchronous=NORMAL, as a check of this check: ${planted.acknowledged} acknowledged, ${planted.lost} lost`);
  const figures = [
    shown('power cuts', total.cuts, 'cuts'),
    shown('events acknowledged', total.acknowledged, 'events'),
    atMost('of these lost', total.lost, 'events', 0),
    shown('planted: with synchronous=NORMAL, acknowledged', planted.acknowledged, 'events'),
    atLeast('planted: of these lost', planted.lost, 'events', 1),
  ];
  return { figures, faults };
};

interface Seen {
  acknowledged: number;
  lost: number;
  faults: Faults;
}

/** Cuts on one database; after the last one the product comes up once more and takes up all that it has. */
async function cuts(booth: Booth, count: number, random: Random, node: string[]): Promise<Seen> {
  const acknowledged = new Set<string>();
  const seen: Seen = { acknowledged: 0, lost: 0, faults: [] };
  for (let cut = 1; cut <= count; cut++) {
    // Now and then a sync takes its time, so that cuts fall into it.
    booth.disk.slow(random() < STRANGE_SYNC ? 20 : 0);
    const product = booth.start({}, node);
    await product.ready;
    const sender = booth.send({ connections: CONNECTIONS });
    const [enough, end] = [random() * MOST_EVENTS, performance.now() + LONGEST_LIFE_MS];
    while (sender.acknowledged.size < enough && performance.now() < end) await pause(1);
    await product.kill();
    await sender.abandon();
    const survival: Survival = random() < 0.5 ? 'nothing' : 'some pages';
    booth.disk.cut(random, survival);
    for (const mark of sender.acknowledged) acknowledged.add(mark);
    const gone = await booth.look(async (db) => {
      const broken = await databaseFaults(db);
      seen.faults.push(...broken.map((line) => `after cut ${cut}, with ${survival} of the unsynced: ${line}`));
      return lostEvents(db, acknowledged);
    });
    for (const mark of gone) acknowledged.delete(mark);
    seen.lost += gone.length;
    seen.acknowledged += sender.acknowledged.size;
    booth.disk.settle();
  }
  booth.disk.slow(0);
  if (node.length === 0) seen.faults.push(...(await comesUp(booth, acknowledged)));
  return seen;
}

async function comesUp(booth: Booth, acknowledged: ReadonlySet<string>): Promise<Faults> {
  const product = booth.start();
  await product.ready;
  const end = performance.now() + 60_000;
  while ((await booth.look(leftOver)).waiting > 0 && performance.now() < end) await pause(200);
  await product.kill();
  return booth.look(async (db) => [...(await eventFaults(db, acknowledged)), ...(await factFaults(db, acknowledged)), ...(await databaseFaults(db))]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
