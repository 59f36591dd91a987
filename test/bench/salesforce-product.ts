import { manifest } from '#connectors/salesforce/manifest';
import { loadConfig } from '#src/config';
import { createWorld } from '#src/world';

/** The product as a program that asks an org as fast as it is answered: ten thousand single calls at the manifest's pace would be a quarter of an hour. */
manifest.limits.requests = 1_000_000;
const world = await createWorld(loadConfig(process.env));
process.once('SIGTERM', () => process.exit(0));
console.log(`ready at ${await world.start()}`);
