import SQLite from 'better-sqlite3';
import { atLeast, atMost, shown } from '../bench/figures.ts';
import { databaseFaults, eventFaults } from './books.ts';
import { inBooth, type Booth } from './booth.ts';
import type { Fault } from './fault.ts';

const HOLD_MS = 8_000;
const BEFORE_MS = 500;
const AFTER_MS = 1_500;
const CONNECTIONS = 16;
const LOOK_MS = 100;

/** R12: another process has the file's only writing lock for longer than anybody should wait. */
export const busy: Fault = ({ say }) =>
  inBooth(async (booth) => {
    const product = booth.start();
    await product.ready;
    const sender = booth.send({ connections: CONNECTIONS });
    await pause(BEFORE_MS);
    const other = new SQLite(booth.database, { timeout: 10_000 });
    other.exec('begin immediate');
    const held = sender.acknowledged.size;
    const alive = watchHealth(booth);
    await pause(HOLD_MS);
    const during = sender.acknowledged.size - held;
    other.exec('rollback');
    other.close();
    const freed = performance.now();
    say(`another process had the lock for ${HOLD_MS} ms; answers so far: ${JSON.stringify(sender.statuses)}`);
    const again = sender.acknowledged.size;
    while (sender.acknowledged.size === again && performance.now() - freed < 10_000) await pause(5);
    const recoveredMs = performance.now() - freed;
    await pause(AFTER_MS);
    const longestSilenceMs = alive.stop();
    const left = await sender.finish(20_000);
    await product.kill();
    const faults = [
      ...left.map((mark) => `never answered: ${mark}`),
      ...(await booth.look(async (db) => [...(await eventFaults(db, sender.acknowledged)), ...(await databaseFaults(db))])),
    ];
    // A commit that was under way as the lock was taken is answered after it.
    if (during > CONNECTIONS) faults.push(`${during} events were acknowledged while nobody could write`);
    return {
      faults,
      figures: [
        shown('events acknowledged', sender.acknowledged.size, 'events'),
        atLeast('answers that were 503', sender.statuses['503'] ?? 0, 'answers', 1),
        atMost('slowest answer', sender.slowestMs(), 'ms', 4000),
        atMost('longest time without an answer of /healthz', longestSilenceMs, 'ms', 1000),
        atMost('from the release to the next acknowledgement', recoveredMs, 'ms', 2000),
      ],
    };
  });

/** Asks `/healthz` all the time: a process that waits must not stop. */
function watchHealth({ port }: Booth): { stop(): number } {
  let longest = 0;
  let last = performance.now();
  let running = true;
  const ask = async () => {
    while (running) {
      await fetch(`http://127.0.0.1:${port}/healthz`).then(
        () => {
          longest = Math.max(longest, performance.now() - last - LOOK_MS);
          last = performance.now();
        },
        () => undefined,
      );
      await pause(LOOK_MS);
    }
  };
  void ask();
  return {
    stop() {
      running = false;
      return Math.max(longest, performance.now() - last - LOOK_MS);
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
