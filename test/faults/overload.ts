import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openDatabase } from '#store/database';
import { atLeast, atMost, quantile, shown, type Figure } from '../bench/figures.ts';
import { load } from '../bench/load.ts';
import { CONNECT_KEY, liveEnvironment, seedDatabase } from '../bench/seed.ts';
import { freePort, inFolder, pinLoad } from '../bench/servers.ts';
import { databaseFaults, eventFaults, type Faults } from './books.ts';
import { strangers } from './events.ts';
import type { Fault } from './fault.ts';
import { flood, type Told } from './flood.ts';
import { buildProduct, launch, serving } from './product.ts';

const TIMES = 3;
const LIGHT = 0.3;
const CALM_MS = 5_000;
const AFTER_MS = 10_000;
const WINDOW_MS = 1_000;
const LATE_MS = 4_000;
const GOODPUT = 0.8;
const BACK_MS = 5_000;
/** Back to normal: a second of which the p99 is at most so many times that before the load. */
const NORMAL = 2;

/** Three times as much as the product can take, measured just before, for `rounds` seconds, from senders that do not wait for each other. */
export const overload: Fault = ({ rounds: seconds, say }) =>
  inFolder(async (folder) => {
    const database = join(folder, 'product.db');
    const seeded = await seedDatabase(database);
    const port = await freePort();
    const product = launch(serving(buildProduct()), port, { ...liveEnvironment(database), LOG_LEVEL: 'fatal' });
    try {
      await product.ready;
      // Senders on the other core: three times as many of them would take the server's time from it, which they do not in life.
      pinLoad();
      spawnSync('taskset', ['-a', '-c', '-p', '0', String(product.pid)]);
      const next = strangers(seeded, CONNECT_KEY);
      const { perSecond: capacity } = await load({ port, connections: 64, warmMs: 2_000, measureMs: 4_000, next: () => next().request() });
      say(`${Math.round(capacity)} deliveries a second at most`);
      const from = CALM_MS;
      const to = CALM_MS + seconds * 1000;
      const perSecond = (ms: number) => capacity * (ms >= from && ms < to ? TIMES : LIGHT);
      const told = await flood({ port, perSecond, lastsMs: to + AFTER_MS, next });
      const metrics = await (await fetch(`${product.address}/metrics`)).text();
      await product.kill();
      const db = openDatabase(database);
      const taken = new Set(told.filter(isTaken).map(({ mark }) => mark));
      const faults = [...answerFaults(told, metrics), ...(await eventFaults(db, taken)), ...(await databaseFaults(db))];
      await db.destroy();
      return { faults, figures: figures(told, capacity, from, to) };
    } finally {
      await product.kill();
    }
  });

const isTaken = ({ status }: Told): boolean => status !== null && status >= 200 && status < 300;
/** From the moment when it was due, so what waits for a free connection counts. */
const tookMs = ({ dueAt, toldAt }: Told): number => toldAt - dueAt;
/** From the moment when it was sent. */
const answerMs = ({ sentAt, toldAt }: Told): number => (sentAt === null ? 0 : toldAt - sentAt);

/** Who is refused is told when to come back, and the metrics tell of it. */
function answerFaults(told: readonly Told[], metrics: string): Faults {
  const refused = told.filter(({ status }) => status === 503);
  const odd = told.filter((one) => !isTaken(one) && one.status !== 503 && one.status !== 0 && one.status !== null);
  const silent = refused.filter(({ saysWhen }) => !saysWhen);
  const counted = Number(/^countersign_deliveries_total\{[^}]*outcome="overload"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
  return [
    ...(odd.length > 0 ? [`${odd.length} answers that are neither 2xx nor 503, such as ${String(odd[0]?.status)}`] : []),
    ...(silent.length > 0 ? [`${silent.length} refusals do not say when to come back`] : []),
    ...(counted !== refused.length ? [`${refused.length} were refused and the metrics say ${counted}`] : []),
  ];
}

function figures(told: readonly Told[], capacity: number, from: number, to: number): Figure[] {
  const during = told.filter(({ dueAt }) => dueAt >= from && dueAt < to);
  const seconds = (to - from) / 1000;
  const answered = told.filter(({ status }) => status !== null && status > 0);
  const late = told.filter((one) => one.sentAt !== null && one.status !== 0 && (one.status === null || answerMs(one) > LATE_MS));
  const well = told.filter((one) => isTaken(one) && one.toldAt >= from && one.toldAt < to).length / seconds;
  const p99 = (begin: number, end: number) => quantile(told.filter(({ dueAt }) => dueAt >= begin && dueAt < end).map(tookMs), 0.99);
  const before = p99(WINDOW_MS, from);
  const times = (status: number) => during.filter((one) => one.status === status).length;
  return [
    shown('capacity, 64 connections that wait for their answers', capacity, 'deliveries/s'),
    shown('offered during the load, of that', during.length / seconds / capacity, 'x'),
    atLeast('taken during the load, of that', well / capacity, 'x', GOODPUT),
    shown('refused by 503 with Retry-After', times(503), 'deliveries'),
    shown('connections refused or closed without an answer', times(0), 'deliveries'),
    atMost(`answers after more than ${LATE_MS / 1000} s, or never`, late.length, 'deliveries', 0),
    shown('of those, on connections opened under the load', late.filter(({ isNew }) => isNew).length, 'deliveries'),
    shown('slowest answer', quantile(answered.map(answerMs), 1), 'ms'),
    shown('events for which no connection was free for 5 s', told.filter(({ sentAt }) => sentAt === null).length, 'deliveries'),
    shown('p99 before the load', before, 'ms'),
    shown('p99 during the load', p99(from, to), 'ms'),
    atMost(`from its end until p99 is at most ${NORMAL} x that before`, backAfter(p99, before, to), 'ms', BACK_MS),
  ];
}

/** Milliseconds from the end of the load to the end of the first second that is normal again. */
function backAfter(p99: (begin: number, end: number) => number, before: number, to: number): number {
  for (let at = 0; at < AFTER_MS; at += WINDOW_MS) if (p99(to + at, to + at + WINDOW_MS) <= NORMAL * before) return at + WINDOW_MS;
  return Infinity;
}
