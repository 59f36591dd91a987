import { join } from 'node:path';
import { createDisk } from '../faults/shim/disk.ts';
import { measure, type Kind } from './contest.ts';
import { atLeast, atMost, median, shown, type Bench } from './figures.ts';
import type { LoadResult } from './load.ts';
import { inFolder, pinLoad } from './servers.ts';

const ROUNDS = 3;
const CONNECTIONS = 64;
const SYNC_MS = 5;
const KINDS = ['product', 'floor', 'each'] as const satisfies Kind[];

/** P5: a disk whose every sync takes 5 ms longer, as cheap ones do. Needs a C compiler. */
export const slowDisk: Bench = async (say) => {
  pinLoad();
  const rounds: Record<(typeof KINDS)[number], LoadResult>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [product, floor, each] = [await onSlowDisk('product'), await onSlowDisk('floor'), await onSlowDisk('each')];
    say([product, floor, each].map((one, place) => `${KINDS[place] ?? ''} ${Math.round(one.perSecond)}/s, p99 ${Math.round(one.p99Ms)} ms`).join('; '));
    rounds.push({ product, floor, each });
  }
  return [
    atLeast('of the bare server with grouped commits', median(rounds.map(({ product, floor }) => product.perSecond / floor.perSecond)), 'x', 0.7),
    atLeast('of the bare server with a commit each', median(rounds.map(({ product, each }) => product.perSecond / each.perSecond)), 'x', 15),
    atMost('product, p99', median(rounds.map(({ product }) => product.p99Ms)), 'ms', 100),
    ...KINDS.map((kind) => shown(`${kind}, ${CONNECTIONS} connections`, median(rounds.map((one) => one[kind].perSecond)), 'events/s')),
    ...(['floor', 'each'] as const).map((kind) => shown(`${kind}, p99`, median(rounds.map((one) => one[kind].p99Ms)), 'ms')),
  ];
};

function onSlowDisk(kind: Kind): Promise<LoadResult> {
  return inFolder((root) => {
    const disk = createDisk(root);
    disk.slow(SYNC_MS);
    return measure(kind, { connections: CONNECTIONS, environment: disk.environment, database: () => join(disk.folder, 'bench.db') });
  });
}
