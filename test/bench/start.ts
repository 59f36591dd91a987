import { join } from 'node:path';
import { migrate, openDatabase } from '#store/database';
import { completed, docusignRequest, freshRemote } from './events.ts';
import { atMost, median, shown, type Bench } from './figures.ts';
import { load } from './load.ts';
import { CONNECT_KEY, liveEnvironment, seedTenant, type Seeded } from './seed.ts';
import { fillPast } from './past.ts';
import { inFolder, pinLoad, PRODUCT, startServer, type Server } from './servers.ts';

const ROUNDS = 5;
const ENVELOPES = 100_000;
/** So many that the noise of two processes' resident memory, some 2 MiB, is half a KiB of each install. */
const TENANTS = 2000;
const INSTALLS = 2 * TENANTS;
const SETTLE_MS = 4_000;

/** P10 and P9: from the start of the process to the first `/readyz` that is well, and what it weighs when nothing happens. */
export const start: Bench = async (say) => {
  pinLoad();
  const empty = await inFolder((folder) => starts(() => join(folder, `${performance.now()}.db`)));
  say(`empty: ${empty.ms.map(Math.round).join(' ')} ms`);
  const full = await inFolder(async (folder) => {
    const database = join(folder, 'full.db');
    await fillPast(database, ENVELOPES);
    return starts(() => database);
  });
  say(`${ENVELOPES} envelopes: ${full.ms.map(Math.round).join(' ')} ms`);
  const one = await weigh(1);
  const many = await weigh(TENANTS);
  return [
    atMost('start to ready, empty', median(empty.ms), 'ms', 500),
    atMost(`start to ready, ${ENVELOPES} envelopes`, median(full.ms), 'ms', 1000),
    atMost('resident memory, idle', median(empty.mb), 'MiB', 120),
    shown(`resident memory, idle, ${ENVELOPES} envelopes`, median(full.mb), 'MiB'),
    atMost(`memory for each of ${INSTALLS} idle installs`, ((many.idle - one.idle) * 1024) / INSTALLS, 'KiB', 1),
    shown('the same, after a webhook to each (beside as many to one install)', ((many.heard - one.heard) * 1024) / INSTALLS, 'KiB'),
    shown(`CPU with ${INSTALLS} idle installs`, many.core, 'of a core'),
  ];
};

async function starts(database: () => string): Promise<{ ms: number[]; mb: number[] }> {
  const ms: number[] = [];
  const mb: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    const server = await startServer(PRODUCT, liveEnvironment(database()));
    const { status } = await fetch(`${server.address}/readyz`);
    if (status !== 200) throw new Error(`/readyz answered ${status}.`);
    ms.push(performance.now() - begun);
    await settle();
    mb.push(server.residentMb());
    await server.stop();
  }
  return { ms, mb };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS / 4));

/** What a server weighs that knows so many tenants, idle and after one webhook to each; beside it one with a single tenant that hears as many webhooks. */
async function weigh(count: number): Promise<{ idle: number; heard: number; core: number }> {
  return inFolder(async (folder) => {
    const path = join(folder, 'many.db');
    const db = openDatabase(path);
    await migrate(db);
    const tenants: Seeded[] = [];
    for (let made = 0; made < count; made++) tenants.push(await seedTenant(db, `Example ${made}`));
    await db.destroy();
    return onServer(path, async (server) => {
      const idle = server.residentMb();
      const cpuMs = server.cpuMs();
      const begun = performance.now();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const core = (server.cpuMs() - cpuMs) / (performance.now() - begun);
      const next = (place: number) => tenants[place % tenants.length];
      let told = 0;
      const request = () => {
        const sign = next(told++)?.sign;
        return sign ? docusignRequest(`/webhooks/docusign/${sign.hook}`, completed({ account: sign.account, remote: freshRemote(), envelope: null }), CONNECT_KEY) : '';
      };
      await load({ port: server.port, connections: 4, warmMs: 0, measureMs: 20_000, count: TENANTS, next: request });
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      return { idle, heard: server.residentMb(), core };
    });
  });
}

async function onServer<T>(database: string, look: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer(PRODUCT, liveEnvironment(database));
  try {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return await look(server);
  } finally {
    await server.stop();
  }
}
