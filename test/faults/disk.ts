import { seededRandom, type Random } from '#lib/random';
import { atLeast, atMost, shown } from '../bench/figures.ts';
import { databaseFaults, eventFaults, leftOver, type Faults } from './books.ts';
import { inBooth, type Booth } from './booth.ts';
import type { Fault } from './fault.ts';
import type { Sender } from './sender.ts';
import type { Trouble } from './shim/disk.ts';

const CONNECTIONS = 8;
const FULL_MS = 3_000;
const PATIENCE_MS = 20_000;
const FARTHEST = 12;
const MOST_FAILURES = 3;

/** R12: single writes and syncs fail at random places, then all of them for a while; then the disk can only be read. Never a 2xx without a commit. */
export const disk: Fault = ({ rounds, seed, say }) =>
  inBooth(async (booth) => {
    const random = seededRandom(seed);
    const product = booth.start({ LOG_LEVEL: 'fatal' });
    await product.ready;
    const sender = booth.send({ connections: CONNECTIONS });
    const faults: Faults = [];
    await failOnes(booth, sender, rounds, random, say);
    const failures = booth.disk.counted().failures;
    say(`${failures} writes and syncs have failed; answers: ${JSON.stringify(sender.statuses)}`);

    const outages = [];
    for (const trouble of ['ENOSPC', 'EIO', 'EROFS'] as const) outages.push(await outage(booth, sender, trouble));
    for (const { trouble, during, readyz } of outages) {
      if (during > CONNECTIONS) faults.push(`${during} events were acknowledged while every write failed with ${trouble}`);
      if (readyz !== 503) faults.push(`/readyz answered ${readyz} while nothing could be stored`);
      say(`${trouble} for ${FULL_MS} ms: /readyz answered ${readyz}`);
    }
    const left = await sender.finish(PATIENCE_MS);
    if (!product.isRunning()) faults.push(`the process ended: ${product.said().slice(-500)}`);
    const end = performance.now() + PATIENCE_MS;
    while ((await booth.look(leftOver)).waiting > 0 && performance.now() < end) await pause(200);
    await product.kill();
    // The hardest reading: what a failed sync has forgotten is gone for good.
    booth.disk.cut(random, 'nothing');
    const { waiting, aside } = await booth.look(leftOver);
    faults.push(...left.map((mark) => `never answered: ${mark}`));
    faults.push(...(await booth.look(async (db) => [...(await eventFaults(db, sender.acknowledged)), ...(await databaseFaults(db))])));
    return {
      faults,
      figures: [
        atLeast('writes and syncs that failed one by one', failures, 'failures', rounds / 2),
        shown('events acknowledged', sender.acknowledged.size, 'events'),
        atLeast('answers that were 503', sender.statuses['503'] ?? 0, 'answers', 1),
        shown('connections that broke', sender.statuses['0'] ?? 0, 'connections'),
        atMost('slowest answer', sender.slowestMs(), 'ms', 4000),
        ...outages.map(({ trouble, recoveredMs }) => atMost(`from the end of ${trouble} to the next acknowledgement`, recoveredMs, 'ms', 3000)),
        atMost('notices that wait at the end', waiting, 'notices', 0),
        atMost('laid aside for a person, who could do nothing', aside, 'notices', 0),
      ],
    };
  });

/** One after the other: the n-th next write or sync fails, and one or two after it. */
async function failOnes(booth: Booth, sender: Sender, rounds: number, random: Random, say: (line: string) => void): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    const what = random() < 0.5 ? 'writes' : 'syncs';
    const trouble: Trouble = random() < 0.5 ? 'ENOSPC' : 'EIO';
    const times = 1 + Math.floor(random() * MOST_FAILURES);
    const before = booth.disk.counted().failures;
    booth.disk.fail(what, trouble, { pass: Math.floor(random() * FARTHEST), times });
    const end = performance.now() + PATIENCE_MS;
    while (booth.disk.counted().failures - before < times && performance.now() < end) await pause(2);
    const heard = sender.acknowledged.size;
    while (sender.acknowledged.size === heard && performance.now() < end) await pause(2);
    if (round % 50 === 0) say(`${round} of ${rounds} failures`);
  }
  booth.disk.mend();
}

async function outage(booth: Booth, sender: Sender, trouble: Trouble): Promise<{ trouble: Trouble; during: number; readyz: number; recoveredMs: number }> {
  booth.disk.fail('both', trouble);
  await pause(50);
  const before = sender.acknowledged.size;
  await pause(FULL_MS);
  const readyz = await booth.ready();
  const during = sender.acknowledged.size - before;
  booth.disk.mend();
  const mended = performance.now();
  const heard = sender.acknowledged.size;
  while (sender.acknowledged.size === heard && performance.now() - mended < PATIENCE_MS) await pause(5);
  return { trouble, during, readyz, recoveredMs: performance.now() - mended };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
