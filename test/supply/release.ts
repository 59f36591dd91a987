import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { readUsage, refuse } from '../usage.ts';
import { makeRelease } from './release-folder.ts';

/** All that a machine needs to run the product, in one folder: Node is the only thing that it does not hold. */
const USAGE = `npm run release -- <folder>   builds the product and what it needs into a folder that is empty or new; countersign in it is "node dist/src/main.js"`;
const { positionals } = readUsage(USAGE, { options: {}, allowPositionals: true });
const [named, ...more] = positionals;
if (named === undefined || more.length > 0) refuse('Name one folder.', USAGE);
const folder = resolve(named);
if (existsSync(folder) && readdirSync(folder).length > 0) refuse(`${folder} is not empty. Name another one, or empty it.`, USAGE);
const { packages, bytes } = await makeRelease(folder);
console.log(`${folder}: ${(bytes / 1024 / 1024).toFixed(1)} MiB, ${packages} packages. Start it with: node dist/src/main.js serve`);
