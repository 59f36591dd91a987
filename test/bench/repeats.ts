import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contest, figuresOf, forged, measure, ratioOf, REFUSED, repeated } from './contest.ts';
import { atLeast, atMost, shown, type Bench } from './figures.ts';
import { load } from './load.ts';
import { countRows } from './rows.ts';
import { inFolder, pinLoad, type Server } from './servers.ts';

const CONNECTIONS = 64;
const FORGERIES = 20_000;
/** What a heap may differ by after as many requests, MiB: a request that left 100 bytes would show. */
const NOISE_MB = 2;
const PATIENCE_MS = 10_000;

/** Writes how much is in use, after a collection, to a file when it gets the signal. */
const WEIGHING = `data:text/javascript,${encodeURIComponent(`import { writeFileSync } from 'node:fs';
process.on('SIGUSR2', () => { gc(); gc(); writeFileSync(process.env.BENCH_HEAP, String(process.memoryUsage().heapUsed)); });`)}`;

/** P7: a storm of repeats, and one of forged signatures, beside new events in the same turns. */
export const repeats: Bench = async () => {
  pinLoad();
  let written = Number.NaN;
  const look = (_server: Server, database: string) => void (written = countRows(database, ['inbox', 'deliveries', 'facts']));
  const turns = await contest(
    {
      'new events': { kind: 'product' },
      repeats: { kind: 'product', requests: repeated },
      forgeries: { kind: 'product', requests: forged, statuses: REFUSED, look },
    },
    CONNECTIONS,
  );
  const grown = await heapGrowth();
  return [
    atLeast('95 % repeats, of the rate of new events', ratioOf(turns.repeats, turns['new events']), 'x', 1.3),
    atLeast('forged signatures refused, of the rate of new events', ratioOf(turns.forgeries, turns['new events']), 'x', 2),
    { ...shown('rows written for forged events', written, 'rows'), goal: '= 0', ok: written === 0 },
    atMost(`heap after ${FORGERIES} forged events more`, grown, 'MiB', NOISE_MB),
    ...figuresOf(turns, CONNECTIONS),
  ];
};

/** What is in use after twice as many forged events, less what was after half of them, MiB. */
function heapGrowth(): Promise<number> {
  return inFolder(async (folder) => {
    const file = join(folder, 'heap');
    let grown = Number.NaN;
    const how = async (server: Server, next: () => string) => {
      const pour = () => load({ port: server.port, connections: CONNECTIONS, warmMs: 0, measureMs: 60_000, count: FORGERIES, next });
      await pour();
      const before = await heapOf(server, file);
      const result = await pour();
      grown = (await heapOf(server, file)) - before;
      return result;
    };
    await measure('product', {
      connections: CONNECTIONS,
      requests: forged,
      statuses: REFUSED,
      how,
      environment: { BENCH_HEAP: file, NODE_OPTIONS: `--expose-gc --import=${WEIGHING}` },
    });
    return grown;
  });
}

async function heapOf(server: Server, file: string): Promise<number> {
  rmSync(file, { force: true });
  process.kill(server.pid, 'SIGUSR2');
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const said = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (said !== '') return Number(said) / 2 ** 20;
    if (performance.now() > end) throw new Error('The server did not say what it has in use.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
