import { systemClock, type Clock } from '#lib/clock';
import { loadConfig } from '#src/config';
import { createWorld } from '#src/world';

/** The product as a program with what has no setting in the environment: its coalescing window, and a clock on which whoever sleeps never wakes, so that only the first turn of each loop runs. */
const asleep: Clock = { ...systemClock, sleep: () => new Promise(() => undefined) };
const { BENCH_COALESCE_MS: coalesce, BENCH_WORK: work } = process.env;
const config = loadConfig(process.env, coalesce === undefined ? {} : { coalesceMs: Number(coalesce) });
const world = await createWorld(config, work === 'paused' ? { clock: asleep } : {});
process.once('SIGTERM', () => process.exit(0));
console.log(`ready at ${await world.start()}`);
