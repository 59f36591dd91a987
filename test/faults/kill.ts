import { seededRandom } from '#lib/random';
import { atMost, shown, type Figure } from '../bench/figures.ts';
import { everyFault, leftOver, type Faults } from './books.ts';
import { createCallBook } from './calls.ts';
import { strangers } from './events.ts';
import type { Fault } from './fault.ts';
import { startSender } from './sender.ts';
import { onStage, quiet, SANDBOX_KEY } from './stage.ts';
import { createStories } from './stories.ts';

/** A process lives until it has acknowledged so many events at most, or so long: both at random, so that one on a busy machine has done something too. Some are killed while they start. */
const MOST_EVENTS = 120;
const LONGEST_LIFE_MS = 4_000;
const STILLBORN = 0.15;
const CONNECTIONS = 4;
const PACE_MS = 10;
const STORIES_A_ROUND = 2;
/** DocuSign's sandbox takes 3,000 calls an hour, as the vendor does. */
const MOST_STORIES = 600;
const PROCESSES = { sqlite: 1, postgres: 3 };

/** R1 and R2: SIGKILL at random moments of the whole pipeline. What was acknowledged is there, every deal comes to its end, and nothing happens twice. */
export const kill: Fault = async ({ rounds, seed, engine, say }) => {
  const random = seededRandom(seed);
  const calls = createCallBook();
  return onStage({ engine, processes: PROCESSES[engine], front: { through: calls.through } }, async (stage) => {
    const stories = createStories(stage.front.sandbox, random);
    const sender = startSender({ to: stage.anyPort, connections: CONNECTIONS, next: strangers(stage.seeded, SANDBOX_KEY), paceMs: PACE_MS });
    let inFlight = 0;
    const startMs: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      stories.begin(stories.deals.size < MOST_STORIES ? STORIES_A_ROUND : 0);
      const place = Math.floor(random() * stage.processes.length);
      const victim = stage.processes[place];
      const enough = sender.acknowledged.size + random() * MOST_EVENTS;
      const life = random() * LONGEST_LIFE_MS;
      const isBorn = random() >= STILLBORN;
      if (isBorn) startMs.push((await victim?.ready) ?? 0);
      const end = performance.now() + life;
      while (performance.now() < end && (!isBorn || sender.acknowledged.size < enough)) await pause(2);
      inFlight += calls.inFlight();
      await victim?.kill();
      stage.start(place);
      if (round % 10 === 0 || round === rounds) say(`${round} of ${rounds} kills, ${sender.acknowledged.size} events acknowledged, ${stories.deals.size} deals`);
    }
    const killedAt = performance.now();
    await stage.startAll();
    const unheard = await sender.finish(60_000);
    const late = await quiet(stage, stories);
    const quietMs = performance.now() - killedAt;
    const { acknowledged } = sender;
    const faults: Faults = [...late, ...unheard.map((mark) => `never answered: ${mark}`), ...(await stage.look((db) => everyFault(db, acknowledged, stories)))];
    stories.stop();
    const { aside } = await stage.look(leftOver);
    const figures: Figure[] = [
      shown('kills', rounds, 'kills'),
      shown('events acknowledged', acknowledged.size, 'events'),
      shown('answers that were 503', sender.statuses['503'] ?? 0, 'answers'),
      shown('deals sent for signature and ended', stories.deals.size, 'deals'),
      shown('writing calls at the vendors', calls.writes(), 'calls'),
      shown('of these in flight at a kill', inFlight, 'calls'),
      shown('of these that said again what was said', calls.repeated(), 'calls'),
      atMost('left for a person', aside, 'notices and effects', 0),
      shown('from the last kill to quiet', quietMs / 1000, 's'),
      shown('start to ready, median', startMs.sort((a, b) => a - b)[Math.floor(startMs.length / 2)] ?? 0, 'ms'),
    ];
    return { figures, faults };
  });
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
