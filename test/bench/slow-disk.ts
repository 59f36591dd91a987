import { join } from 'node:path';
import { createDisk } from '../faults/shim/disk.ts';
import { contest, figuresOf, medianOf, ratioOf, type Kind, type Racer } from './contest.ts';
import { atLeast, atMost, type Bench } from './figures.ts';
import { inFolder, pinLoad } from './servers.ts';

const CONNECTIONS = 64;
const SYNC_MS = 5;

/** P5: a disk whose every sync takes 5 ms longer, as cheap ones do. Needs a C compiler. */
export const slowDisk: Bench = () => {
  pinLoad();
  return inFolder(async (folder) => {
    const racer = (kind: Kind): Racer => {
      const disk = createDisk(join(folder, kind));
      disk.slow(SYNC_MS);
      return { kind, environment: disk.environment, database: () => join(disk.folder, 'bench.db') };
    };
    const turns = await contest({ product: racer('product'), 'bare server': racer('floor'), 'bare server with a commit each': racer('each') }, CONNECTIONS);
    return [
      atLeast('of the bare server with grouped commits', ratioOf(turns.product, turns['bare server']), 'x', 0.7),
      atLeast('of the bare server with a commit each', ratioOf(turns.product, turns['bare server with a commit each']), 'x', 15),
      atMost('product, p99', medianOf(turns.product, 'p99Ms'), 'ms', 100),
      ...figuresOf(turns, CONNECTIONS),
    ];
  });
};
