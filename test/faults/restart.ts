import { seededRandom } from '#lib/random';
import { atMost, shown } from '../bench/figures.ts';
import { everyFault, leftOver, type Faults } from './books.ts';
import { createCallBook } from './calls.ts';
import { strangers } from './events.ts';
import type { Fault } from './fault.ts';
import { startSender } from './sender.ts';
import { startPostgres, startRedis, type Service } from './services.ts';
import { onStage, quiet, SANDBOX_KEY } from './stage.ts';
import { createStories } from './stories.ts';

const PROCESSES = 2;
const CONNECTIONS = 4;
const PACE_MS = 10;
const STORIES_A_ROUND = 2;
const BETWEEN_MS = 2_500;
const LONGEST_AWAY_MS = 3_000;

/** R12, the database gone: PostgreSQL and Redis are killed under load, in turn, and come back after a while. Several processes of the product live on. */
export const restart: Fault = async ({ rounds, seed, say }) => {
  const random = seededRandom(seed);
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const calls = createCallBook();
  const environment = { REDIS_URL: redis.address, COUNTERSIGN_LIMITS: 'shared', LOG_LEVEL: 'fatal' };
  try {
    return await onStage({ engine: 'postgres', processes: PROCESSES, database: postgres.address, environment, front: { through: calls.through } }, async (stage) => {
      const stories = createStories(stage.front.sandbox, random);
      const sender = startSender({ to: stage.anyPort, connections: CONNECTIONS, paceMs: PACE_MS, next: strangers(stage.seeded, SANDBOX_KEY) });
      const recoveries: Record<string, number[]> = { PostgreSQL: [], Redis: [] };
      for (let round = 1; round <= rounds; round++) {
        stories.begin(STORIES_A_ROUND);
        await pause(random() * BETWEEN_MS);
        const [name, service]: [string, Service] = round % 2 === 1 ? ['PostgreSQL', postgres] : ['Redis', redis];
        await service.kill();
        await pause(random() * LONGEST_AWAY_MS);
        await service.revive();
        const back = performance.now();
        const heard = sender.acknowledged.size;
        while (sender.acknowledged.size === heard && performance.now() - back < 30_000) await pause(5);
        recoveries[name]?.push(performance.now() - back);
        say(`${round} of ${rounds}: ${name} was away; ${sender.acknowledged.size} acknowledged, ${JSON.stringify(sender.statuses)}`);
      }
      const ended = stage.processes.filter((one) => !one?.isRunning()).map((one) => `a process ended: ${one?.said().slice(-300) ?? ''}`);
      const unheard = await sender.finish(60_000);
      const late = await quiet(stage, stories);
      const faults: Faults = [...ended, ...unheard.map((mark) => `never answered: ${mark}`), ...late, ...(await stage.look((db) => everyFault(db, sender.acknowledged, stories)))];
      stories.stop();
      const { aside } = await stage.look(leftOver);
      return {
        faults,
        figures: [
          shown('kills of PostgreSQL and Redis', rounds, 'kills'),
          shown('events acknowledged', sender.acknowledged.size, 'events'),
          shown('answers that were 503', sender.statuses['503'] ?? 0, 'answers'),
          atMost('slowest answer', sender.slowestMs(), 'ms', 5000),
          shown('deals sent for signature and ended', stories.deals.size, 'deals'),
          shown('calls that said again what was said', calls.repeated(), 'calls'),
          ...Object.entries(recoveries).map(([name, ms]) => atMost(`from the return of ${name} to the next acknowledgement, the longest`, Math.max(0, ...ms), 'ms', 5000)),
          atMost('left for a person', aside, 'notices and effects', 0),
        ],
      };
    });
  } finally {
    await Promise.all([postgres.remove(), redis.remove()]);
  }
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
